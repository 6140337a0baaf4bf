"""Messages of scoring jobs to what handlers take, and back."""

from typing import Annotated, Any

from pydantic import Field

from service.contract.errors import InvalidArgumentError, Offender
from service.contract.jobs import JobState
from service.contract.resources import ListAnswer, ScoringJob
from service.contract.scoring_jobs import PARQUET_FILE, TSV_FILE, ScoringSpec
from service.handlers.requests import PageRequest
from service.handlers.uploads import SHA256_PATTERN
from service.rpc.arguments import CreateArguments, PageArguments
from service.rpc.converters import parsed
from service.rpc.mapping import write_message
from service.rpc.pb.cellgebra.v1 import scoring_pb2

_FILE_NAMES = {
    scoring_pb2.DownloadScoringFileRequest.FILE_RESULTS_PARQUET: PARQUET_FILE,
    scoring_pb2.DownloadScoringFileRequest.FILE_RESULTS_TSV: TSV_FILE,
}


class HeaderArguments(CreateArguments):
    """What comes beside a table."""

    spec: ScoringSpec
    size_bytes: Annotated[int, Field(ge=0)] | None = None
    sha256: Annotated[str, Field(pattern=SHA256_PATTERN)] | None = None


class _ListArguments(PageArguments):
    state: JobState | None = None
    model_id: str | None = None


def header_arguments(header: scoring_pb2.ScoringJobHeader) -> HeaderArguments:
    """What to score, and what is said of the table.

    Raises:
        InvalidArgumentError: every field at fault is named.
    """
    return parsed(HeaderArguments, header)


def list_arguments(
    request: scoring_pb2.ListScoringJobsRequest,
) -> tuple[PageRequest, dict[str, Any]]:
    """Which page of jobs to list, and the filters by name.

    Raises:
        InvalidArgumentError: every field at fault is named.
    """
    asked = parsed(_ListArguments, request)
    return asked.page, {"state": asked.state, "subject_id": asked.model_id}


def file_name(request: scoring_pb2.DownloadScoringFileRequest) -> str:
    """The name of a job's file.

    Raises:
        InvalidArgumentError: it is none of them.
    """
    name = _FILE_NAMES.get(request.file)
    if name is None:
        message = "say which file: results as Parquet, or as tab-separated values"
        raise InvalidArgumentError(f"file: {message}", [Offender(field="file", message=message)])
    return name


def scoring_job_message(job: ScoringJob) -> scoring_pb2.ScoringJob:
    """A job as it is sent."""
    return write_message(scoring_pb2.ScoringJob(), job.model_dump())


def scoring_jobs_message(answer: ListAnswer[ScoringJob]) -> scoring_pb2.ListScoringJobsResponse:
    """A page of jobs as it is sent."""
    return scoring_pb2.ListScoringJobsResponse(
        scoring_jobs=[scoring_job_message(job) for job in answer.items],
        next_page_token=answer.next_page_token or "",
    )
