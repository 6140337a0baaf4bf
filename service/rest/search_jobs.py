"""Routes of searches, of their events, and of what they propose."""

from collections.abc import AsyncGenerator, AsyncIterator
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Query, Response
from fastapi.responses import FileResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

from service.contract.errors import InvalidArgumentError
from service.contract.jobs import JobEvent, JobState
from service.contract.proposals import Proposal
from service.contract.repositories.proposals import ProposalFilter
from service.contract.resources import ListAnswer, SearchJob
from service.contract.search import MAX_ORDER, SearchSpec
from service.handlers import search_jobs
from service.handlers.context import Caller, Context
from service.rest.access import CallerDep
from service.rest.job_events import BadLastEventIdError, LastEventId, sequence_of, server_sent
from service.rest.parameters import ContextDep, PageDep, RequestId, problems

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


class ProposalOrder(StrEnum):
    """What proposals are listed by."""

    RANK = "rank"
    CHECK_RANK = "check_rank"


_TSV = "text/tab-separated-values"
_PARQUET = "application/vnd.apache.parquet"


def _file(media_type: str, description: str) -> dict[int | str, dict[str, Any]]:
    """The responses of a route that gives a file."""
    return {200: {"content": {media_type: {}}, "description": description}, **problems(404)}


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
    spec: Annotated[SearchSpec, Body(examples=[_EXAMPLE])],
    request_id: RequestId = None,
) -> SearchJob:
    """Names are checked before it is queued: labels, edits and loci, by any name of a gene."""
    job = await context.threads.run(
        search_jobs.create_search_job,
        context,
        caller,
        spec,
        request_id=str(request_id) if request_id else None,
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
        search_jobs.list_search_jobs, context, caller, page, state=state, model_id=model_id
    )


@router.get(
    "/{job_id}", operation_id="getSearchJob", summary="Get a search", responses=problems(404)
)
async def get_search_job(context: ContextDep, caller: CallerDep, job_id: str) -> SearchJob:
    """With its progress, and how it went once it has SUCCEEDED."""
    return await context.threads.run(search_jobs.get_search_job, context, caller, job_id)


@router.post(
    "/{job_id}:cancel",
    operation_id="cancelSearchJob",
    summary="Cancel a search",
    responses=problems(404, 409),
)
async def cancel_search_job(context: ContextDep, caller: CallerDep, job_id: str) -> SearchJob:
    """A queued search is CANCELLED at once, a running one is CANCELLING until its workers stop."""
    return await context.threads.run(search_jobs.cancel_search_job, context, caller, job_id)


@router.post(
    "/{job_id}:resume",
    operation_id="resumeSearchJob",
    summary="Resume a failed or cancelled search",
    responses=problems(404, 409),
)
async def resume_search_job(context: ContextDep, caller: CallerDep, job_id: str) -> SearchJob:
    """It is queued again; shards that were done are not done again."""
    return await context.threads.run(search_jobs.resume_search_job, context, caller, job_id)


async def _open_events(
    context: ContextDep, caller: CallerDep, job_id: str, last_event_id: LastEventId = None
) -> AsyncGenerator[JobEvent]:
    """A dependency, so that errors are answered before the stream begins."""
    after = sequence_of(last_event_id)
    try:
        return await search_jobs.open_events(context, caller, job_id, after=after)
    except InvalidArgumentError as error:
        raise BadLastEventIdError(error.detail, error.offenders) from None


@router.get(
    "/{job_id}/events",
    operation_id="streamSearchJobEvents",
    summary="Follow a search",
    response_class=EventSourceResponse,
    responses=problems(400, 404),
)
async def stream_events(
    events: Annotated[AsyncGenerator[JobEvent], Depends(_open_events)],
) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events, as those of training jobs; progress holds the designs evaluated."""
    async for event in server_sent(events):
        yield event


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


@router.get(
    "/{job_id}/proposals.tsv",
    operation_id="getProposalsTsv",
    summary="Download all proposals as TSV",
    response_class=Response,
    responses=_file(_TSV, "One row a proposal, by rank"),
)
async def get_proposals_tsv(context: ContextDep, caller: CallerDep, job_id: str) -> Response:
    """Units are in the names of the columns."""
    return await _download(context, caller, job_id, "proposals.tsv", _TSV)


@router.get(
    "/{job_id}/proposals.parquet",
    operation_id="getProposalsParquet",
    summary="Download all proposals as Parquet",
    response_class=Response,
    responses=_file(_PARQUET, "One row a proposal, by rank"),
)
async def get_proposals_parquet(context: ContextDep, caller: CallerDep, job_id: str) -> Response:
    """Units are in the names of the columns."""
    return await _download(context, caller, job_id, "proposals.parquet", _PARQUET)


@router.get(
    "/{job_id}/order_sheet.tsv",
    operation_id="getOrderSheet",
    summary="Download the order sheet",
    response_class=Response,
    responses=_file(_TSV, "One row a strain to build"),
)
async def get_order_sheet(context: ContextDep, caller: CallerDep, job_id: str) -> Response:
    """It is there where the spec asked for one, and a strain was left to build."""
    return await _download(context, caller, job_id, "order_sheet.tsv", _TSV)


async def _download(
    context: Context, caller: Caller, job_id: str, name: str, media_type: str
) -> Response:
    sha256, path = await context.threads.run(search_jobs.find_file, context, caller, job_id, name)
    headers = {"ETag": f'"{sha256}"', "X-Content-Type-Options": "nosniff"}
    return FileResponse(path, headers=headers, media_type=media_type, filename=name)
