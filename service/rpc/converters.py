"""Messages to the models that handlers take, and back. No other code knows protobuf's fields."""

from collections.abc import Mapping
from typing import Any, TypeVar

from google.protobuf.message import Message
from pydantic import BaseModel, ValidationError

from service.contract.algebra import ComposeRequest
from service.contract.jobs import JobState
from service.contract.resources import ListAnswer, TrainingJob
from service.contract.training import TrainingSpec
from service.handlers.invalid import invalid_request
from service.handlers.requests import PageRequest
from service.rpc.arguments import CreateArguments, PageArguments, sooner
from service.rpc.mapping import read_message, write_message
from service.rpc.pb.cellgebra.v1 import inference_pb2, training_pb2

T = TypeVar("T", bound=BaseModel)


class _CreateArguments(CreateArguments):
    spec: TrainingSpec


class _ListArguments(PageArguments):
    state: JobState | None = None
    dataset_id: str | None = None


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
    return asked.spec, asked.request_text


def list_arguments(
    request: training_pb2.ListTrainingJobsRequest,
) -> tuple[PageRequest, dict[str, Any]]:
    """Which page of jobs to list, and the filters by name.

    Raises:
        InvalidArgumentError: every field at fault is named.
    """
    asked = parsed(_ListArguments, request)
    filters = {"state": asked.state, "subject_id": asked.dataset_id}
    return asked.page, filters


def training_job_message(job: TrainingJob) -> training_pb2.TrainingJob:
    """A job as it is sent."""
    return write_message(training_pb2.TrainingJob(), job.model_dump())


def training_jobs_message(answer: ListAnswer[TrainingJob]) -> training_pb2.ListTrainingJobsResponse:
    """A page of jobs as it is sent."""
    return training_pb2.ListTrainingJobsResponse(
        training_jobs=[training_job_message(job) for job in answer.items],
        next_page_token=answer.next_page_token or "",
    )


def compose_arguments(
    request: inference_pb2.ComposeRequest, seconds_left: float | None
) -> tuple[str, ComposeRequest]:
    """The model's id, and what is asked of it within the `seconds_left` of the call's deadline.

    Raises:
        InvalidArgumentError: every field at fault is named.
    """
    asked = parsed(_ComposeArguments, request)
    wanted = asked.model_dump(exclude={"model_id"})
    wanted["timeout_seconds"] = sooner(asked.timeout_seconds, seconds_left)
    return asked.model_id, ComposeRequest.model_validate(wanted)


def compose_message(answer: Mapping[str, Any]) -> inference_pb2.ComposeResponse:
    """An answer as it is sent, from the JSON of a `ComposeAnswer`."""
    return write_message(inference_pb2.ComposeResponse(), answer)


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
