"""Messages to the models that handlers take, and back. No other code knows protobuf's fields."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar
from uuid import UUID

from google.protobuf.message import Message
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from service.contract.algebra import ComposeRequest
from service.contract.inference import ScoreRequest
from service.contract.jobs import JobState
from service.contract.repositories.paging import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE
from service.contract.resources import ListAnswer, TrainingJob
from service.contract.training import TrainingSpec
from service.handlers.invalid import invalid_request
from service.handlers.requests import PageRequest
from service.rpc.mapping import read_message, write_message
from service.rpc.pb.cellgebra.v1 import inference_pb2, training_pb2

T = TypeVar("T", bound=BaseModel)
Asked = TypeVar("Asked", ScoreRequest, ComposeRequest)


class _CreateArguments(BaseModel):
    model_config = ConfigDict(extra="forbid")

    spec: TrainingSpec
    request_id: UUID | None = None


class _ListArguments(BaseModel):
    state: JobState | None = None
    dataset_id: str | None = None
    page_size: Annotated[int, Field(ge=1, le=MAX_PAGE_SIZE)] = DEFAULT_PAGE_SIZE
    page_token: str | None = None


class _ScoreArguments(ScoreRequest):
    model_id: str = ""


class _ComposeArguments(ComposeRequest):
    model_id: str = ""


def create_arguments(
    request: training_pb2.CreateTrainingJobRequest,
) -> tuple[TrainingSpec, str | None]:
    """What to train, and the request's id.

    Raises:
        InvalidArgumentError: every field at fault is named.
    """
    asked = parsed(_CreateArguments, request)
    return asked.spec, str(asked.request_id) if asked.request_id else None


def list_arguments(
    request: training_pb2.ListTrainingJobsRequest,
) -> tuple[PageRequest, dict[str, Any]]:
    """Which page of jobs to list, and the filters by name.

    Raises:
        InvalidArgumentError: every field at fault is named.
    """
    asked = parsed(_ListArguments, request)
    filters = {"state": asked.state, "subject_id": asked.dataset_id}
    return PageRequest(asked.page_size, asked.page_token), filters


def training_job_message(job: TrainingJob) -> training_pb2.TrainingJob:
    """A job as it is sent."""
    return write_message(training_pb2.TrainingJob(), job.model_dump())


def training_jobs_message(answer: ListAnswer[TrainingJob]) -> training_pb2.ListTrainingJobsResponse:
    """A page of jobs as it is sent."""
    return training_pb2.ListTrainingJobsResponse(
        training_jobs=[training_job_message(job) for job in answer.items],
        next_page_token=answer.next_page_token or "",
    )


def score_arguments(
    request: inference_pb2.ScoreRequest, seconds_left: float | None
) -> tuple[str, ScoreRequest]:
    """The model's id, and what is asked of it within the `seconds_left` of the call's deadline.

    Raises:
        InvalidArgumentError: every field at fault is named.
    """
    asked = parsed(_ScoreArguments, request)
    return asked.model_id, _within(seconds_left, asked)


def score_message(answer: Mapping[str, Any]) -> inference_pb2.ScoreResponse:
    """An answer as it is sent, from the JSON of a `ScoreAnswer`."""
    return write_message(inference_pb2.ScoreResponse(), answer)


def compose_arguments(
    request: inference_pb2.ComposeRequest, seconds_left: float | None
) -> tuple[str, ComposeRequest]:
    """As `score_arguments`.

    Raises:
        InvalidArgumentError: every field at fault is named.
    """
    asked = parsed(_ComposeArguments, request)
    return asked.model_id, ComposeRequest.model_validate(
        _within(seconds_left, asked).model_dump(exclude={"model_id"})
    )


def compose_message(answer: Mapping[str, Any]) -> inference_pb2.ComposeResponse:
    """An answer as it is sent, from the JSON of a `ComposeAnswer`."""
    return write_message(inference_pb2.ComposeResponse(), answer)


def _within(seconds_left: float | None, asked: Asked) -> Asked:
    """The request with the deadline of its call, where that is sooner."""
    if seconds_left is None or not 0 < seconds_left < asked.timeout_seconds:
        return asked
    return asked.model_copy(update={"timeout_seconds": seconds_left})


def parsed(kind: type[T], request: Message) -> T:
    """A request as a model.

    Raises:
        InvalidArgumentError: every field at fault is named.
    """
    data = read_message(request)
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise invalid_request(error.errors(include_url=False), data) from None
