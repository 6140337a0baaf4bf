"""Rows of models, of the aliases that name them, and of promotions."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.contract.database import Base, JsonType, UtcDateTime
from service.contract.records.owned import Id, Owned


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
