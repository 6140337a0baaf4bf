"""Data sets, as the client sees them."""

import time
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO

from service.client.paging import pages
from service.client.paths import path_of
from service.client.problems import error_from, spec_of
from service.client.transport import Transport
from service.contract.datasets import DatasetSpec, DatasetState
from service.contract.errors import DeadlineExceededError
from service.contract.resources import Dataset

_PATH = "/v1/datasets"
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 2.0


class Datasets:
    """The data sets of the caller's project."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def upload(
        self,
        table: Path | str | bytes,
        spec: DatasetSpec | dict[str, Any],
        *,
        name: str | None = None,
        wait: bool = True,
        timeout_seconds: float = 3600.0,
    ) -> Dataset:
        """Upload a table (a path, or the bytes) with what its columns mean.

        With `wait`, returns once it is READY; `timeout_seconds` bounds that wait.

        Raises:
            InvalidArgumentError: the spec is none; every offence is listed.
            BadTableError: the table does not hold what the spec says; rows and columns are listed.
            DeadlineExceededError: it is still INGESTING.
        """
        chosen = spec_of(DatasetSpec, spec)
        parameters = {
            "name": name or ("dataset" if isinstance(table, bytes) else Path(table).name),
            "spec": chosen.model_dump_json(exclude_none=True),
            "request_id": str(uuid.uuid4()),
        }
        with _open(table) as content:
            response = self._transport.send("POST", _PATH, parameters, content=content)
        dataset = Dataset.model_validate(response.json())
        return self.wait(dataset, timeout_seconds=timeout_seconds) if wait else dataset

    def wait(self, dataset: Dataset, *, timeout_seconds: float = 3600.0) -> Dataset:
        """The data set once it is READY.

        Raises:
            CellgebraError: its ingest failed.
            DeadlineExceededError: it is still INGESTING.
        """
        deadline = time.monotonic() + timeout_seconds
        pause = _FIRST_PAUSE_SECONDS
        while dataset.state is DatasetState.INGESTING:
            if time.monotonic() >= deadline:
                raise DeadlineExceededError(f"data set {dataset.id} is still INGESTING")
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            dataset = self.get(dataset.id)
        if dataset.error is not None:
            raise error_from(dataset.error)
        return dataset

    def get(self, dataset_id: str) -> Dataset:
        """Read a data set.

        Raises:
            NotFoundError: there is no such data set.
        """
        return Dataset.model_validate(self._transport.get(path_of(_PATH, dataset_id)))

    def list(self, *, state: DatasetState | None = None) -> Iterator[Dataset]:
        """Every data set, newest first."""
        return pages(self._transport, _PATH, Dataset, {"state": state})


def _open(table: Path | str | bytes) -> AbstractContextManager[bytes | BinaryIO]:
    return nullcontext(table) if isinstance(table, bytes) else Path(table).open("rb")
