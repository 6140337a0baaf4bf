"""A scoring job under way, and its results."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, ClassVar

from service.client.aio.paging import pages
from service.client.aio.runs import AsyncJobRun
from service.client.aio.transport import AsyncTransport
from service.client.aio.uploads import Table, as_file, opened
from service.client.paths import path_of
from service.client.problems import spec_of
from service.contract.errors import InvalidArgumentError
from service.contract.jobs import JobState
from service.contract.resources import ScoringJob
from service.contract.scoring_jobs import PARQUET_FILE, TSV_FILE, ScoringSpec, TableInput

PATH = "/v1/scoring-jobs"


class AsyncScoringRun(AsyncJobRun[ScoringJob]):
    """A handle on a scoring job; `job` is what was last read of it."""

    path: ClassVar[str] = PATH

    async def save(self, path: str | Path) -> Path:
        """Write the results to a file, by its ending: `.parquet` or `.tsv.gz`; returns its path.

        They are written as they come, whatever their size.

        Raises:
            InvalidArgumentError: it has another ending.
            NotFoundError: the job has not SUCCEEDED, or its spec did not ask for this format.
            UnavailableError: the connection was lost; the file is not whole, and is removed.
        """
        target = Path(path)
        name = next((n for n in (PARQUET_FILE, TSV_FILE) if target.name.endswith(_ending(n))), None)
        if name is None:
            raise InvalidArgumentError(f"{target.name}: name the file .parquet or .tsv.gz")
        return await self._transport.download(path_of(self.path, self.id, f"/{name}"), target)


def _ending(name: str) -> str:
    return name.removeprefix("results")


async def start_scoring(
    transport: AsyncTransport, spec: ScoringSpec | dict[str, Any], table: Table | None
) -> AsyncScoringRun:
    """Queue a scoring job, with its table if it has one.

    Raises:
        InvalidArgumentError: the spec scores a table and there is none, or the other way round.
        CellgebraError: what the service answered, or that it did not.
    """
    chosen = spec_of(ScoringSpec, spec)
    if isinstance(chosen.input, TableInput) != (table is not None):
        raise InvalidArgumentError(
            "the spec scores a table, and none is given"
            if table is None
            else "the spec scores combinations of edits, which need no table: leave it out"
        )
    if table is None:
        answer = await transport.create(PATH, chosen)
    else:
        text = chosen.model_dump_json(exclude_none=True)
        parameters = {"request_id": str(uuid.uuid4()), "spec": text}
        with opened(await as_file(table)) as content:
            response = await transport.send("POST", PATH, parameters, content=content)
        answer = response.json()
    return AsyncScoringRun(transport, ScoringJob.model_validate(answer))


async def list_scoring(
    transport: AsyncTransport, state: JobState | None, model_id: str | None
) -> AsyncIterator[AsyncScoringRun]:
    """Every scoring job, newest first."""
    parameters = {"state": state, "model_id": model_id}
    async for job in pages(transport, PATH, ScoringJob, parameters):
        yield AsyncScoringRun(transport, job)
