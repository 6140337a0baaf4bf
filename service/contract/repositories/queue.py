"""The queue of each kind of job: who is next, how many wait before a job, how long that may take.

The highest class goes first, then the oldest. A caller who has as many jobs running as one may has
to wait, and lets the others pass.
"""

import hashlib
import heapq
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_, union_all
from sqlalchemy.orm import Session

from service.contract.errors import ResourceExhaustedError
from service.contract.jobs import JOB_QUEUE, TERMINAL_STATES, JobKind, JobState
from service.contract.records import JobRecord, SweepRecord
from service.contract.repositories import workers
from service.contract.repositories.jobs import Owner

_HELD = (JobState.RUNNING.value, JobState.CANCELLING.value)
_ASKED_FOR = (JobKind.TRAINING.value, JobKind.SEARCH.value, JobKind.SCORING.value)
_CALLER = (JobRecord.project_id, JobRecord.created_by)
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
    at_limit = session.execute(
        select(*_CALLER)
        .where(JobRecord.state.in_(_HELD), JobRecord.kind.in_(_ASKED_FOR))
        .group_by(*_CALLER)
        .having(func.count() >= max_running)
    ).all()
    of_these = tuple_(*_CALLER).in_([tuple(row) for row in at_limit])
    return or_(JobRecord.kind.not_in(_ASKED_FOR), ~of_these)


def lock_owner(session: Session, owner: Owner) -> None:
    """Let nobody else count what of a caller waits until this transaction ends; SQLite's does.

    Before any row is locked, so that two never wait for each other, and before an earlier post of
    the same request is looked for: it may be under way.
    """
    if session.get_bind().dialect.name == "postgresql":
        name = f"waiting {owner.project_id} {owner.created_by}"
        number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
        session.execute(select(func.pg_advisory_xact_lock(number)))


def require_room(session: Session, owner: Owner, max_queued: int, *, besides: str = "") -> None:
    """Check that a caller may have one more waiting, besides the job or sweep of this id.

    A sweep counts as one until it has ended, and its jobs do not: `max_parallel` bounds them.
    It holds under `lock_owner`.

    Raises:
        ResourceExhaustedError: as many wait as may.
    """
    sweeps = select(SweepRecord.id).where(
        SweepRecord.state.not_in(TERMINAL_STATES),
        SweepRecord.project_id == owner.project_id,
        SweepRecord.created_by == owner.created_by,
    )
    queued = select(JobRecord.id).where(
        JobRecord.state == JobState.QUEUED,
        JobRecord.project_id == owner.project_id,
        JobRecord.created_by == owner.created_by,
        JobRecord.id != besides,
        or_(JobRecord.sweep_id.is_(None), JobRecord.sweep_id.not_in(sweeps)),
    )
    both = union_all(queued, sweeps.where(SweepRecord.id != besides)).subquery()
    waiting = session.scalar(select(func.count()).select_from(both))
    if (waiting or 0) >= max_queued:
        raise ResourceExhaustedError(
            f"as many jobs of one caller wait as may, {waiting:,} (CELLGEBRA_MAX_QUEUED_JOBS): "
            "wait, or cancel some; a sweep counts as one until it has ended",
            retry_after_seconds=_RETRY_SECONDS,
        )


def place_of(
    session: Session, job: JobRecord, stale_seconds: float, max_running: int | None
) -> Place | None:
    """Where a QUEUED job stands; None of one that does not wait, or that no worker can take."""
    if job.state != JobState.QUEUED:
        return None
    kind, caller = JobKind(job.kind), (job.project_id, job.created_by)
    gpus = workers.gpu_counts(session, JOB_QUEUE[kind], stale_seconds)
    unable = {worker_id for worker_id, gpu_count in gpus.items() if gpu_count < job.gpu_count}
    if len(unable) == len(gpus):
        return None
    left: list[float | None] = []  # of the jobs at work that keep this one from a worker
    left_of: defaultdict[tuple[str, str], list[float | None]] = defaultdict(list)  # each caller
    for row in session.execute(
        select(JobRecord.kind, JobRecord.owner, JobRecord.estimated_seconds_left, *_CALLER).where(
            JobRecord.state.in_(_HELD), JobRecord.kind.in_(_ASKED_FOR)
        )
    ):
        left_of[row.project_id, row.created_by].append(row.estimated_seconds_left)
        if row.kind == kind and row.owner not in unable:
            left.append(row.estimated_seconds_left)
    before = _waiting_before(session, job, max(gpus.values()))
    of_caller = before.get(caller, 0)
    if max_running is not None:  # the others' that have to wait for one of their own are passed
        for other in before.keys() - {caller}:
            before[other] = min(before[other], max(0, max_running - len(left_of[other])))
    ahead = sum(before.values())
    typical = _typical_seconds(session, kind)
    starts = [expected_start(ahead, left, len(gpus) - len(unable), typical)]
    if max_running is not None:  # so many of the caller are at work as if by workers of its own
        starts.append(expected_start(of_caller, left_of[caller], max_running, typical))
    known = [start for start in starts if start is not None]
    return Place(ahead + 1, max(known) if len(known) == len(starts) else None)


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


def _waiting_before(session: Session, job: JobRecord, most_gpus: int) -> dict[tuple[str, str], int]:
    """How many jobs of each caller are before a job, of those that some worker can take."""
    rows = session.execute(
        select(*_CALLER, func.count())
        .where(
            JobRecord.state == JobState.QUEUED,
            JobRecord.kind == job.kind,
            JobRecord.gpu_count <= most_gpus,
            _before(job),
        )
        .group_by(*_CALLER)
    )
    return {(project_id, created_by): count for project_id, created_by, count in rows}


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
