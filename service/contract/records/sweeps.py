"""Rows of sweeps and their trials."""

from datetime import datetime
from typing import Any

from sqlalchemy import Float, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.contract.database import Base, JsonType, UtcDateTime
from service.contract.records.owned import Id, Owned, Traced


class SweepRecord(Traced, Owned, Base):
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
