"""All SQL of what is measured of the whole deployment: jobs, queues and workers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from service.contract.database import read_now
from service.contract.jobs import JOB_QUEUE, JobKind, JobState, Queue
from service.contract.measurements import WorkerFigures
from service.contract.records import JobEventRecord, JobRecord, WorkerRecord
from service.contract.repositories import totals


@dataclass(frozen=True)
class LiveWorker:
    """A worker, and the seconds since it was last heard of."""

    id: str
    host: str
    queues: tuple[Queue, ...]
    gpu_count: int
    silent_seconds: float
    figures: WorkerFigures | None


@dataclass(frozen=True)
class Fleet:
    """The deployment at one moment. `oldest_seconds` is how long the first of a queue waits."""

    jobs: Mapping[tuple[JobKind, JobState], int]
    oldest_seconds: Mapping[Queue, float]
    workers: Sequence[LiveWorker]
    lease_expiries: Mapping[str, int]

    def waiting(self, queue: Queue) -> int:
        """Jobs that wait in a queue."""
        return sum(
            count
            for (kind, state), count in self.jobs.items()
            if state is JobState.QUEUED and JOB_QUEUE[kind] is queue
        )


def read_fleet(session: Session) -> Fleet:
    """Count everything once."""
    counts = session.execute(
        select(JobRecord.state, JobRecord.kind, func.count()).group_by(
            JobRecord.state, JobRecord.kind
        )
    )
    return Fleet(
        jobs={(JobKind(kind), JobState(state)): count for state, kind, count in counts},
        oldest_seconds=_oldest_seconds(session),
        workers=_workers(session),
        lease_expiries=totals.totals_of(session, totals.LEASE_EXPIRIES),
    )


def _oldest_seconds(session: Session) -> dict[Queue, float]:
    """How long the job waits that waits longest, by queue.

    A job may have been queued again: the last event of one that waits says since when it does.
    """
    now = read_now(session)
    rows = session.execute(
        select(JobRecord.kind, func.min(JobEventRecord.create_time))
        .join(
            JobEventRecord,
            and_(
                JobEventRecord.job_id == JobRecord.id,
                JobEventRecord.sequence == JobRecord.event_sequence,
            ),
        )
        .where(JobRecord.state == JobState.QUEUED)
        .group_by(JobRecord.kind)
    )
    found: dict[Queue, float] = {}
    for kind, since in rows:
        queue = JOB_QUEUE[JobKind(kind)]
        found[queue] = max(found.get(queue, 0.0), (now - since).total_seconds())
    return found


def _workers(session: Session) -> list[LiveWorker]:
    now = read_now(session)
    rows = session.scalars(select(WorkerRecord).order_by(WorkerRecord.id))
    return [
        LiveWorker(
            row.id,
            row.host,
            tuple(Queue(name) for name in row.queues),
            row.gpu_count,
            max(0.0, (now - row.heartbeat_time).total_seconds()),
            None if row.figures is None else WorkerFigures.model_validate(row.figures),
        )
        for row in rows
    ]
