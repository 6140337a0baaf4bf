"""Routes of training jobs."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from service.contract.jobs import JobState
from service.contract.resources import ListAnswer, TrainingJob
from service.contract.training import TrainingSpec
from service.handlers.training_jobs import TRAINING_JOBS, create_training_job
from service.rest.access import CallerDep
from service.rest.job_routes import JobWords, add_job_routes
from service.rest.parameters import ContextDep, PageDep, RequestIdDep, problems

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
async def create_job(
    response: Response,
    context: ContextDep,
    caller: CallerDep,
    request_id: RequestIdDep,
    spec: Annotated[TrainingSpec, Body(examples=[_EXAMPLE])],
) -> TrainingJob:
    """The data set has to be READY and hold the labels and covariates that the spec names."""
    job = await context.threads.run(
        create_training_job,
        context,
        caller,
        spec,
        request_id=request_id,
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
        TRAINING_JOBS.list, context, caller, page, state=state, subject_id=dataset_id
    )


add_job_routes(
    router,
    TRAINING_JOBS,
    TrainingJob,
    JobWords("TrainingJob", "training job", " and goes on from its last checkpoint"),
)
