"""Rows of what was uploaded, and of the blobs that are held."""

from typing import Any, ClassVar

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from service.contract.database import Base, JsonType
from service.contract.records.owned import Id, Owned


class ArtifactRecord(Owned, Base):
    """That a project holds a blob."""

    __tablename__ = "artifacts"
    __table_args__ = (Index("ix_artifacts_page", "project_id", "create_time", "sha256"),)

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    project_id: Mapped[str] = mapped_column(Id, primary_key=True)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(String(100))


class UploadRecord(Owned, Base):
    """What was uploaded: its source, its mapping and what its ingest job found.

    `table_sha256` is that of what it was made into; `noun` is what messages call it.
    """

    __abstract__ = True
    noun: ClassVar[str]

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(20))
    spec: Mapped[dict[str, Any]] = mapped_column(JsonType)
    source_sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    table_sha256: Mapped[str | None] = mapped_column(String(64))
    profile: Mapped[dict[str, Any] | None] = mapped_column(JsonType)
    error: Mapped[dict[str, Any] | None] = mapped_column(JsonType)
    job_id: Mapped[str] = mapped_column(Id)


class DatasetRecord(UploadRecord):
    """A data set."""

    __tablename__ = "datasets"
    __table_args__ = (
        Index("ix_datasets_page", "project_id", "create_time", "id"),
        Index("ix_datasets_page_state", "project_id", "state", "create_time", "id"),
        Index("ix_datasets_source", "source_sha256"),
        Index("ix_datasets_table", "table_sha256"),
        Index("ix_datasets_vocabulary", "vocabulary_sha256"),
    )

    noun = "data set"

    vocabulary_sha256: Mapped[str | None] = mapped_column(String(64))


class GeneTableRecord(UploadRecord):
    """A gene table."""

    __tablename__ = "gene_tables"
    __table_args__ = (
        Index("ix_gene_tables_page", "project_id", "create_time", "id"),
        Index("ix_gene_tables_page_state", "project_id", "state", "create_time", "id"),
        Index("ix_gene_tables_source", "source_sha256"),
        Index("ix_gene_tables_table", "table_sha256"),
    )

    noun = "gene table"


class NetworkRecord(UploadRecord):
    """A network of a gene table; `table_sha256` is that of its edges."""

    __tablename__ = "networks"
    __table_args__ = (
        Index("ix_networks_page", "project_id", "gene_table_id", "create_time", "id"),
        Index("ix_networks_name", "gene_table_id", "name"),
        Index("ix_networks_source", "source_sha256"),
        Index("ix_networks_table", "table_sha256"),
    )

    noun = "network"

    gene_table_id: Mapped[str] = mapped_column(ForeignKey("gene_tables.id", ondelete="CASCADE"))
