"""The queue of each kind of job: who is next, how many wait before a job, how long that may take.

The highest class goes first, then the oldest. A caller who has as many jobs running as one may has
to wait, and lets the others pass.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_
from sqlalchemy.orm import Session

from service.contract.errors import ResourceExhaustedError
from service.contract.jobs import JOB_QUEUE, JobKind, JobState
from service.contract.records import JobRecord
from service.contract.repositories import workers
from service.contract.repositories.jobs import Owner

_HELD = (JobState.RUNNING.value, JobState.CANCELLING.value)
_ASKED_FOR = (JobKind.TRAINING.value, JobKind.SEARCH.value, JobKind.SCORING.value)
_RECENT = 20  # jobs that tell how long one takes
_RETRY_SECONDS = 30.0
_COUNTING = 0x72756E73  # "runs"

ORDER = (JobRecord.priority.desc(), JobRecord.create_time, JobRecord.id)


@dataclass(frozen=True)
class Place:
    """Where a job stands: 1 is next; seconds until it may start, None where nobody can tell."""

    queue_position: int
    expected_start_seconds: float | None


def next_queued(
    session: Session, kind: JobKind, max_running: int | None, gpu_count: int = 0
) -> str | None:
    """The job that a free worker of the kind takes, passing over what others are just taking."""
    query = (
        select(JobRecord.id)
        .where(
            JobRecord.state == JobState.QUEUED,
            JobRecord.kind == kind,
            JobRecord.gpu_count <= gpu_count,
            may_run(session, max_running),
        )
        .order_by(*ORDER)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return session.scalar(query)


def first_larger(session: Session, kind: JobKind, gpu_count: int) -> str | None:
    """The first that waits and asks for more GPUs than `gpu_count`."""
    query = (
        select(JobRecord.id)
        .where(
            JobRecord.state == JobState.QUEUED,
            JobRecord.kind == kind,
            JobRecord.gpu_count > gpu_count,
        )
        .order_by(*ORDER)
        .limit(1)
    )
    return session.scalar(query)


def lock_counts(session: Session) -> None:
    """Let no other claim count running jobs until this transaction ends; SQLite's does anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_COUNTING)))


def may_run(session: Session, max_running: int | None) -> ColumnElement[bool]:
    """That the job's caller has fewer jobs running than one may have; None: any number."""
    if max_running is None:
        return JobRecord.id.is_not(None)
    by = (JobRecord.project_id, JobRecord.created_by)
    at_limit = session.execute(
        select(*by)
        .where(JobRecord.state.in_(_HELD), JobRecord.kind.in_(_ASKED_FOR))
        .group_by(*by)
        .having(func.count() >= max_running)
    ).all()
    of_these = tuple_(*by).in_([tuple(row) for row in at_limit])
    return or_(JobRecord.kind.not_in(_ASKED_FOR), ~of_these)


def require_room(session: Session, owner: Owner, max_queued: int) -> None:
    """Check that a caller may queue one more job.

    Raises:
        ResourceExhaustedError: as many wait as may.
    """
    waiting = session.scalar(
        select(func.count()).where(
            JobRecord.state == JobState.QUEUED,
            JobRecord.kind.in_(_ASKED_FOR),
            JobRecord.project_id == owner.project_id,
            JobRecord.created_by == owner.created_by,
        )
    )
    if (waiting or 0) >= max_queued:
        raise ResourceExhaustedError(
            f"{waiting:,} of your jobs are QUEUED, and no more may be "
            "(CELLGEBRA_MAX_QUEUED_JOBS): wait, or cancel some",
            retry_after_seconds=_RETRY_SECONDS,
        )


def place_of(session: Session, job: JobRecord, stale_seconds: float) -> Place | None:
    """Where a QUEUED job stands; None of a job that does not wait."""
    if job.state != JobState.QUEUED:
        return None
    kind = JobKind(job.kind)
    ahead = session.scalar(
        select(func.count()).where(
            JobRecord.state == JobState.QUEUED, JobRecord.kind == kind, _before(job)
        )
    )
    left = session.scalars(
        select(JobRecord.estimated_seconds_left).where(
            JobRecord.state.in_(_HELD), JobRecord.kind == kind
        )
    ).all()
    worker_count = workers.count_live(session, JOB_QUEUE[kind], stale_seconds)
    typical = _typical_seconds(session, kind)
    return Place((ahead or 0) + 1, expected_start(ahead or 0, left, worker_count, typical))


def expected_start(
    ahead_count: int,
    seconds_left: Sequence[float | None],
    worker_count: int,
    typical_seconds: float | None,
) -> float | None:
    """Seconds until a job starts that `ahead_count` jobs wait before.

    `seconds_left` are those of the jobs at work, None where not known: then `typical_seconds` is
    taken, as for the jobs that wait. None: no worker lives, or what is needed is not known.
    """
    busy = [typical_seconds if seconds is None else seconds for seconds in seconds_left]
    known = [seconds for seconds in busy if seconds is not None]
    if worker_count == 0 or len(known) < len(busy):
        return None
    free = sorted([*known, *[0.0] * (worker_count - len(known))])[:worker_count]
    if ahead_count and typical_seconds is None:
        return None
    for _ in range(ahead_count):
        heapq.heapreplace(free, free[0] + (typical_seconds or 0.0))
    return free[0]


def _before(job: JobRecord) -> ColumnElement[bool]:
    same_class = JobRecord.priority == job.priority
    older = JobRecord.create_time < job.create_time
    same_time: ColumnElement[Any] = JobRecord.create_time == job.create_time
    return or_(
        JobRecord.priority > job.priority,
        and_(same_class, or_(older, and_(same_time, JobRecord.id < job.id))),
    )


def _typical_seconds(session: Session, kind: JobKind) -> float | None:
    """Median time of the last jobs of a kind that have SUCCEEDED."""
    rows = session.execute(
        select(JobRecord.start_time, JobRecord.end_time)
        .where(
            JobRecord.state == JobState.SUCCEEDED,
            JobRecord.kind == kind,
            JobRecord.trial_number.is_(None),
        )
        .order_by(JobRecord.end_time.desc())
        .limit(_RECENT)
    )
    seconds = [(end - start).total_seconds() for start, end in rows if start and end]
    return median(seconds) if seconds else None
