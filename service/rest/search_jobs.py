"""Routes of searches, and of what they propose."""

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Query, Response

from service.contract.jobs import JobState
from service.contract.proposals import Proposal, ProposalOrder
from service.contract.repositories.proposals import ProposalFilter
from service.contract.resources import ListAnswer, SearchJob
from service.contract.search import MAX_ORDER, SearchSpec
from service.handlers import search_jobs
from service.handlers.search_jobs import SEARCH_JOBS
from service.rest.access import CallerDep
from service.rest.job_routes import JobFile, JobWords, add_file_route, add_job_routes
from service.rest.parameters import ContextDep, PageDep, RequestIdDep, problems

router = APIRouter(prefix="/v1/search-jobs", tags=["searches"])

_EXAMPLE = {
    "model_id": "model_0f3a...",
    "objectives": [{"label": "titer", "direction": "maximize"}],
    "feasibility": [{"label": "growth", "at_least": 0.8, "probability": 0.9}],
    "pool": {"must_avoid": ["PP_0368"], "min_support": 3},
    "min_order": 2,
    "max_order": 3,
    "proposal_count": 100,
}


_TSV = "text/tab-separated-values"
_PARQUET = "application/vnd.apache.parquet"


@router.post(
    "",
    operation_id="createSearchJob",
    summary="Queue a search",
    status_code=201,
    responses=problems(404, 409, 422),
)
async def create_search_job(
    response: Response,
    context: ContextDep,
    caller: CallerDep,
    request_id: RequestIdDep,
    spec: Annotated[SearchSpec, Body(examples=[_EXAMPLE])],
) -> SearchJob:
    """Names are checked before it is queued: labels, edits and loci, by any name of a gene."""
    job = await context.threads.run(
        search_jobs.create_search_job,
        context,
        caller,
        spec,
        request_id=request_id,
    )
    response.headers["Location"] = f"{router.prefix}/{job.id}"
    return job


@router.get("", operation_id="listSearchJobs", summary="List searches", responses=problems(422))
async def list_search_jobs(
    context: ContextDep,
    caller: CallerDep,
    page: PageDep,
    state: JobState | None = None,
    model_id: str | None = None,
) -> ListAnswer[SearchJob]:
    """Newest first."""
    return await context.threads.run(
        SEARCH_JOBS.list, context, caller, page, state=state, subject_id=model_id
    )


add_job_routes(
    router,
    SEARCH_JOBS,
    SearchJob,
    JobWords("SearchJob", "search", "; shards that were done are not done again"),
)


async def _wanted(
    order: Annotated[
        int | None, Query(ge=1, le=MAX_ORDER, description="Those of so many edits alone")
    ] = None,
    locus: Annotated[
        str | None, Query(min_length=1, max_length=1000, description="Those that edit this locus")
    ] = None,
    is_pareto: Annotated[bool, Query(description="Those of the Pareto front alone")] = False,
    is_new_combination: Annotated[
        bool, Query(description="Those alone of which training saw no two edits together")
    ] = False,
    order_by: ProposalOrder = ProposalOrder.RANK,
) -> ProposalFilter:
    by_check = order_by is ProposalOrder.CHECK_RANK
    return ProposalFilter(order, locus, is_pareto, is_new_combination, by_check)


@router.get(
    "/{job_id}/proposals",
    operation_id="listProposals",
    summary="List proposals",
    responses=problems(404, 409, 422),
)
async def list_proposals(
    context: ContextDep,
    caller: CallerDep,
    job_id: str,
    wanted: Annotated[ProposalFilter, Depends(_wanted)],
    page: PageDep,
) -> ListAnswer[Proposal]:
    """The best first: by y_compose, which the search ranks by, or by the check at y_intact."""
    return await context.threads.run(
        search_jobs.list_proposals, context, caller, job_id, wanted, page
    )


_UNITS = "Units are in the names of the columns."
_BY_RANK = "One row a proposal, by rank"
for _file in (
    JobFile(
        "proposals.tsv", "getProposalsTsv", "Download all proposals as TSV", _UNITS, _TSV, _BY_RANK
    ),
    JobFile(
        "proposals.parquet",
        "getProposalsParquet",
        "Download all proposals as Parquet",
        _UNITS,
        _PARQUET,
        _BY_RANK,
    ),
    JobFile(
        "order_sheet.tsv",
        "getOrderSheet",
        "Download the order sheet, where the spec asked for one",
        _UNITS,
        _TSV,
        "One row a strain to build",
    ),
):
    add_file_route(router, SEARCH_JOBS, _file)
