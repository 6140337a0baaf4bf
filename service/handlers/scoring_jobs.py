"""Scoring jobs: create, and their results; the rest is that of every kind of job."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial

from sqlalchemy.orm import Session

from service.contract.artifacts import BlobWriter
from service.contract.errors import InvalidArgumentError, Offender
from service.contract.jobs import JobKind
from service.contract.manifests import read_manifest
from service.contract.records import JobRecord, ModelRecord
from service.contract.repositories import aliases, job_files, jobs, models, shards
from service.contract.repositories.artifacts import write_blobs
from service.contract.repositories.requests import Request
from service.contract.resources import ScoringJob
from service.contract.scoring_jobs import SOURCE_FILE, CombinationsInput, ScoringSpec, TableInput
from service.handlers.context import Caller, Context
from service.handlers.conversion import to_scoring_job
from service.handlers.genes_fit import require_filter
from service.handlers.jobs import JobsOf
from service.handlers.requests import request_of, ring
from service.handlers.search_fit import pool_in_names_of
from service.handlers.uploads import received

_KIND = JobKind.SCORING


def _retry_shards(session: Session, job: JobRecord) -> None:
    """Shards that were done are not done again; the model is to stay as long as its job."""
    models.get_model(session, job.project_id, job.subject_id, lock=True)
    shards.retry_shards(session, job.id)


SCORING_JOBS = JobsOf(_KIND, to_scoring_job, _retry_shards)


@dataclass(frozen=True)
class Body:
    """A table on its way: its bytes, how many were announced, and the id of the request."""

    chunks: AsyncIterator[bytes]
    announced_bytes: int | None = None
    request_id: str | None = None


def score_combinations(
    context: Context, caller: Caller, spec: ScoringSpec, *, request_id: str | None = None
) -> ScoringJob:
    """Queue a job that scores combinations. The same request twice gives the first job.

    The model may be called by `name@version` or `name@alias`; the job keeps its id.

    Raises:
        NotFoundError: this project has no such model, alias or gene table.
        FailedPreconditionError: the gene table is not READY.
        InvalidArgumentError: the input is a table, the model has no such edits or loci, or the
            gene table no such features.
        ConflictError: the request id was used with another spec.
    """
    wanted = spec.input
    if not isinstance(wanted, CombinationsInput):
        raise _misplaced("a table is the body itself: put the spec beside it, into the query")
    request = request_of(request_id, spec.model_dump(mode="json"))
    with context.database.read() as session:
        job = jobs.find_request(session, caller.project_id, _KIND, request)
        model = aliases.find_model(session, caller.project_id, spec.model_id)
        if job is None and wanted.pool.genes is not None:
            require_filter(session, caller.project_id, wanted.pool.genes)
    if job is not None:
        return to_scoring_job(job)
    manifest = read_manifest(context.store.read(model.manifest_sha256))
    pool = pool_in_names_of(manifest, wanted.pool, "input.pool")
    named = spec.model_copy(update={"input": wanted.model_copy(update={"pool": pool})})
    with context.database.write() as session:
        job, is_new = _create(session, caller, named, model, request)
    if is_new:
        ring(context, job.id, _KIND)
    return to_scoring_job(job)


async def score_table(
    context: Context, caller: Caller, spec: ScoringSpec, body: Body
) -> ScoringJob:
    """Store a table and queue the job that scores its rows; see `score_combinations`.

    Whatever goes wrong on the way, no job and no blob stay behind.

    Raises:
        NotFoundError: this project has no such model, or alias.
        InvalidArgumentError: the input is no table, or the body is empty, cut off or too large.
        ConflictError: the request id was used with another table or spec.
    """
    if not isinstance(spec.input, TableInput):
        raise _misplaced("combinations need no table: send the spec as the body, in JSON")
    model = await context.threads.run(_find_model, context, caller, spec.model_id)
    async with received(context, body.announced_bytes, body.chunks) as (writer, media_type):
        record = partial(_record, body=body, writer=writer, media_type=media_type)
        job, is_new = await context.threads.run(record, context, caller, spec, model)
    if is_new:
        await context.threads.run(ring, context, job.id, _KIND)
    return to_scoring_job(job)


def _find_model(context: Context, caller: Caller, reference: str) -> ModelRecord:
    with context.database.read() as session:
        return aliases.find_model(session, caller.project_id, reference)


def _record(
    context: Context,
    caller: Caller,
    spec: ScoringSpec,
    model: ModelRecord,
    *,
    body: Body,
    writer: BlobWriter,
    media_type: str,
) -> tuple[JobRecord, bool]:
    asked = {"source_sha256": writer.sha256, "spec": spec.model_dump(mode="json")}
    request = request_of(body.request_id, asked)
    with write_blobs(context.database, context.store) as session:
        job, is_new = _create(session, caller, spec, model, request)
        if is_new:
            job_files.add_files(session, job, {SOURCE_FILE: (writer.seal(), media_type)})
        return job, is_new


def _create(
    session: Session, caller: Caller, spec: ScoringSpec, model: ModelRecord, request: Request
) -> tuple[JobRecord, bool]:
    first = jobs.find_request(session, caller.project_id, _KIND, request)
    if first is not None:
        return first, False
    models.get_model(session, caller.project_id, model.id, lock=True)  # not to be deleted
    body = {**spec.model_dump(mode="json"), "model_id": model.id}
    return jobs.create_job(session, caller.owner, _KIND, body, subject_id=model.id, request=request)


def _misplaced(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(message, [Offender(field="input.kind", message=message)])
