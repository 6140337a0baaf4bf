# Generated from service/client/aio/scoring.py by `make client`. Change that file.
"""A scoring job under way, and its results."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from service.client.paging import pages
from service.client.paths import path_of
from service.client.problems import spec_of
from service.client.runs import JobRun
from service.client.transport import Transport
from service.client.uploads import Table, as_file, opened
from service.contract.errors import InvalidArgumentError
from service.contract.jobs import JobState
from service.contract.resources import ScoringJob
from service.contract.scoring_jobs import PARQUET_FILE, TSV_FILE, ScoringSpec, TableInput

PATH = "/v1/scoring-jobs"


class ScoringRun(JobRun[ScoringJob]):
    """A handle on a scoring job; `job` is what was last read of it."""

    path: ClassVar[str] = PATH

    def save(self, path: str | Path) -> Path:
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
        return self._transport.download(path_of(self.path, self.id, f"/{name}"), target)


def _ending(name: str) -> str:
    return name.removeprefix("results")


def start_scoring(
    transport: Transport, spec: ScoringSpec | dict[str, Any], table: Table | None
) -> ScoringRun:
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
        answer = transport.create(PATH, chosen)
    else:
        text = chosen.model_dump_json(exclude_none=True)
        parameters = {"request_id": str(uuid.uuid4()), "spec": text}
        with opened(as_file(table)) as content:
            response = transport.send("POST", PATH, parameters, content=content)
        answer = response.json()
    return ScoringRun(transport, ScoringJob.model_validate(answer))


def list_scoring(
    transport: Transport, state: JobState | None, model_id: str | None
) -> Iterator[ScoringRun]:
    """Every scoring job, newest first."""
    parameters = {"state": state, "model_id": model_id}
    for job in pages(transport, PATH, ScoringJob, parameters):
        yield ScoringRun(transport, job)
