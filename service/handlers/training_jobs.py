"""Training jobs: create, get, list, cancel, resume, follow."""

from collections.abc import AsyncGenerator

from service.contract.jobs import JobEvent, JobKind, JobState
from service.contract.repositories import jobs
from service.contract.resources import ListAnswer, TrainingJob
from service.contract.training import TrainingSpec
from service.handlers.context import Caller, Context
from service.handlers.conversion import to_list, to_training_job
from service.handlers.job_events import follow_job
from service.handlers.requests import PageRequest, request_of, ring
from service.handlers.spec_fit import require_trainable

_KIND = JobKind.TRAINING


def create_training_job(
    context: Context, caller: Caller, spec: TrainingSpec, *, request_id: str | None = None
) -> TrainingJob:
    """Queue a training job. The same request twice gives the first job.

    Raises:
        NotFoundError: this project has no such data set, or gene table.
        FailedPreconditionError: the data set, or what is used of genes, is not READY.
        InvalidArgumentError: the data set has no such label, covariate or covariate value; the
            gene table no such feature, network or channel; a model of genes is given none.
        ConflictError: the request id was used with another spec.
    """
    body = spec.model_dump(mode="json")
    request = request_of(request_id, body)
    with context.database.write() as session:
        job = jobs.find_request(session, caller.project_id, _KIND, request)
        is_new = False
        if job is None:
            dataset = require_trainable(session, caller.project_id, spec)
            job, is_new = jobs.create_job(
                session, caller.owner, _KIND, body, subject_id=dataset.id, request=request
            )
    if is_new:
        ring(context, job.id, _KIND)
    return to_training_job(job)


def get_training_job(context: Context, caller: Caller, job_id: str) -> TrainingJob:
    """Read a training job.

    Raises:
        NotFoundError: this project has no such training job.
    """
    with context.database.read() as session:
        return to_training_job(jobs.get_job(session, caller.project_id, _KIND, job_id))


def list_training_jobs(
    context: Context,
    caller: Caller,
    page: PageRequest,
    *,
    state: JobState | None = None,
    dataset_id: str | None = None,
) -> ListAnswer[TrainingJob]:
    """One page of training jobs, newest first."""
    with context.database.read() as session:
        rows = jobs.list_jobs(
            session,
            caller.project_id,
            _KIND,
            state=state,
            subject_id=dataset_id,
            page_size=page.size,
            page_token=page.token,
        )
        return to_list(rows, to_training_job)


def cancel_training_job(context: Context, caller: Caller, job_id: str) -> TrainingJob:
    """Cancel: a queued job at once, a running one when its worker sees it (CANCELLING).

    Raises:
        NotFoundError: this project has no such training job.
        FailedPreconditionError: the job has ended.
    """
    with context.database.write() as session:
        job = jobs.request_cancel(session, caller.project_id, _KIND, job_id)
    return to_training_job(job)


def resume_training_job(context: Context, caller: Caller, job_id: str) -> TrainingJob:
    """Queue a failed or cancelled job again; it goes on from its last checkpoint.

    Raises:
        NotFoundError: this project has no such training job.
        FailedPreconditionError: the job has not failed or been cancelled.
    """
    with context.database.write() as session:
        job = jobs.resume_job(session, caller.project_id, _KIND, job_id)
    ring(context, job.id, _KIND)
    return to_training_job(job)


async def open_events(
    context: Context, caller: Caller, job_id: str, *, after: int = 0
) -> AsyncGenerator[JobEvent]:
    """Events of a training job after a sequence.

    Raises:
        NotFoundError: this project has no such training job.
        InvalidArgumentError: the job has not got that far.
    """
    return await follow_job(context, caller, _KIND, job_id, after=after)
