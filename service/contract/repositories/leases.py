"""The lease of a job: claim, heartbeat, progress, finish, recover. Only workers and schedulers.

The claim is a compare-and-set on state that raises the fencing token `fence`; everything that a
worker writes afterwards names its fence, so that a worker that was taken for dead writes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from service.contract.database import shared_now
from service.contract.errors import LeaseLostError
from service.contract.jobs import EventType, JobKind, JobState
from service.contract.records import JobRecord
from service.contract.repositories import queue, totals
from service.contract.repositories.events import append_event
from service.contract.repositories.jobs import move

MAX_ATTEMPTS = 3

_HELD = (JobState.RUNNING.value, JobState.CANCELLING.value)


class Waiting(NamedTuple):
    """A job to ring for, and the trace of the request that made it."""

    job_id: str
    kind: JobKind
    trace_id: str | None


@dataclass(frozen=True)
class Lease:
    """The right to work on a job, as long as its fence is the row's."""

    job_id: str
    fence: int

    @property
    def name(self) -> str:
        """Names this run of the job, and no other: its folder of unfinished files."""
        return f"{self.job_id}.{self.fence}"


def claim(session: Session, job_id: str, owner: str, lease_seconds: float) -> JobRecord | None:
    """Take a queued job; None when it is not queued (a second ring of the bell)."""
    now = shared_now(session)
    claimed = session.execute(
        update(JobRecord)
        .where(JobRecord.id == job_id, JobRecord.state == JobState.QUEUED)
        .values(
            state=JobState.RUNNING.value,
            owner=owner,
            fence=JobRecord.fence + 1,
            attempt_count=JobRecord.attempt_count + 1,
            lease_until=now + timedelta(seconds=lease_seconds),
            start_time=func.coalesce(JobRecord.start_time, now),
        )
        .returning(JobRecord.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if claimed is None:
        return None
    append_event(session, job_id, EventType.STATE, {"state": JobState.RUNNING.value})
    return session.get_one(JobRecord, job_id, populate_existing=True)


def claim_next(
    session: Session,
    rung_for: str,
    owner: str,
    lease_seconds: float,
    *,
    max_running: int | None = None,
    gpu_count: int = 0,
) -> JobRecord | None:
    """Take the job that is next in the queue of the job that a bell was rung for.

    None when none of that kind may be taken: a second ring, or the callers of all that wait have
    `max_running` jobs at work, or they ask for more GPUs than this worker has. Then a bell is to be
    rung again, for others or once a job has ended: for the job, or if that is at work by now, on
    the bell of another, for the first that asks for more than this worker has.
    """
    rung = session.get(JobRecord, rung_for)
    if rung is None:
        return None
    if max_running is not None:
        queue.lock_counts(session)
    job_id = queue.next_queued(session, JobKind(rung.kind), max_running, gpu_count)
    if job_id is not None:
        return claim(session, job_id, owner, lease_seconds)
    larger = queue.first_larger(session, JobKind(rung.kind), gpu_count)
    session.execute(
        update(JobRecord)
        .where(JobRecord.id.in_([rung_for, larger]), JobRecord.state == JobState.QUEUED)
        .values(dispatch_time=None)
        .execution_options(synchronize_session=False)
    )
    return None


def heartbeat(session: Session, lease: Lease, lease_seconds: float) -> JobState:
    """Renew the lease; returns the state, so that one statement also reads the cancel.

    Raises:
        LeaseLostError: another worker holds the job, or it is over.
    """
    row = session.execute(
        _held(lease)
        .values(lease_until=shared_now(session) + timedelta(seconds=lease_seconds))
        .returning(JobRecord.state)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if row is None:
        raise LeaseLostError(f"job {lease.job_id} is no longer held by this worker")
    return JobState(row[0])


def set_progress(
    session: Session, lease: Lease, fraction: float, estimated_seconds_left: float | None
) -> None:
    """Note how far the job is (fraction of 1) and how many seconds are left."""
    session.execute(
        _held(lease)
        .values(fraction=fraction, estimated_seconds_left=estimated_seconds_left)
        .execution_options(synchronize_session=False)
    )


def set_checkpoint(session: Session, lease: Lease, sha256: str) -> str | None:
    """Point the job at its newest checkpoint; returns the one before.

    Raises:
        LeaseLostError: another worker holds the job.
    """
    job = lock_held(session, lease)
    previous = job.checkpoint_sha256
    job.checkpoint_sha256 = sha256
    return previous


def lock_held(session: Session, lease: Lease) -> JobRecord:
    """The job, locked, if the lease still holds.

    Raises:
        LeaseLostError: it does not.
    """
    job = session.scalar(
        select(JobRecord)
        .where(
            JobRecord.id == lease.job_id,
            JobRecord.fence == lease.fence,
            JobRecord.state.in_(_HELD),
        )
        .with_for_update()
    )
    if job is None:
        raise LeaseLostError(f"job {lease.job_id} is no longer held by this worker")
    return job


def finish(
    session: Session,
    lease: Lease,
    state: JobState,
    *,
    result: Mapping[str, Any] | None = None,
    error: Mapping[str, Any] | None = None,
) -> JobRecord:
    """End the job: SUCCEEDED, FAILED or CANCELLED.

    Raises:
        LeaseLostError: another worker holds the job.
    """
    job = lock_held(session, lease)
    if result is not None:
        job.result = dict(result)
    if state is JobState.SUCCEEDED:
        job.fraction = 1.0
    move(session, job, state, error)
    return job


def release(session: Session, lease: Lease) -> None:
    """Hand the job back, without counting an attempt (a worker that is asked to stop).

    Raises:
        LeaseLostError: another worker holds the job.
    """
    job = lock_held(session, lease)
    if job.state == JobState.CANCELLING:
        move(session, job, JobState.CANCELLED)
        return
    job.attempt_count -= 1
    job.dispatch_time = None
    move(session, job, JobState.QUEUED)


def lose(session: Session, lease: Lease) -> JobRecord:
    """Give the job up as if its worker were lost, without waiting for the lease to end.

    Raises:
        LeaseLostError: another worker holds the job.
    """
    job = lock_held(session, lease)
    _recover(session, job)
    return job


def recover_expired(session: Session, *, limit: int = 100) -> list[JobRecord]:
    """End or queue again every job whose lease ran out; returns those that were moved.

    Two recoverers are harmless: each row is locked, and a second one finds it moved.
    """
    jobs = session.scalars(
        select(JobRecord)
        .where(JobRecord.state.in_(_HELD), JobRecord.lease_until < shared_now(session))
        .order_by(JobRecord.lease_until)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for job in jobs:
        _recover(session, job)
    for kind in sorted(job.kind for job in jobs):  # else two recoverers lock each other out
        totals.count(session, totals.LEASE_EXPIRIES, kind)
    return list(jobs)


def _recover(session: Session, job: JobRecord) -> None:
    if job.state == JobState.CANCELLING:
        move(session, job, JobState.CANCELLED)
    elif job.attempt_count >= MAX_ATTEMPTS:
        detail = f"the worker was lost {job.attempt_count} times; see its log for the cause"
        error = {"code": "INTERNAL", "reason": "WORKER_LOST", "detail": detail, "errors": []}
        move(session, job, JobState.FAILED, error)
    else:
        job.dispatch_time = None
        move(session, job, JobState.QUEUED)


def list_undispatched(
    session: Session,
    redispatch_seconds: float,
    *,
    max_running: int | None = None,
    gpu_count: int = 0,
    limit: int = 100,
) -> list[Waiting]:
    """Queued jobs whose bell was never rung, or rung long ago, of callers who may run another.

    Those that ask for more GPUs than `gpu_count` are left out.
    """
    before = shared_now(session) - timedelta(seconds=redispatch_seconds)
    rows = session.execute(
        select(JobRecord.id, JobRecord.kind, JobRecord.trace_id)
        .where(
            JobRecord.state == JobState.QUEUED,
            JobRecord.gpu_count <= gpu_count,
            or_(JobRecord.dispatch_time.is_(None), JobRecord.dispatch_time < before),
            queue.may_run(session, max_running),
        )
        .order_by(*queue.ORDER)
        .limit(limit)
    )
    return [Waiting(job_id, JobKind(kind), trace) for job_id, kind, trace in rows]


def count_queued(session: Session, kind: JobKind, *, gpu_count: int = 0) -> int:
    """How many jobs of a kind wait for a worker with so many GPUs."""
    query = select(func.count()).where(
        JobRecord.state == JobState.QUEUED,
        JobRecord.kind == kind,
        JobRecord.gpu_count <= gpu_count,
    )
    return session.scalar(query) or 0


def _held(lease: Lease) -> Any:  # noqa: ANN401 - SQLAlchemy's Update
    return update(JobRecord).where(
        JobRecord.id == lease.job_id,
        JobRecord.fence == lease.fence,
        JobRecord.state.in_(_HELD),
    )
