"""All SQL of a job's shards: each is a lease of its own, taken by whatever worker is free.

The job's worker plans the shards and puts what they give together; any other worker of its queue
may do some. A shard whose worker was lost is taken by the next one that asks. Every write names
the fence of its claim.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from service.contract.database import shared_now
from service.contract.errors import LeaseLostError, WorkerLostError
from service.contract.jobs import JobState
from service.contract.records import JobRecord, JobShardRecord
from service.contract.repositories import totals
from service.contract.repositories.leases import MAX_ATTEMPTS

_QUEUED, _RUNNING, _DONE = (
    state.value for state in (JobState.QUEUED, JobState.RUNNING, JobState.SUCCEEDED)
)


@dataclass(frozen=True)
class ShardLease:
    """The right to work on a shard, as long as its fence is the row's."""

    job_id: str
    number: int
    fence: int
    spec: Mapping[str, Any]


@dataclass(frozen=True)
class ShardCounts:
    """Shards of a job, and how many are done; designs that those have evaluated."""

    total: int
    done: int
    evaluated: int


def plan_shards(session: Session, job: JobRecord, specs: Sequence[Mapping[str, Any]]) -> None:
    """Record the shards of a job, once: what an earlier attempt has done stays.

    Shards that were planned otherwise (by another version of the program) are begun anew.
    """
    known = session.scalars(
        select(JobShardRecord)
        .where(JobShardRecord.job_id == job.id)
        .order_by(JobShardRecord.number)
    ).all()
    if [shard.spec for shard in known] == [dict(spec) for spec in specs]:
        return
    last_fence = max((shard.fence for shard in known), default=0)  # no old lease fits a new shard
    forget_shards(session, job.id)
    session.add_all(
        JobShardRecord(
            job_id=job.id,
            number=number,
            project_id=job.project_id,
            created_by=job.created_by,
            state=_QUEUED,
            spec=dict(spec),
            fence=last_fence,
        )
        for number, spec in enumerate(specs)
    )
    session.flush()


def shard_specs(session: Session, job_id: str) -> list[dict[str, Any]]:
    """What the shards of a job are, by number; none where they have not been planned."""
    rows = session.scalars(
        select(JobShardRecord.spec)
        .where(JobShardRecord.job_id == job_id)
        .order_by(JobShardRecord.number)
    )
    return list(rows)


def claim_shard(
    session: Session, job_id: str, owner: str, lease_seconds: float
) -> ShardLease | None:
    """Take the next shard that nobody holds; None where there is none.

    Raises:
        WorkerLostError: its workers were lost, as often as a job's may be.
    """
    now = shared_now(session)
    is_free = or_(
        JobShardRecord.state == _QUEUED,
        and_(JobShardRecord.state == _RUNNING, JobShardRecord.lease_until < now),
    )
    shard = session.scalar(
        select(JobShardRecord)
        .where(JobShardRecord.job_id == job_id, is_free)
        .order_by(JobShardRecord.number)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if shard is None:
        return None
    if shard.attempt_count >= MAX_ATTEMPTS:
        raise WorkerLostError(
            f"shard {shard.number}: its worker was lost {shard.attempt_count} times; see the "
            "worker's log for the cause"
        )
    is_taken_back = shard.state == _RUNNING
    shard.state, shard.owner = _RUNNING, owner
    shard.fence += 1
    shard.attempt_count += 1
    shard.lease_until = now + timedelta(seconds=lease_seconds)
    session.flush()
    if is_taken_back:
        totals.count(session, totals.LEASE_EXPIRIES, totals.SHARD)
    return ShardLease(job_id, shard.number, shard.fence, shard.spec)


def renew_shard(
    session: Session, lease: ShardLease, lease_seconds: float, evaluated_count: int
) -> None:
    """Renew the lease and note how many designs are done.

    Raises:
        LeaseLostError: another worker holds the shard, or the job is no longer running.
    """
    is_running = (
        select(JobRecord.id)
        .where(JobRecord.id == lease.job_id, JobRecord.state == JobState.RUNNING)
        .exists()
    )
    _write(
        session,
        lease,
        is_running,
        lease_until=shared_now(session) + timedelta(seconds=lease_seconds),
        evaluated_count=evaluated_count,
    )


def finish_shard(
    session: Session, lease: ShardLease, result: bytes, *, evaluated_count: int
) -> None:
    """Keep what a shard has found, and who has done it.

    Raises:
        LeaseLostError: another worker holds the shard.
    """
    _write(
        session,
        lease,
        state=_DONE,
        result=result,
        evaluated_count=evaluated_count,
        lease_until=None,
    )


def release_shard(session: Session, lease: ShardLease) -> None:
    """Hand a shard back, without counting an attempt; one that was lost is let be."""
    session.execute(
        update(JobShardRecord)
        .where(*_held(lease))
        .values(
            state=_QUEUED,
            owner=None,
            lease_until=None,
            evaluated_count=0,
            attempt_count=JobShardRecord.attempt_count - 1,
        )
        .execution_options(synchronize_session=False)
    )


def retry_shards(session: Session, job_id: str) -> None:
    """Give shards that are not done all their attempts again: somebody has resumed the job."""
    session.execute(
        update(JobShardRecord)
        .where(JobShardRecord.job_id == job_id, JobShardRecord.state != _DONE)
        .values(attempt_count=0)
        .execution_options(synchronize_session=False)
    )


def count_shards(session: Session, job_id: str) -> ShardCounts:
    """How far the shards of a job are."""
    is_done = JobShardRecord.state == _DONE
    total, done, evaluated = session.execute(
        select(
            func.count(),
            func.count().filter(is_done),
            func.coalesce(func.sum(JobShardRecord.evaluated_count), 0),
        ).where(JobShardRecord.job_id == job_id)
    ).one()
    return ShardCounts(int(total), int(done), int(evaluated))


def shard_results(session: Session, job_id: str) -> list[bytes]:
    """What each shard has found, by number."""
    rows = session.scalars(
        select(JobShardRecord.result)
        .where(JobShardRecord.job_id == job_id, JobShardRecord.state == _DONE)
        .order_by(JobShardRecord.number)
    )
    return [result for result in rows if result is not None]


def owner_count(session: Session, job_id: str) -> int:
    """How many workers have done the shards of a job."""
    query = select(func.count(func.distinct(JobShardRecord.owner))).where(
        JobShardRecord.job_id == job_id, JobShardRecord.state == _DONE
    )
    return session.scalar(query) or 0


def forget_shards(session: Session, job_id: str) -> None:
    """Delete the shards of a job."""
    session.execute(delete(JobShardRecord).where(JobShardRecord.job_id == job_id))


def _held(lease: ShardLease) -> tuple[Any, ...]:
    return (
        JobShardRecord.job_id == lease.job_id,
        JobShardRecord.number == lease.number,
        JobShardRecord.fence == lease.fence,
        JobShardRecord.state == _RUNNING,
    )


def _write(session: Session, lease: ShardLease, *conditions: Any, **values: Any) -> None:  # noqa: ANN401
    written = session.execute(
        update(JobShardRecord)
        .where(*_held(lease), *conditions)
        .values(**values)
        .returning(JobShardRecord.number)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if written is None:
        raise LeaseLostError(f"shard {lease.number} of {lease.job_id} is no longer held")
