"""Rows. Every table has `project_id` and `created_by`; every list has its index."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    Float,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from service.contract.database import Base, JsonType, UtcDateTime, utc_now

Id = String(64)


class Owned:
    """Who it belongs to and who made it, when."""

    project_id: Mapped[str] = mapped_column(Id)
    created_by: Mapped[str] = mapped_column(String(200))
    create_time: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)


class JobRecord(Owned, Base):
    """A job: the truth of which messages are only the doorbell."""

    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("project_id", "kind", "request_id"),
        Index("ix_jobs_page", "project_id", "kind", "create_time", "id"),
        Index("ix_jobs_page_state", "project_id", "kind", "state", "create_time", "id"),
        Index("ix_jobs_subject", "project_id", "kind", "subject_id", "create_time", "id"),
        Index("ix_jobs_recovery", "state", "lease_until"),
        Index("ix_jobs_sweep", "sweep_id"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    spec: Mapped[dict[str, Any]] = mapped_column(JsonType)
    subject_id: Mapped[str] = mapped_column(Id)  # data set trained on or ingested; model searched
    request_id: Mapped[str | None] = mapped_column(Id)
    request_sha256: Mapped[str | None] = mapped_column(String(64))
    attempt_count: Mapped[int] = mapped_column(default=0)
    fence: Mapped[int] = mapped_column(default=0)
    owner: Mapped[str | None] = mapped_column(String(200))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    dispatch_time: Mapped[datetime | None] = mapped_column(UtcDateTime)
    start_time: Mapped[datetime | None] = mapped_column(UtcDateTime)
    end_time: Mapped[datetime | None] = mapped_column(UtcDateTime)
    fraction: Mapped[float] = mapped_column(Float, default=0.0)
    estimated_seconds_left: Mapped[float | None] = mapped_column(Float)
    event_sequence: Mapped[int] = mapped_column(default=0)
    checkpoint_sha256: Mapped[str | None] = mapped_column(String(64))
    error: Mapped[dict[str, Any] | None] = mapped_column(JsonType)
    result: Mapped[dict[str, Any] | None] = mapped_column(JsonType)
    sweep_id: Mapped[str | None] = mapped_column(Id)
    trial_number: Mapped[int | None]  # of a sweep; None: it trains the winner, or is in no sweep


class JobEventRecord(Owned, Base):
    """One event of a job; `sequence` is given under the job's row lock, without gaps."""

    __tablename__ = "job_events"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    type: Mapped[str] = mapped_column(String(20))
    data: Mapped[dict[str, Any]] = mapped_column(JsonType)


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


class ModelNameRecord(Owned, Base):
    """A name of models; `last_version` is the highest that was ever given under it."""

    __tablename__ = "model_names"

    project_id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    last_version: Mapped[int]


class ModelRecord(Owned, Base):
    """A registered model: a version of its name."""

    __tablename__ = "models"
    __table_args__ = (
        UniqueConstraint("job_id"),
        UniqueConstraint("project_id", "name", "version"),
        Index("ix_models_page", "project_id", "create_time", "id"),
        Index("ix_models_page_name", "project_id", "name", "create_time", "id"),
        Index("ix_models_page_dataset", "project_id", "dataset_id", "create_time", "id"),
        Index("ix_models_manifest", "manifest_sha256"),
        Index("ix_models_weights", "weights_sha256"),
        Index("ix_models_report", "report_sha256"),
        Index("ix_models_report_page", "report_page_sha256"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    version: Mapped[int]
    archive_time: Mapped[datetime | None] = mapped_column(UtcDateTime)
    kind: Mapped[str] = mapped_column(String(50))
    job_id: Mapped[str] = mapped_column(Id)
    dataset_id: Mapped[str] = mapped_column(Id)
    manifest_sha256: Mapped[str] = mapped_column(String(64))
    weights_sha256: Mapped[str] = mapped_column(String(64))
    report_sha256: Mapped[str | None] = mapped_column(String(64))
    report_page_sha256: Mapped[str | None] = mapped_column(String(64))
    report: Mapped[dict[str, Any]] = mapped_column(JsonType)


class ModelAliasRecord(Owned, Base):
    """An alias: from `switch_time` on it means `model_id`, before that `previous_model_id`."""

    __tablename__ = "model_aliases"
    __table_args__ = (
        UniqueConstraint("project_id", "name", "alias"),
        Index("ix_model_aliases_page", "project_id", "create_time", "id"),
        Index("ix_model_aliases_model", "model_id"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    alias: Mapped[str] = mapped_column(String(63))
    model_id: Mapped[str | None] = mapped_column(ForeignKey("models.id"))
    previous_model_id: Mapped[str | None] = mapped_column(Id)
    switch_time: Mapped[datetime] = mapped_column(UtcDateTime)
    pending_model_id: Mapped[str | None] = mapped_column(ForeignKey("models.id"))
    promotion_id: Mapped[str | None] = mapped_column(Id)  # the latest


class PromotionRecord(Owned, Base):
    """That an alias was to mean another model; kept for ever, whatever becomes of the models."""

    __tablename__ = "promotions"
    __table_args__ = (
        Index("ix_promotions_page", "project_id", "create_time", "id"),
        Index("ix_promotions_page_name", "project_id", "name", "create_time", "id"),
        Index("ix_promotions_state", "state"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    alias: Mapped[str] = mapped_column(String(63))
    state: Mapped[str] = mapped_column(String(20))
    from_model_id: Mapped[str | None] = mapped_column(Id)
    from_version: Mapped[int | None]
    to_model_id: Mapped[str] = mapped_column(Id)
    to_version: Mapped[int]
    figures: Mapped[dict[str, Any]] = mapped_column(JsonType)
    note: Mapped[str] = mapped_column(String(1000))
    expire_time: Mapped[datetime] = mapped_column(UtcDateTime)
    end_time: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[dict[str, Any] | None] = mapped_column(JsonType)


class PromotionLoadRecord(Owned, Base):
    """That a worker has loaded the model of a promotion, or why it could not."""

    __tablename__ = "promotion_loads"

    promotion_id: Mapped[str] = mapped_column(
        ForeignKey("promotions.id", ondelete="CASCADE"), primary_key=True
    )
    worker_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    error: Mapped[dict[str, Any] | None] = mapped_column(JsonType)


class ArtifactRecord(Owned, Base):
    """That a project holds a blob."""

    __tablename__ = "artifacts"
    __table_args__ = (Index("ix_artifacts_page", "project_id", "create_time", "sha256"),)

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    project_id: Mapped[str] = mapped_column(Id, primary_key=True)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(String(100))


class SweepRecord(Owned, Base):
    """A sweep: what to try; its trials are rows of their own, and so are their jobs."""

    __tablename__ = "sweeps"
    __table_args__ = (
        UniqueConstraint("project_id", "request_id"),
        Index("ix_sweeps_page", "project_id", "create_time", "id"),
        Index("ix_sweeps_page_state", "project_id", "state", "create_time", "id"),
        Index("ix_sweeps_state", "state"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    state: Mapped[str] = mapped_column(String(20))
    spec: Mapped[dict[str, Any]] = mapped_column(JsonType)
    dataset_id: Mapped[str] = mapped_column(Id)
    request_id: Mapped[str | None] = mapped_column(Id)
    request_sha256: Mapped[str | None] = mapped_column(String(64))
    start_time: Mapped[datetime | None] = mapped_column(UtcDateTime)
    end_time: Mapped[datetime | None] = mapped_column(UtcDateTime)
    best_trial_number: Mapped[int | None]
    winner_job_id: Mapped[str | None] = mapped_column(Id)
    error: Mapped[dict[str, Any] | None] = mapped_column(JsonType)


class SweepTrialRecord(Owned, Base):
    """One trial: its values by path, and what came of it."""

    __tablename__ = "sweep_trials"

    sweep_id: Mapped[str] = mapped_column(
        ForeignKey("sweeps.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(String(20))
    values: Mapped[dict[str, Any]] = mapped_column(JsonType)
    fold_scores: Mapped[list[float]] = mapped_column(JsonType)  # means over the folds so far
    objective: Mapped[float | None] = mapped_column(Float)
    job_id: Mapped[str | None] = mapped_column(Id)
    reason: Mapped[str | None] = mapped_column(String(1000))


class JobShardRecord(Owned, Base):
    """A share of a job's designs, with a lease of its own; `result` once it is SUCCEEDED."""

    __tablename__ = "job_shards"
    __table_args__ = (Index("ix_job_shards_claim", "job_id", "state", "number"),)

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(String(20))
    spec: Mapped[dict[str, Any]] = mapped_column(JsonType)
    attempt_count: Mapped[int] = mapped_column(default=0)
    fence: Mapped[int] = mapped_column(default=0)
    owner: Mapped[str | None] = mapped_column(String(200))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    evaluated_count: Mapped[int] = mapped_column(BigInteger, default=0)
    result: Mapped[bytes | None] = mapped_column(LargeBinary)


class ProposalRecord(Owned, Base):
    """A design that a search has put forward; `data` is all that is said of it."""

    __tablename__ = "proposals"
    __table_args__ = (Index("ix_proposals_check", "job_id", "check_rank"),)

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    rank: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    check_rank: Mapped[int]
    genotype: Mapped[str] = mapped_column(Text)
    order: Mapped[int]
    is_pareto: Mapped[bool]
    is_new_combination: Mapped[bool]
    data: Mapped[dict[str, Any]] = mapped_column(JsonType)


class JobFileRecord(Owned, Base):
    """A file that a job has made, by name; its blob stays as long as the job's row."""

    __tablename__ = "job_files"
    __table_args__ = (Index("ix_job_files_sha256", "sha256"),)

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))


class WorkerRecord(Owned, Base):
    """A worker process; alive while `heartbeat_time` is fresh."""

    __tablename__ = "workers"

    id: Mapped[str] = mapped_column(String(200), primary_key=True)
    queues: Mapped[list[str]] = mapped_column(JsonType)
    host: Mapped[str] = mapped_column(String(200))
    pid: Mapped[int]
    heartbeat_time: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
