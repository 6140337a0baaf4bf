"""The registry of models, as the client sees it: aliases and promotions."""

import time
from collections.abc import AsyncIterator, Sequence

from service.client.aio.paging import pages
from service.client.aio.transport import AsyncTransport
from service.client.aio.waiting import pause
from service.client.genotypes import genotypes_of
from service.client.paths import path_of
from service.client.problems import error_from
from service.contract.comparisons import Comparison, TopOf
from service.contract.designs import Design
from service.contract.errors import DeadlineExceededError
from service.contract.registry import ModelAlias, Promotion, PromotionState
from service.contract.resources import Problem

_MODELS = "/v1/models"
_ALIASES = "/v1/model-aliases"
_PROMOTIONS = "/v1/promotions"
_POLL_SECONDS = 0.25


class AsyncRegistry:
    """Aliases of the caller's models, and how they came to mean what they mean."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def promote(
        self,
        reference: str,
        alias: str,
        *,
        note: str = "",
        wait: bool = True,
        timeout_seconds: float = 120.0,
    ) -> Promotion:
        """Have `alias` of a model's name mean that model: an id, or `name@version`.

        With `wait`, returns once every answer under the alias is by this model.

        Raises:
            NotFoundError: there is no such model.
            FailedPreconditionError: another promotion of the alias is under way, or the model is
                archived.
            BrokenArtifactError: a worker could not load it; the alias means what it meant.
            DeadlineExceededError: it is still PENDING.
        """
        path = path_of(_MODELS, reference, ":promote")
        answer = await self._transport.post(path, json={"alias": alias, "note": note})
        begun = Promotion.model_validate(answer)
        return await self._wait(begun, timeout_seconds) if wait else begun

    async def rollback(
        self, reference: str, *, note: str = "", wait: bool = True, timeout_seconds: float = 120.0
    ) -> Promotion:
        """Have `name@alias` mean what it meant before its last promotion.

        Raises:
            NotFoundError: there is no such alias, or the model of that time has been deleted.
            FailedPreconditionError: it meant nothing before; or as `promote`.
            CellgebraError: as `promote`.
        """
        path = path_of(_ALIASES, reference, ":rollback")
        begun = Promotion.model_validate(
            await self._transport.post(path, json={"note": note}, is_repeatable=False)
        )
        return await self._wait(begun, timeout_seconds) if wait else begun

    async def alias(self, reference: str) -> ModelAlias:
        """What `name@alias` means now.

        Raises:
            NotFoundError: there is no such alias.
        """
        return ModelAlias.model_validate(await self._transport.get(path_of(_ALIASES, reference)))

    def aliases(self, *, name: str | None = None) -> AsyncIterator[ModelAlias]:
        """Every alias, newest first."""
        return pages(self._transport, _ALIASES, ModelAlias, {"name": name})

    async def remove_alias(self, reference: str) -> None:
        """Remove `name@alias`; its model stays.

        Raises:
            NotFoundError: there is no such alias.
            FailedPreconditionError: a promotion of it is under way.
        """
        await self._transport.delete(path_of(_ALIASES, reference))

    async def promotion(self, promotion_id: str) -> Promotion:
        """Read a promotion.

        Raises:
            NotFoundError: there is no such promotion.
        """
        return Promotion.model_validate(
            await self._transport.get(path_of(_PROMOTIONS, promotion_id))
        )

    def promotions(
        self, *, name: str | None = None, alias: str | None = None
    ) -> AsyncIterator[Promotion]:
        """Every promotion, newest first."""
        return pages(self._transport, _PROMOTIONS, Promotion, {"name": name, "alias": alias})

    async def compare(
        self,
        references: Sequence[str],
        genotypes: str | Design | Sequence[str | Design] | None = None,
        *,
        top_count: int = 20,
        top_of: TopOf | str = TopOf.HIGHEST,
        timeout_seconds: float = 10.0,
    ) -> Comparison:
        """Models beside each other: figures on one test part, agreement of their rankings.

        Without `genotypes`, over the designs of the test part that the models have in common.
        `top_of` says which end of a ranking is its top: `highest` or `lowest`.

        Raises:
            NotFoundError: there is no such model.
            UnknownEditsError: a model has never seen some edits; every one is listed.
        """
        texts = None
        if genotypes is not None:
            texts = genotypes_of(genotypes)
        body = {
            "model_ids": list(references),
            "genotypes": texts,
            "top_count": top_count,
            "top_of": str(top_of),
            "timeout_seconds": timeout_seconds,
        }
        return Comparison.model_validate(
            await self._transport.post(f"{_MODELS}:compare", json=body)
        )

    async def _wait(self, promotion: Promotion, timeout_seconds: float) -> Promotion:
        deadline = time.monotonic() + timeout_seconds
        while promotion.state is PromotionState.PENDING:
            if time.monotonic() >= deadline:
                raise DeadlineExceededError(
                    f"promotion {promotion.id} is PENDING after {timeout_seconds:g} s; it goes on"
                )
            await pause(_POLL_SECONDS)
            promotion = await self.promotion(promotion.id)
        if promotion.error is not None:
            raise error_from(Problem.model_validate(promotion.error))
        return promotion
