"""Rows of jobs, of their shards, and of what they give; rows of the workers."""

from datetime import datetime
from typing import Any

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

from service.contract.database import Base, JsonType, UtcDateTime
from service.contract.records.owned import Id, Owned, Traced


class JobRecord(Traced, Owned, Base):
    """A job: the truth of which messages are only the doorbell."""

    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("project_id", "kind", "request_id"),
        Index("ix_jobs_page", "project_id", "kind", "create_time", "id"),
        Index("ix_jobs_page_state", "project_id", "kind", "state", "create_time", "id"),
        Index("ix_jobs_subject", "project_id", "kind", "subject_id", "create_time", "id"),
        Index("ix_jobs_recovery", "state", "lease_until"),
        Index("ix_jobs_queue", "state", "kind", "priority", "create_time", "id"),
        Index("ix_jobs_sweep", "sweep_id"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    spec: Mapped[dict[str, Any]] = mapped_column(JsonType)
    subject_id: Mapped[str] = mapped_column(Id)  # data set trained on or ingested; model searched
    gpu_count: Mapped[int] = mapped_column(default=0)  # that a worker has to have
    request_id: Mapped[str | None] = mapped_column(Id)
    request_sha256: Mapped[str | None] = mapped_column(String(64))
    priority: Mapped[int] = mapped_column(default=0)  # `JobPriority.rank`
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
    gpu_count: Mapped[int] = mapped_column(default=0)
    figures: Mapped[dict[str, Any] | None] = mapped_column(JsonType)  # `WorkerFigures`
    heartbeat_time: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
