"""Scoring jobs: create, and their results; the rest is that of every kind of job."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from math import comb

from service.contract.blobs import BlobWriter
from service.contract.errors import InvalidArgumentError, Offender
from service.contract.jobs import JobKind
from service.contract.manifests import ModelManifest
from service.contract.records import JobRecord, ModelRecord
from service.contract.repositories import aliases, job_files
from service.contract.repositories.artifacts import write_blobs
from service.contract.resources import ScoringJob
from service.contract.scoring_jobs import SOURCE_FILE, CombinationsInput, ScoringSpec, TableInput
from service.contract.search import Pool
from service.handlers.context import Caller, Context
from service.handlers.conversion import to_scoring_job
from service.handlers.jobs import JobsOf
from service.handlers.model_jobs import (
    Asked,
    add_model_job,
    read_model_job,
    retry_shards,
    write_model_job,
)
from service.handlers.requests import request_of, ring
from service.handlers.search_fit import pool_in_names_of
from service.handlers.uploads import received, require_room

_KIND = JobKind.SCORING


SCORING_JOBS = JobsOf(_KIND, to_scoring_job, retry_shards)


@dataclass(frozen=True)
class Body:
    """A table on its way: its bytes, what was said of them, and the id of the request."""

    chunks: AsyncIterator[bytes]
    announced_bytes: int | None = None
    request_id: str | None = None
    sha256: str | None = None


async def score_combinations(
    context: Context, caller: Caller, spec: ScoringSpec, *, request_id: str | None = None
) -> ScoringJob:
    """Queue a job that scores combinations; see `create_model_job`.

    Its worker counts the designs in the caller's day. Where it is sure that there are too many, no
    job is made.

    Raises:
        InvalidArgumentError: the input is a table; or the names are not those of the model.
        QuotaExceededError: the caller may not score as many more today.
    """
    if not isinstance(spec.input, CombinationsInput):
        raise _misplaced("a table is the body itself: put the spec beside it, into the query")
    asked = Asked(_KIND, spec, spec.input.pool, "input.pool", _in_names_of)
    run, read = context.threads.run, partial(read_model_job, request_id=request_id)
    job = await run(read, context, caller, asked)
    if not isinstance(job, JobRecord):
        await context.limits.require_designs(caller.key_id, _least_designs(job.spec))
        job = await run(write_model_job, context, caller, job)
    return await run(SCORING_JOBS.show, context, job)


def _least_designs(spec: ScoringSpec) -> int:
    """How many designs there are at least: all, where no rule makes the pool smaller."""
    wanted = spec.input
    if not isinstance(wanted, CombinationsInput) or wanted.pool.edits is None:
        return 1
    pool, edits = wanted.pool, set(wanted.pool.edits)
    if pool != Pool(edits=pool.edits, forbidden_pairs=pool.forbidden_pairs):
        return 1
    most = min(wanted.max_order, len({edit.partition(":")[0] for edit in edits}))
    return max(1, sum(comb(len(edits), order) for order in range(wanted.min_order, most + 1)))


def _in_names_of(manifest: ModelManifest, spec: ScoringSpec) -> ScoringSpec:
    if not isinstance(spec.input, CombinationsInput):
        return spec
    pool = pool_in_names_of(manifest, spec.input.pool, "input.pool")
    return spec.model_copy(update={"input": spec.input.model_copy(update={"pool": pool})})


async def score_table(
    context: Context, caller: Caller, spec: ScoringSpec, body: Body
) -> ScoringJob:
    """Store a table and queue the job that scores its rows; see `create_model_job`.

    Whatever goes wrong on the way, no job and no blob stay behind.

    Raises:
        NotFoundError: this project has no such model, or alias.
        InvalidArgumentError: the input is no table, or the body is empty, cut off or too large, or
            has another sha256.
        ConflictError: the request id was used with another table or spec.
        ResourceExhaustedError: as many jobs of the caller wait as may.
        QuotaExceededError: the caller has scored, or uploaded, as much today as it may.
    """
    if not isinstance(spec.input, TableInput):
        raise _misplaced("combinations need no table: send the spec as the body, in JSON")
    model = await context.threads.run(_find_model, context, caller, spec.model_id)
    if not await require_room(context, caller, _KIND, body.request_id):
        await context.limits.require_designs(caller.key_id, 1)
    receiving = received(context, caller, body.announced_bytes, body.chunks, sha256=body.sha256)
    async with receiving as (writer, media_type):
        record = partial(_record, body=body, writer=writer, media_type=media_type)
        job, is_new = await context.threads.run(record, context, caller, spec, model)
    if is_new:
        await context.threads.run(ring, context, job.id, _KIND)
    return await context.threads.run(SCORING_JOBS.show, context, job)


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
        job, is_new = add_model_job(
            session,
            caller,
            _KIND,
            spec,
            model,
            request=request,
            max_queued=context.settings.max_queued_jobs,
        )
        if is_new:
            job_files.add_files(session, job, {SOURCE_FILE: (writer.seal(), media_type)})
        return job, is_new


def require_no_table(sha256: str | None) -> None:
    """Refuse what is said of a table where combinations are scored.

    Raises:
        InvalidArgumentError: a sha256 is.
    """
    if sha256 is not None:
        message = "is that of a table, and combinations have none: leave it out"
        raise InvalidArgumentError(
            f"sha256: {message}", [Offender(field="sha256", message=message)]
        )


def _misplaced(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(message, [Offender(field="input.kind", message=message)])
