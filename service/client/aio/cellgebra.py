"""The Python client: `AsyncCellgebra(url)`."""

import os
from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Any, Self

import httpx

from service.client.aio.artifacts import AsyncArtifacts
from service.client.aio.datasets import AsyncDatasets
from service.client.aio.gene_tables import AsyncGeneTables
from service.client.aio.keys import AsyncKeys
from service.client.aio.models import AsyncRemoteModel, get_model, list_models
from service.client.aio.paging import pages
from service.client.aio.registry import AsyncRegistry
from service.client.aio.schemas import AsyncSchemas
from service.client.aio.scoring import PATH as SCORINGS
from service.client.aio.scoring import AsyncScoringRun, list_scoring, start_scoring
from service.client.aio.search import PATH as SEARCHES
from service.client.aio.search import AsyncSearchRun
from service.client.aio.sweeps import PATH as SWEEPS
from service.client.aio.sweeps import AsyncSweepRun
from service.client.aio.training import PATH, AsyncTrainingRun
from service.client.aio.transport import AsyncTransport
from service.client.aio.uploads import Table
from service.client.paths import path_of
from service.client.problems import spec_of
from service.contract.jobs import JobState
from service.contract.losses import Loss, LossCatalog
from service.contract.resources import Health, ScoringJob, SearchJob, Sweep, TrainingJob
from service.contract.scoring_jobs import ScoringSpec
from service.contract.search import SearchSpec
from service.contract.sweeps import SweepSpec
from service.contract.training import TrainingSpec

DEFAULT_URL = "http://127.0.0.1:8000"
API_KEY_VARIABLE = "CELLGEBRA_API_KEY"
_TIMEOUT_SECONDS = 70.0  # a score may take 60


class AsyncCellgebra:
    """A connection to a Cellgebra service.

    The API key is `api_key`, or that of the environment (CELLGEBRA_API_KEY). With an `http` of the
    caller's own, its `base_url` is the address and its timeouts hold; `url` is for one without a
    `base_url`. The key goes with requests of this client alone; where `http` sends an
    Authorization of its own, that of the environment stays behind. Errors are those of
    `service.contract.errors`, with every offender listed. Requests that are safe to repeat are
    repeated when the service is away for a moment.

    Raises:
        InvalidArgumentError: `url` is no address.
        UnauthenticatedError: `api_key` is no key.
        ValueError: both `api_key` and the `auth` of `http` say what Authorization to send.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        api_key: str | None = None,
        *,
        timeout_seconds: float = _TIMEOUT_SECONDS,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        key = api_key or (None if _has_own(http) else os.environ.get(API_KEY_VARIABLE))
        if api_key and http is not None and http.auth is not None:
            raise ValueError("http has an `auth`, which would replace api_key: give one of them")
        self._transport = AsyncTransport(url, key, timeout_seconds, http)
        self.datasets = AsyncDatasets(self._transport)
        self.gene_tables = AsyncGeneTables(self._transport)
        self.artifacts = AsyncArtifacts(self._transport)
        self.schemas = AsyncSchemas(self._transport)
        self.registry = AsyncRegistry(self._transport)
        self.keys = AsyncKeys(self._transport)

    def __repr__(self) -> str:
        return f"AsyncCellgebra({self._transport.address!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        await self._transport.close()

    async def health(self) -> Health:
        """Whether the service can work, part by part.

        Raises:
            UnavailableError: it does not answer at all.
        """
        return Health.model_validate(await self._transport.health())

    async def losses(self) -> list[Loss]:
        """Every loss there is; those with `is_term` can be named under `loss.terms`."""
        return LossCatalog.model_validate(await self._transport.get("/v1/losses")).losses

    async def train(self, spec: TrainingSpec | dict[str, Any]) -> AsyncTrainingRun:
        """Queue a training job.

        Raises:
            FailedPreconditionError: the data set is not READY.
            InvalidArgumentError: the spec is none, or does not fit the data set.
        """
        answer = await self._transport.create(PATH, spec_of(TrainingSpec, spec))
        return AsyncTrainingRun(self._transport, TrainingJob.model_validate(answer))

    async def run(self, job_id: str) -> AsyncTrainingRun:
        """A handle on a training job.

        Raises:
            NotFoundError: there is no such job.
        """
        answer = await self._transport.get(path_of(PATH, job_id))
        return AsyncTrainingRun(self._transport, TrainingJob.model_validate(answer))

    async def runs(
        self, *, state: JobState | None = None, dataset_id: str | None = None
    ) -> AsyncIterator[AsyncTrainingRun]:
        """Every training job, newest first."""
        parameters = {"state": state, "dataset_id": dataset_id}
        async for job in pages(self._transport, PATH, TrainingJob, parameters):
            yield AsyncTrainingRun(self._transport, job)

    async def sweep(self, spec: SweepSpec | dict[str, Any]) -> AsyncSweepRun:
        """Queue a sweep: a training spec with ranges.

        Raises:
            FailedPreconditionError: the data set is not READY.
            InvalidArgumentError: the spec is none, or does not fit the data set.
        """
        answer = await self._transport.create(SWEEPS, spec_of(SweepSpec, spec))
        return AsyncSweepRun(self._transport, Sweep.model_validate(answer))

    async def sweep_run(self, sweep_id: str) -> AsyncSweepRun:
        """A handle on a sweep, with its trials.

        Raises:
            NotFoundError: there is no such sweep.
        """
        answer = await self._transport.get(path_of(SWEEPS, sweep_id))
        return AsyncSweepRun(self._transport, Sweep.model_validate(answer))

    async def sweeps(self, *, state: JobState | None = None) -> AsyncIterator[AsyncSweepRun]:
        """Every sweep, newest first, without trials."""
        async for sweep in pages(self._transport, SWEEPS, Sweep, {"state": state}):
            yield AsyncSweepRun(self._transport, sweep)

    async def search(self, spec: SearchSpec | dict[str, Any]) -> AsyncSearchRun:
        """Queue a search for the best designs of a model.

        Raises:
            NotFoundError: there is no such model.
            InvalidArgumentError: the spec is none, or names what the model has not.
        """
        answer = await self._transport.create(SEARCHES, spec_of(SearchSpec, spec))
        return AsyncSearchRun(self._transport, SearchJob.model_validate(answer))

    async def screen(
        self,
        model: str | AsyncRemoteModel,
        *,
        maximize: str | Sequence[str] = (),
        minimize: str | Sequence[str] = (),
        **options: Any,  # noqa: ANN401 - fields of a spec
    ) -> AsyncSearchRun:
        """Queue a search for designs that raise some labels and lower others.

        `model` is a handle or how it is called; `options` are further fields of a `SearchSpec`,
        such as `max_order=3`, `proposal_count=50` or `panel={"size": 8}`.

        Raises:
            CellgebraError: as `search`.
        """
        called = model if isinstance(model, str) else model.reference
        wanted = {"maximize": maximize, "minimize": minimize}
        objectives = [
            {"label": label, "direction": direction}
            for direction, named in wanted.items()
            for label in ([named] if isinstance(named, str) else named)
        ]
        return await self.search({"model_id": called, "objectives": objectives, **options})

    async def search_run(self, job_id: str) -> AsyncSearchRun:
        """A handle on a search.

        Raises:
            NotFoundError: there is no such search.
        """
        answer = await self._transport.get(path_of(SEARCHES, job_id))
        return AsyncSearchRun(self._transport, SearchJob.model_validate(answer))

    async def searches(
        self, *, state: JobState | None = None, model_id: str | None = None
    ) -> AsyncIterator[AsyncSearchRun]:
        """Every search, newest first."""
        parameters = {"state": state, "model_id": model_id}
        async for job in pages(self._transport, SEARCHES, SearchJob, parameters):
            yield AsyncSearchRun(self._transport, job)

    async def score_job(
        self, spec: ScoringSpec | dict[str, Any], table: Table | None = None
    ) -> AsyncScoringRun:
        """Queue a job that scores a table (a path, the bytes, a frame), or combinations of edits.

        Of an AnnData it is `obs`, with its index as the first column.

        Raises:
            NotFoundError: there is no such model.
            InvalidArgumentError: the spec is none, or names what the model has not.
        """
        return await start_scoring(self._transport, spec, table)

    async def scoring_run(self, job_id: str) -> AsyncScoringRun:
        """A handle on a scoring job.

        Raises:
            NotFoundError: there is no such job.
        """
        answer = await self._transport.get(path_of(SCORINGS, job_id))
        return AsyncScoringRun(self._transport, ScoringJob.model_validate(answer))

    def scoring_runs(
        self, *, state: JobState | None = None, model_id: str | None = None
    ) -> AsyncIterator[AsyncScoringRun]:
        """Every scoring job, newest first."""
        return list_scoring(self._transport, state, model_id)

    async def model(self, reference: str) -> AsyncRemoteModel:
        """A handle on a model, with its manifest: by its id, `name@version` or `name@alias`.

        Raises:
            InvalidArgumentError: it is none of these.
            NotFoundError: there is no such model, or alias.
        """
        return await get_model(self._transport, reference)

    async def report(self, model_id: str) -> str:
        """The report of a model as an HTML page; `model(model_id).save_report(path)` writes it.

        Raises:
            NotFoundError: there is no such model, or it has no page.
        """
        model = await self.model(model_id)
        return await model.report()

    def models(
        self,
        *,
        dataset_id: str | None = None,
        name: str | None = None,
        with_archived: bool = False,
    ) -> AsyncIterator[AsyncRemoteModel]:
        """Every model, newest first, without manifests; archived ones only if asked for."""
        return list_models(self._transport, dataset_id, name, with_archived=with_archived)


def _has_own(http: httpx.AsyncClient | None) -> bool:
    return http is not None and (http.auth is not None or "Authorization" in http.headers)
