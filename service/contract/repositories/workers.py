"""All SQL of workers: their heartbeats, and which queues have a live one."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from service.contract.database import shared_now
from service.contract.jobs import Queue
from service.contract.measurements import WorkerFigures
from service.contract.records import WorkerRecord

SYSTEM = "system"  # project and maker of rows that belong to the deployment


def beat(
    session: Session,
    worker_id: str,
    *,
    queues: Sequence[Queue],
    host: str,
    pid: int,
    gpu_count: int = 0,
    figures: WorkerFigures | None = None,
) -> None:
    """Note that a worker is alive; its first beat makes its row."""
    worker = session.get(WorkerRecord, worker_id)
    if worker is None:
        worker = WorkerRecord(
            id=worker_id,
            project_id=SYSTEM,
            created_by=SYSTEM,
            queues=[queue.value for queue in queues],
            host=host,
            pid=pid,
            heartbeat_time=shared_now(session),
        )
        session.add(worker)
    worker.pid = pid
    worker.gpu_count = gpu_count
    if figures is not None:
        worker.figures = figures.model_dump()
    worker.heartbeat_time = shared_now(session)


def live_queues(session: Session, stale_seconds: float) -> set[Queue]:
    """Queues that a live worker serves."""
    return set(most_gpus(session, stale_seconds))


def most_gpus(session: Session, stale_seconds: float) -> dict[Queue, int]:
    """GPUs of the live worker that has most, by queue; without a worker a queue is missing."""
    since = shared_now(session) - timedelta(seconds=stale_seconds)
    rows = session.execute(
        select(WorkerRecord.queues, WorkerRecord.gpu_count)
        .where(WorkerRecord.heartbeat_time >= since)
        .order_by(WorkerRecord.gpu_count)
    )
    return {Queue(queue): gpu_count for queues, gpu_count in rows for queue in queues}


def gpu_counts(session: Session, queue: Queue, stale_seconds: float) -> dict[str, int]:
    """GPUs of each live worker that serves a queue, by its id."""
    since = shared_now(session) - timedelta(seconds=stale_seconds)
    rows = session.execute(
        select(WorkerRecord.id, WorkerRecord.gpu_count, WorkerRecord.queues).where(
            WorkerRecord.heartbeat_time >= since
        )
    )
    return {worker_id: gpu_count for worker_id, gpu_count, queues in rows if queue.value in queues}


def live_workers(session: Session, queue: Queue, stale_seconds: float) -> set[str]:
    """Ids of the live workers that serve a queue."""
    return set(gpu_counts(session, queue, stale_seconds))


def count_live(session: Session, queue: Queue, stale_seconds: float) -> int:
    """How many live workers serve a queue."""
    return len(live_workers(session, queue, stale_seconds))


def forget_worker(session: Session, worker_id: str) -> None:
    """Remove a worker that said good-bye."""
    session.execute(delete(WorkerRecord).where(WorkerRecord.id == worker_id))


def forget_stale(session: Session, stale_seconds: float) -> None:
    """Remove workers that have been silent for ten times `stale_seconds`."""
    before = shared_now(session) - timedelta(seconds=10 * stale_seconds)
    session.execute(delete(WorkerRecord).where(WorkerRecord.heartbeat_time < before))
