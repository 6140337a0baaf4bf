"""Searches: create, and what they propose; the rest is that of every kind of job."""

from sqlalchemy.orm import Session

from service.contract.errors import FailedPreconditionError
from service.contract.jobs import JobKind, JobState
from service.contract.manifests import read_manifest
from service.contract.proposals import Proposal
from service.contract.records import JobRecord
from service.contract.repositories import aliases, jobs, models, proposals, shards
from service.contract.repositories.proposals import ProposalFilter
from service.contract.resources import ListAnswer, SearchJob
from service.contract.search import SearchSpec
from service.handlers.context import Caller, Context
from service.handlers.conversion import to_list, to_proposal, to_search_job
from service.handlers.genes_fit import require_filter
from service.handlers.jobs import JobsOf
from service.handlers.requests import PageRequest, request_of, ring
from service.handlers.search_fit import in_names_of

_KIND = JobKind.SEARCH


def _retry_shards(session: Session, job: JobRecord) -> None:
    """Shards that were done are not done again; the model is to stay as long as its search."""
    models.get_model(session, job.project_id, job.subject_id, lock=True)
    shards.retry_shards(session, job.id)


SEARCH_JOBS = JobsOf(_KIND, to_search_job, _retry_shards)


def create_search_job(
    context: Context, caller: Caller, spec: SearchSpec, *, request_id: str | None = None
) -> SearchJob:
    """Queue a search. The same request twice gives the first job.

    The model may be called by `name@version` or `name@alias`; the search keeps its id.

    Raises:
        NotFoundError: this project has no such model, alias or gene table.
        FailedPreconditionError: the gene table is not READY.
        InvalidArgumentError: the model has no such labels, loci or edits, or the gene table
            no such features; all of them are listed.
        ConflictError: the request id was used with another spec.
    """
    request = request_of(request_id, spec.model_dump(mode="json"))
    with context.database.read() as session:
        job = jobs.find_request(session, caller.project_id, _KIND, request)
        model = aliases.find_model(session, caller.project_id, spec.model_id)
        if job is None and spec.pool.genes is not None:
            require_filter(session, caller.project_id, spec.pool.genes)
    if job is not None:
        return to_search_job(job)
    manifest = read_manifest(context.store.read(model.manifest_sha256))
    named = in_names_of(manifest, spec)  # may take a second: not in a write
    body = {**named.model_dump(mode="json"), "model_id": model.id}
    with context.database.write() as session:
        models.get_model(session, caller.project_id, model.id, lock=True)  # not to be deleted
        job, is_new = jobs.create_job(
            session, caller.owner, _KIND, body, subject_id=model.id, request=request
        )
    if is_new:
        ring(context, job.id, _KIND)
    return to_search_job(job)


def list_proposals(
    context: Context, caller: Caller, job_id: str, wanted: ProposalFilter, page: PageRequest
) -> ListAnswer[Proposal]:
    """One page of what a search proposes, the best first.

    Raises:
        NotFoundError: this project has no such search.
        FailedPreconditionError: it has not SUCCEEDED.
    """
    with context.database.read() as session:
        job = jobs.get_job(session, caller.project_id, _KIND, job_id)
        if job.state != JobState.SUCCEEDED:
            raise FailedPreconditionError(
                f"search {job_id} is {job.state}: it proposes once it has SUCCEEDED"
            )
        rows = proposals.list_proposals(
            session, job_id, wanted, page_size=page.size, page_token=page.token
        )
        return to_list(rows, to_proposal)
