"""Events of jobs, numbered without gaps under the job's row lock.

A serial over the whole table would lose events on PostgreSQL: a reader that saw number 8 would
never look again for a 7 that commits later.
"""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Integer, String, column, select, update, values
from sqlalchemy.orm import Session

from service.contract.errors import LeaseLostError
from service.contract.jobs import EventType, JobEvent
from service.contract.records import JobEventRecord, JobRecord


def append_event(
    session: Session,
    job_id: str,
    type_: EventType,
    data: Mapping[str, Any],
    *,
    fence: int | None = None,
) -> int:
    """Write an event; returns its sequence. With `fence`, only for the holder of the lease.

    Raises:
        LeaseLostError: the job is gone, or another worker holds it.
    """
    query = update(JobRecord).where(JobRecord.id == job_id)
    if fence is not None:
        query = query.where(JobRecord.fence == fence, JobRecord.owner.is_not(None))
    row = session.execute(
        query.values(event_sequence=JobRecord.event_sequence + 1)
        .returning(JobRecord.event_sequence, JobRecord.project_id, JobRecord.created_by)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if row is None:
        raise LeaseLostError(f"job {job_id} is no longer held by this worker")
    session.add(
        JobEventRecord(
            job_id=job_id,
            sequence=row[0],
            project_id=row[1],
            created_by=row[2],
            type=type_.value,
            data=dict(data),
        )
    )
    session.flush()
    return int(row[0])


def list_events(
    session: Session, after: Mapping[str, int], *, limit: int = 2000
) -> list[tuple[str, JobEvent]]:
    """Events of several jobs, each after its own sequence, in order; at most `limit`.

    Ask for jobs that have some: only the first `limit` jobs are looked at.
    """
    if not after:
        return []
    wanted = (
        values(column("job_id", String), column("after", Integer))
        .data(list(islice(after.items(), limit)))
        .cte("wanted")
    )
    rows = session.scalars(
        select(JobEventRecord)
        .join(wanted, JobEventRecord.job_id == wanted.c.job_id)
        .where(
            JobEventRecord.sequence > wanted.c.after,
            JobEventRecord.sequence <= wanted.c.after + limit,  # numbers have no gaps
        )
        .order_by(JobEventRecord.job_id, JobEventRecord.sequence)
        .limit(limit)
    ).all()
    return [(row.job_id, _event(row)) for row in rows]


def list_event_data(session: Session, job_id: str, type_: EventType) -> list[dict[str, Any]]:
    """What all events of one type told, in order."""
    rows = session.scalars(
        select(JobEventRecord.data)
        .where(JobEventRecord.job_id == job_id, JobEventRecord.type == type_.value)
        .order_by(JobEventRecord.sequence)
    )
    return list(rows)


def last_sequences(session: Session, job_ids: Sequence[str]) -> dict[str, int]:
    """How many events each job has: the cheap question that pollers ask."""
    rows = session.execute(
        select(JobRecord.id, JobRecord.event_sequence.cast(Integer)).where(
            JobRecord.id.in_(job_ids)
        )
    )
    return dict(iter(rows))


def _event(row: JobEventRecord) -> JobEvent:
    return JobEvent(
        sequence=row.sequence,
        type=EventType(row.type),
        create_time=row.create_time,
        data=row.data,
    )
