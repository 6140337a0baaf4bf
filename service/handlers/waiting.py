"""Why a job waits that no worker can take."""

from collections.abc import Mapping

from service.contract.jobs import JOB_QUEUE, JobKind, JobState, Queue
from service.contract.records import JobRecord


def queue_reason(job: JobRecord, most_gpus: Mapping[Queue, int]) -> str | None:
    """Why nobody can take a queued job; None where a worker can, or it is not queued.

    Args:
        job: its row.
        most_gpus: GPUs of the live worker that has most, by queue; without a worker a queue is
            missing.
    """
    if job.state != JobState.QUEUED:
        return None
    queue = JOB_QUEUE[JobKind(job.kind)]
    if queue not in most_gpus:
        return f"no {queue} worker is alive"
    if job.gpu_count > most_gpus[queue]:
        wanted = "a GPU" if job.gpu_count == 1 else f"{job.gpu_count} GPUs"
        found = most_gpus[queue] or "none"
        return f"it asks for {wanted}, and the live {queue} worker that has most has {found}"
    return None
