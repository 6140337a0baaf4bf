"""Searches: create, and what they propose; the rest is that of every kind of job."""

from service.contract.errors import FailedPreconditionError
from service.contract.jobs import JobKind, JobState
from service.contract.proposals import Proposal
from service.contract.repositories import jobs, proposals
from service.contract.repositories.proposals import ProposalFilter
from service.contract.resources import ListAnswer, SearchJob
from service.contract.search import SearchSpec
from service.handlers.context import Caller, Context
from service.handlers.conversion import to_list, to_proposal, to_search_job
from service.handlers.jobs import JobsOf
from service.handlers.model_jobs import Asked, create_model_job, retry_shards
from service.handlers.requests import PageRequest
from service.handlers.search_fit import in_names_of

_KIND = JobKind.SEARCH


SEARCH_JOBS = JobsOf(_KIND, to_search_job, retry_shards)


def create_search_job(
    context: Context, caller: Caller, spec: SearchSpec, *, request_id: str | None = None
) -> SearchJob:
    """Queue a search; see `create_model_job`."""
    asked = Asked(_KIND, spec, spec.pool, "pool", in_names_of)
    return SEARCH_JOBS.show(
        context, create_model_job(context, caller, asked, request_id=request_id)
    )


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
