"""Data sets, as the client sees them."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from service.client.aio.paging import pages
from service.client.aio.transport import AsyncTransport
from service.client.aio.uploads import Table, send_table, wait_until_ready
from service.client.paths import path_of
from service.client.problems import spec_of
from service.contract.datasets import DatasetSpec, DatasetState
from service.contract.resources import Dataset

_PATH = "/v1/datasets"


class AsyncDatasets:
    """The data sets of the caller's project."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def upload(
        self,
        table: Table,
        spec: DatasetSpec | dict[str, Any],
        *,
        name: str | None = None,
        wait: bool = True,
        timeout_seconds: float = 3600.0,
        progress: bool | Callable[[Dataset], object] = False,
    ) -> Dataset:
        """Upload a table (a path, the bytes, a pandas or polars frame) with what its columns mean.

        Of an AnnData it is `obs`, with its index as the first column: called as the index is, or
        `index`.

        With `wait`, returns once it is READY; `timeout_seconds` bounds that wait. `progress` True
        writes one line to stderr; a function is called with the data set whenever it was read.

        Raises:
            InvalidArgumentError: the spec is none; every offence is listed.
            BadTableError: the table does not hold what the spec says; rows and columns are listed.
            DeadlineExceededError: it is still INGESTING.
        """
        chosen = spec_of(DatasetSpec, spec)
        named = name or (None if isinstance(table, str | Path) else "dataset")
        answer = await send_table(self._transport, _PATH, table, chosen, name=named)
        dataset = Dataset.model_validate(answer)
        if not wait:
            return dataset
        return await self.wait(dataset, timeout_seconds=timeout_seconds, progress=progress)

    async def wait(
        self,
        dataset: Dataset,
        *,
        timeout_seconds: float = 3600.0,
        progress: bool | Callable[[Dataset], object] = False,
    ) -> Dataset:
        """The data set once it is READY; `progress` as of `upload`.

        Raises:
            CellgebraError: its ingest failed.
            DeadlineExceededError: it is still INGESTING.
        """
        return await wait_until_ready(
            dataset, lambda: self.get(dataset.id), timeout_seconds, progress
        )

    async def get(self, dataset_id: str) -> Dataset:
        """Read a data set.

        Raises:
            NotFoundError: there is no such data set.
        """
        return Dataset.model_validate(await self._transport.get(path_of(_PATH, dataset_id)))

    async def cancel(self, dataset_id: str) -> Dataset:
        """Cancel the ingest of a data set that is INGESTING: its worker ends within seconds.

        Raises:
            NotFoundError: there is no such data set.
            FailedPreconditionError: its ingest has ended.
        """
        answer = await self._transport.post(path_of(_PATH, dataset_id, ":cancel"))
        return Dataset.model_validate(answer)

    async def delete(self, dataset_id: str, *, cascade: bool = False) -> None:
        """Delete a data set; with `cascade` also all that depends on it.

        Raises:
            NotFoundError: there is no such data set.
            FailedPreconditionError: something depends on it, or is at work.
        """
        await self._transport.delete(path_of(_PATH, dataset_id), cascade=cascade)

    def list(self, *, state: DatasetState | None = None) -> AsyncIterator[Dataset]:
        """Every data set, newest first."""
        return pages(self._transport, _PATH, Dataset, {"state": state})
