"""Training jobs: create; the rest is that of every kind of job."""

from service.contract.jobs import JobKind
from service.contract.repositories import jobs, queue
from service.contract.resources import TrainingJob
from service.contract.training import TrainingSpec
from service.handlers.context import Caller, Context
from service.handlers.conversion import to_training_job
from service.handlers.jobs import JobsOf
from service.handlers.requests import request_of, ring
from service.handlers.spec_fit import require_trainable

_KIND = JobKind.TRAINING

TRAINING_JOBS = JobsOf(_KIND, to_training_job)


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
        ResourceExhaustedError: as many jobs of the caller wait as may.
    """
    body = spec.model_dump(mode="json")
    request = request_of(request_id, body)
    with context.database.write() as session:
        queue.lock_owner(session, caller.owner)
        job = jobs.find_request(session, caller.project_id, _KIND, request)
        is_new = False
        if job is None:
            queue.require_room(session, caller.owner, context.settings.max_queued_jobs)
            dataset = require_trainable(session, caller.project_id, spec)
            job, is_new = jobs.create_job(
                session,
                caller.owner,
                JobKind.TRAINING,
                body,
                subject_id=dataset.id,
                request=request,
                gpu_count=spec.gpu_count,
            )
    if is_new:
        ring(context, job.id, _KIND)
    return TRAINING_JOBS.show(context, job)
