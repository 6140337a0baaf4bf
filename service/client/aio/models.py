"""Models, as the client sees them."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, overload

from service.client.aio.latent import AsyncLatentAlgebra
from service.client.aio.paging import pages
from service.client.aio.registry import AsyncRegistry
from service.client.aio.transport import AsyncTransport
from service.client.cards import model_card
from service.client.frames import (
    AnnotatedTable,
    ArrowTable,
    PandasFrame,
    answer_of,
    observed_designs,
    question_of,
)
from service.client.genotypes import genotypes_of
from service.client.paths import path_of
from service.client.scores import Scores
from service.contract.designs import Design
from service.contract.errors import InvalidArgumentError
from service.contract.inference import DEFAULT_LEVEL, ScoreExtra, ScoreField
from service.contract.registry import ModelReadiness, Promotion
from service.contract.reports import TrainingReport
from service.contract.resources import Model

_PATH = "/v1/models"


class AsyncRemoteModel(AsyncLatentAlgebra):
    """A handle on a registered model; `resource` is what the service has told of it.

    One that was asked for as `name@alias` scores and composes by what the alias means at that time;
    the answers say which `model_id` it was. All else is of the model that it was at first.
    """

    def __init__(
        self, transport: AsyncTransport, resource: Model, reference: str | None = None
    ) -> None:
        super().__init__(transport, reference or resource.id)
        self.resource = resource

    def __repr__(self) -> str:
        return f"AsyncRemoteModel({self.id}, {self.resource.kind}, {self.name}@{self.version})"

    def _repr_html_(self) -> str:
        return model_card(self.resource)

    @property
    def id(self) -> str:
        """Id of the model."""
        return self.resource.id

    @property
    def name(self) -> str:
        """Name that its training job gave it."""
        return self.resource.name

    @property
    def version(self) -> int:
        """Number of the model among those of its name."""
        return self.resource.version

    @overload
    async def score(
        self,
        genotypes: ArrowTable,
        fields: Sequence[ScoreField | str] | None = None,
        *,
        column: str | None = None,
        timeout_seconds: float = 10.0,
        interval_level: float = DEFAULT_LEVEL,
        include: Sequence[ScoreExtra | str] = (),
    ) -> Any: ...  # noqa: ANN401 - a table as it was given

    @overload
    async def score(
        self,
        genotypes: AnnotatedTable,
        fields: Sequence[ScoreField | str] | None = None,
        *,
        column: str | None = None,
        timeout_seconds: float = 10.0,
        interval_level: float = DEFAULT_LEVEL,
        conditions: Mapping[str, str] | None = None,
    ) -> PandasFrame: ...

    @overload
    async def score(
        self,
        genotypes: str | Design | Iterable[str | Design],
        fields: Sequence[ScoreField | str] | None = None,
        *,
        timeout_seconds: float = 10.0,
        interval_level: float = DEFAULT_LEVEL,
        include: Sequence[ScoreExtra | str] = (),
        conditions: Mapping[str, str] | None = None,
    ) -> Scores: ...

    async def score(
        self,
        genotypes: str | Design | Iterable[str | Design] | ArrowTable | AnnotatedTable,
        fields: Sequence[ScoreField | str] | None = None,
        *,
        column: str | None = None,
        timeout_seconds: float = 10.0,
        interval_level: float = DEFAULT_LEVEL,
        include: Sequence[ScoreExtra | str] = (),
        conditions: Mapping[str, str] | None = None,
    ) -> Scores | Any:
        """Score designs: one array a field and label, in the order given (10,000 at most).

        `interval_level`, 0.5 to 0.99, is the share of measurements that an interval is to hold.
        `include`: `nearest`, `z`, `gradient`, for 1,000 designs at most. `conditions`, where they
        are given, have to be all that the model was trained under, each at its value.

        The answer gives `to_pandas()` and `to_polars()`. A table (pandas, polars, pyarrow) is
        answered by one of the same library with as many rows, and a column a label and field.
        `column` says which of its columns holds the designs; default: the first named genotype,
        design, edits or perturbations. Of an AnnData it is one of `obs`, or its index, each design
        is scored once, and the answer is a pandas frame with the names of the observations.

        Raises:
            InvalidDesignError: genotypes are malformed; every one is listed.
            UnknownEditsError: the model has never seen some edits; every one is listed.
            InvalidArgumentError: `column` without a table, or `conditions` with one; `include`
                with an AnnData.
            DeadlineExceededError: no answer in time.
        """
        options: dict[str, object] = {
            "timeout_seconds": timeout_seconds,
            "interval_level": interval_level,
            **_named("fields", fields),
            **_named("include", include or None),
        }
        if isinstance(genotypes, ArrowTable):
            if conditions is not None:
                raise InvalidArgumentError(
                    "conditions are told with designs, not with a table: give genotypes as texts"
                )
            question = question_of(genotypes, column, options)
            path = path_of(_PATH, self.reference, ":score")
            answer = await self._transport.send("POST", path, **question)
            return answer_of(answer.content, genotypes)
        if conditions is not None:
            options["conditions"] = [{"name": n, "value": v} for n, v in conditions.items()]
        if isinstance(genotypes, AnnotatedTable):
            if include:
                raise InvalidArgumentError("include is not of an AnnData: give its designs")
            observed = observed_designs(genotypes, column)
            return observed.aligned((await self._score(observed.designs, options)).to_pandas())
        if column is not None:
            raise InvalidArgumentError("column is of tables: these designs have none")
        return await self._score(genotypes_of(genotypes), options)

    async def _score(self, genotypes: list[str], options: Mapping[str, object]) -> Scores:
        path = path_of(_PATH, self.reference, ":score")
        answer = await self._transport.post(path, json={"genotypes": genotypes, **options})
        return Scores.model_validate(answer)

    async def promote(self, alias: str, **options: Any) -> Promotion:  # noqa: ANN401
        """Have an alias of the model's name mean it; options as of `AsyncRegistry.promote`.

        Raises:
            CellgebraError: as `AsyncRegistry.promote`.
        """
        return await AsyncRegistry(self._transport).promote(self.id, alias, **options)

    async def archive(self) -> Model:
        """Leave it out of lists; it scores by its id and version as before.

        Raises:
            FailedPreconditionError: an alias means it.
        """
        return await self._change(":archive")

    async def unarchive(self) -> Model:
        """List it again.

        Raises:
            NotFoundError: it has been deleted.
        """
        return await self._change(":unarchive")

    async def delete(self) -> None:
        """Delete it, with what is stored of it.

        Raises:
            FailedPreconditionError: an alias, a search or a sweep needs it.
        """
        await self._transport.delete(path_of(_PATH, self.id))

    async def readiness(self) -> ModelReadiness:
        """Whether it can answer now, and if not, why.

        Raises:
            NotFoundError: it has been deleted.
        """
        return ModelReadiness.model_validate(
            await self._transport.readiness(path_of(_PATH, self.id, "/ready"))
        )

    async def _change(self, verb: str) -> Model:
        answer = await self._transport.post(path_of(_PATH, self.id, verb))
        self.resource = Model.model_validate(answer)
        return self.resource

    async def report(self) -> str:
        """The report as an HTML page that needs nothing else: no script, no file, no network.

        Raises:
            NotFoundError: the model has none; its figures are in `resource.report`.
        """
        answer = await self._transport.send("GET", path_of(_PATH, self.id, "/report.html"))
        return answer.text

    async def save_report(self, path: str | Path) -> Path:
        """Write the report's page to a file; returns its path.

        Raises:
            NotFoundError: the model has none.
        """
        target = Path(path)
        target.write_text(await self.report(), encoding="utf-8")
        return target

    async def export(self, path: str | Path, *, with_onnx: bool = True) -> Path:
        """Write the model to a zip file, to use it without the service; returns its path.

        It holds manifest, weights, an example that runs, a README, and for models of kind
        `additive` and `perturbation_set` an ONNX file.

        Raises:
            NotFoundError: it has been deleted.
            DeadlineExceededError: no inference worker has written the ONNX file in time.
            UnavailableError: the connection was lost; the file is not whole, and is removed.
        """
        source = path_of(_PATH, self.id, f"/export.zip?with_onnx={str(with_onnx).lower()}")
        return await self._transport.download(source, Path(path))

    async def report_data(self) -> TrainingReport:
        """The whole report, with the columns of single designs and what the page draws.

        Raises:
            NotFoundError: the model has none.
        """
        answer = await self._transport.get(path_of(_PATH, self.id, "/report.json"))
        return TrainingReport.model_validate(answer)


def _named(option: str, names: Sequence[str] | None) -> dict[str, list[str]]:
    """An option that is a list of names, if it was given."""
    return {} if names is None else {option: [str(name) for name in names]}


async def get_model(transport: AsyncTransport, reference: str) -> AsyncRemoteModel:
    """Read a model with its manifest: by its id, `name@version` or `name@alias`.

    Raises:
        NotFoundError: there is no such model, or alias.
    """
    answer = await transport.get(path_of(_PATH, reference))
    return AsyncRemoteModel(transport, Model.model_validate(answer), reference)


async def list_models(
    transport: AsyncTransport, dataset_id: str | None, name: str | None, *, with_archived: bool
) -> AsyncIterator[AsyncRemoteModel]:
    """Every model, newest first, without manifests."""
    wanted = {"dataset_id": dataset_id, "name": name, "with_archived": with_archived or None}
    async for resource in pages(transport, _PATH, Model, wanted):
        yield AsyncRemoteModel(transport, resource)
