"""Messages of searches to what handlers take, and back."""

from typing import Annotated, Any

from pydantic import Field

from service.contract.errors import InvalidArgumentError, Offender
from service.contract.jobs import JobState
from service.contract.proposals import Proposal, ProposalOrder
from service.contract.repositories.proposals import ProposalFilter
from service.contract.resources import ListAnswer, SearchJob
from service.contract.search import MAX_ORDER, SearchSpec
from service.handlers.requests import PageRequest
from service.rpc.arguments import CreateArguments, PageArguments
from service.rpc.converters import parsed
from service.rpc.mapping import write_message
from service.rpc.pb.cellgebra.v1 import proposals_pb2, search_pb2

_FILE_NAMES = {
    search_pb2.DownloadSearchFileRequest.FILE_PROPOSALS_TSV: "proposals.tsv",
    search_pb2.DownloadSearchFileRequest.FILE_PROPOSALS_PARQUET: "proposals.parquet",
    search_pb2.DownloadSearchFileRequest.FILE_ORDER_SHEET_TSV: "order_sheet.tsv",
}


class _CreateArguments(CreateArguments):
    spec: SearchSpec


class _ListArguments(PageArguments):
    state: JobState | None = None
    model_id: str | None = None


class _ProposalArguments(PageArguments):
    order: Annotated[int, Field(ge=1, le=MAX_ORDER)] | None = None
    locus: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    is_pareto: bool = False
    is_new_combination: bool = False
    order_by: ProposalOrder = ProposalOrder.RANK


def create_arguments(request: search_pb2.CreateSearchJobRequest) -> tuple[SearchSpec, str | None]:
    """What to search for, and the request's id.

    Raises:
        InvalidArgumentError: every field at fault is named.
    """
    asked = parsed(_CreateArguments, request)
    return asked.spec, asked.request_text


def list_arguments(
    request: search_pb2.ListSearchJobsRequest,
) -> tuple[PageRequest, dict[str, Any]]:
    """Which page of searches to list, and the filters by name.

    Raises:
        InvalidArgumentError: every field at fault is named.
    """
    asked = parsed(_ListArguments, request)
    return asked.page, {"state": asked.state, "subject_id": asked.model_id}


def proposal_arguments(
    request: search_pb2.ListProposalsRequest,
) -> tuple[ProposalFilter, PageRequest]:
    """Which proposals to list, and which page of them.

    Raises:
        InvalidArgumentError: every field at fault is named.
    """
    asked = parsed(_ProposalArguments, request)
    wanted = ProposalFilter(
        asked.order,
        asked.locus,
        asked.is_pareto,
        asked.is_new_combination,
        asked.order_by is ProposalOrder.CHECK_RANK,
    )
    return wanted, asked.page


def file_name(request: search_pb2.DownloadSearchFileRequest) -> str:
    """The name of a search's file.

    Raises:
        InvalidArgumentError: it is none of them.
    """
    name = _FILE_NAMES.get(request.file)
    if name is None:
        message = "say which file: proposals (TSV or Parquet) or the order sheet"
        raise InvalidArgumentError(f"file: {message}", [Offender(field="file", message=message)])
    return name


def search_job_message(job: SearchJob) -> search_pb2.SearchJob:
    """A search as it is sent."""
    return write_message(search_pb2.SearchJob(), job.model_dump())


def search_jobs_message(answer: ListAnswer[SearchJob]) -> search_pb2.ListSearchJobsResponse:
    """A page of searches as it is sent."""
    return search_pb2.ListSearchJobsResponse(
        search_jobs=[search_job_message(job) for job in answer.items],
        next_page_token=answer.next_page_token or "",
    )


def proposals_message(answer: ListAnswer[Proposal]) -> search_pb2.ListProposalsResponse:
    """A page of proposals as it is sent."""
    return search_pb2.ListProposalsResponse(
        proposals=[
            write_message(proposals_pb2.Proposal(), proposal.model_dump())
            for proposal in answer.items
        ],
        next_page_token=answer.next_page_token or "",
    )
