"""Routes of training jobs, and the stream of their events."""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from service.contract.errors import InvalidArgumentError
from service.contract.jobs import JobEvent, JobState
from service.contract.resources import ListAnswer, TrainingJob
from service.contract.training import TrainingSpec
from service.handlers import training_jobs
from service.rest.access import CallerDep
from service.rest.job_events import BadLastEventIdError, LastEventId, sequence_of, server_sent
from service.rest.parameters import ContextDep, PageDep, RequestId, problems

router = APIRouter(prefix="/v1/training-jobs", tags=["training jobs"])

_EXAMPLE = {
    "dataset_id": "dataset_0f3a...",
    "name": "isoprenol",
    "labels": [{"name": "titer"}],
    "split": {"kind": "covariate", "covariate": "cycle", "test": ["5", "6"]},
    "loss": {"terms": [{"name": "mse"}, {"name": "composition", "weight": 0.1}]},
}


@router.post(
    "",
    operation_id="createTrainingJob",
    summary="Queue a training job",
    status_code=201,
    responses=problems(404, 409, 422),
)
async def create_training_job(
    response: Response,
    context: ContextDep,
    caller: CallerDep,
    spec: Annotated[TrainingSpec, Body(examples=[_EXAMPLE])],
    request_id: RequestId = None,
) -> TrainingJob:
    """The data set has to be READY and hold the labels and covariates that the spec names."""
    job = await context.threads.run(
        training_jobs.create_training_job,
        context,
        caller,
        spec,
        request_id=str(request_id) if request_id else None,
    )
    response.headers["Location"] = f"{router.prefix}/{job.id}"
    return job


@router.get(
    "", operation_id="listTrainingJobs", summary="List training jobs", responses=problems(422)
)
async def list_training_jobs(
    context: ContextDep,
    caller: CallerDep,
    page: PageDep,
    state: JobState | None = None,
    dataset_id: str | None = None,
) -> ListAnswer[TrainingJob]:
    """Newest first."""
    return await context.threads.run(
        training_jobs.list_training_jobs,
        context,
        caller,
        page,
        state=state,
        dataset_id=dataset_id,
    )


@router.get(
    "/{job_id}",
    operation_id="getTrainingJob",
    summary="Get a training job",
    responses=problems(404),
)
async def get_training_job(context: ContextDep, caller: CallerDep, job_id: str) -> TrainingJob:
    """With its progress, and its model and report once it has SUCCEEDED."""
    return await context.threads.run(training_jobs.get_training_job, context, caller, job_id)


@router.post(
    "/{job_id}:cancel",
    operation_id="cancelTrainingJob",
    summary="Cancel a training job",
    responses=problems(404, 409),
)
async def cancel_training_job(context: ContextDep, caller: CallerDep, job_id: str) -> TrainingJob:
    """A queued job is CANCELLED at once, a running one is CANCELLING until its worker stops."""
    return await context.threads.run(training_jobs.cancel_training_job, context, caller, job_id)


@router.post(
    "/{job_id}:resume",
    operation_id="resumeTrainingJob",
    summary="Resume a failed or cancelled training job",
    responses=problems(404, 409),
)
async def resume_training_job(context: ContextDep, caller: CallerDep, job_id: str) -> TrainingJob:
    """It is queued again and goes on from its last checkpoint."""
    return await context.threads.run(training_jobs.resume_training_job, context, caller, job_id)


async def _open_events(
    context: ContextDep, caller: CallerDep, job_id: str, last_event_id: LastEventId = None
) -> AsyncGenerator[JobEvent]:
    """A dependency, so that errors are answered before the stream begins."""
    after = sequence_of(last_event_id)
    try:
        return await training_jobs.open_events(context, caller, job_id, after=after)
    except InvalidArgumentError as error:
        raise BadLastEventIdError(error.detail, error.offenders) from None


@router.get(
    "/{job_id}/events",
    operation_id="streamTrainingJobEvents",
    summary="Follow a training job",
    response_class=EventSourceResponse,
    responses=problems(400, 404),
)
async def stream_events(
    events: Annotated[AsyncGenerator[JobEvent], Depends(_open_events)],
) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events: `id` is the sequence, `event` the type, `data` a `JobEvent` as JSON.

    The stream ends with the job.
    """
    async for event in server_sent(events):
        yield event
