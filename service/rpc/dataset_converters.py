"""Messages of data sets to what handlers take, and back."""

from typing import Annotated

from pydantic import Field

from service.contract.datasets import DatasetSpec, DatasetState
from service.contract.resources import Dataset, ListAnswer
from service.handlers.requests import PageRequest
from service.handlers.uploads import Upload
from service.rpc.arguments import HeaderArguments, PageArguments
from service.rpc.converters import parsed
from service.rpc.mapping import write_message
from service.rpc.pb.cellgebra.v1 import datasets_pb2


class _HeaderArguments(HeaderArguments):
    spec: DatasetSpec
    name: Annotated[str, Field(min_length=1, max_length=200)] = "dataset"


class _ListArguments(PageArguments):
    state: DatasetState | None = None


def upload_arguments(header: datasets_pb2.DatasetHeader) -> Upload:
    """What comes beside the bytes of a table.

    Raises:
        InvalidArgumentError: every field at fault is named.
    """
    return parsed(_HeaderArguments, header).upload


def list_arguments(
    request: datasets_pb2.ListDatasetsRequest,
) -> tuple[PageRequest, DatasetState | None]:
    """Which page of data sets to list, and the state they are to be in.

    Raises:
        InvalidArgumentError: every field at fault is named.
    """
    asked = parsed(_ListArguments, request)
    return asked.page, asked.state


def dataset_message(dataset: Dataset) -> datasets_pb2.Dataset:
    """A data set as it is sent."""
    return write_message(datasets_pb2.Dataset(), dataset.model_dump())


def datasets_message(answer: ListAnswer[Dataset]) -> datasets_pb2.ListDatasetsResponse:
    """A page of data sets as it is sent."""
    return datasets_pb2.ListDatasetsResponse(
        datasets=[dataset_message(dataset) for dataset in answer.items],
        next_page_token=answer.next_page_token or "",
    )
