"""What searches and scoring jobs share: both read a model, which stays as long as they do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

from service.contract.jobs import JobKind
from service.contract.manifests import ModelManifest, read_manifest
from service.contract.records import JobRecord, ModelRecord
from service.contract.repositories import aliases, jobs, models, queue, shards
from service.contract.repositories.requests import Request
from service.contract.scoring_jobs import ScoringSpec
from service.contract.search import Pool, SearchSpec
from service.handlers.context import Caller, Context
from service.handlers.genes_fit import require_filter
from service.handlers.requests import request_of, ring

S = TypeVar("S", SearchSpec, ScoringSpec)


@dataclass(frozen=True)
class Asked(Generic[S]):
    """A job of a pool of edits: its spec, the pool and the field that it stands in.

    `named` gives the spec in the names of a model, or says which of them the model has not.
    """

    kind: JobKind
    spec: S
    pool: Pool
    field: str
    named: Callable[[ModelManifest, S], S]


def retry_shards(session: Session, job: JobRecord) -> None:
    """Shards that were done are not done again; the model is to stay as long as its job."""
    models.get_model(session, job.project_id, job.subject_id, lock=True)
    shards.retry_shards(session, job.id)


def create_model_job(
    context: Context, caller: Caller, asked: Asked[S], *, request_id: str | None
) -> JobRecord:
    """Queue a job of a pool of edits. The same request twice gives the first job.

    The model may be called by `name@version` or `name@alias`; the job keeps its id.

    Raises:
        NotFoundError: this project has no such model, alias or gene table.
        FailedPreconditionError: the gene table is not READY.
        InvalidArgumentError: the model has no such labels, loci or edits, or the gene table
            no such features; all of them are listed.
        ConflictError: the request id was used with another spec.
        ResourceExhaustedError: as many jobs of the caller wait as may.
    """
    found = read_model_job(context, caller, asked, request_id=request_id)
    return found if isinstance(found, JobRecord) else write_model_job(context, caller, found)


@dataclass(frozen=True)
class NamedJob(Generic[S]):
    """A job to be made: its spec in the names of its model."""

    kind: JobKind
    spec: S
    model: ModelRecord
    request: Request


def read_model_job(
    context: Context, caller: Caller, asked: Asked[S], *, request_id: str | None
) -> NamedJob[S] | JobRecord:
    """The first half of `create_model_job`, which writes nothing; the job, if there is one."""
    request = request_of(request_id, asked.spec.model_dump(mode="json"))
    with context.database.read() as session:
        job = jobs.find_request(session, caller.project_id, asked.kind, request)
        model = aliases.find_model(session, caller.project_id, asked.spec.model_id)
        if job is None and asked.pool.genes is not None:
            require_filter(session, caller.project_id, asked.pool.genes, f"{asked.field}.genes")
    if job is not None:
        return job
    manifest = read_manifest(context.store.read_checked(model.manifest_sha256))
    spec = asked.named(manifest, asked.spec)  # may take a second: not in a write
    return NamedJob(asked.kind, spec, model, request)


def write_model_job(context: Context, caller: Caller, named: NamedJob[S]) -> JobRecord:
    """The second half of `create_model_job`."""
    with context.database.write() as session:
        job, is_new = add_model_job(
            session,
            caller,
            named.kind,
            named.spec,
            named.model,
            request=named.request,
            max_queued=context.settings.max_queued_jobs,
        )
    if is_new:
        ring(context, job.id, named.kind)
    return job


def add_model_job(
    session: Session,
    caller: Caller,
    kind: JobKind,
    spec: SearchSpec | ScoringSpec,
    model: ModelRecord,
    *,
    request: Request,
    max_queued: int,
) -> tuple[JobRecord, bool]:
    """Add the row of a job that reads a model; False where the request has made one before.

    Raises:
        NotFoundError: the model was deleted.
        ConflictError: the request id was used with another body.
        ResourceExhaustedError: as many jobs of the caller wait as may.
    """
    queue.lock_owner(session, caller.owner)
    first = jobs.find_request(session, caller.project_id, kind, request)
    if first is not None:
        return first, False
    queue.require_room(session, caller.owner, max_queued)
    models.get_model(session, caller.project_id, model.id, lock=True)  # not to be deleted
    body = {**spec.model_dump(mode="json"), "model_id": model.id}
    return jobs.create_job(session, caller.owner, kind, body, subject_id=model.id, request=request)
