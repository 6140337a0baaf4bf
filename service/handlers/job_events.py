"""Following a job of any kind, event by event."""

from collections.abc import AsyncGenerator

from service.contract.errors import InvalidArgumentError, Offender
from service.contract.jobs import JobEvent, JobKind
from service.contract.repositories import jobs
from service.handlers.context import Caller, Context


async def follow_job(
    context: Context, caller: Caller, kind: JobKind, job_id: str, *, after: int = 0
) -> AsyncGenerator[JobEvent]:
    """Events of a job after a sequence; see `EventHub.follow` for when they end.

    Whoever may not read the job is told here, before the first event is awaited.

    Raises:
        NotFoundError: this project has no such job.
        InvalidArgumentError: the job has not got that far.
    """
    await context.threads.run(_require_position, context, caller, kind, job_id, after)
    return context.events.follow(job_id, after)


def _require_position(
    context: Context, caller: Caller, kind: JobKind, job_id: str, after: int
) -> None:
    with context.database.read() as session:
        job = jobs.get_job(session, caller.project_id, kind, job_id)
    if not 0 <= after <= job.event_sequence:
        raise InvalidArgumentError(
            f"job {job_id} has {job.event_sequence} events: none follows number {after}",
            [Offender(message="not the id of an event of this job", value=str(after))],
        )
