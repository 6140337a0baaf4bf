"""Arithmetic in the latent space of a model, as the client sees it."""

from collections.abc import Iterable
from typing import Any

from service.client.aio.transport import AsyncTransport
from service.client.genotypes import genotypes_of
from service.client.paths import path_of
from service.contract.algebra import (
    DEFAULT_STEPS,
    ComposeAnswer,
    LatentMetric,
    LatentOperation,
)
from service.contract.designs import Design

_PATH = "/v1/models"


class AsyncLatentAlgebra:
    """What can be done in the latent space of the model that `reference` calls."""

    def __init__(self, transport: AsyncTransport, reference: str) -> None:
        self._transport = transport
        self.reference = reference

    async def compose(self, *designs: str | Design, **options: Any) -> ComposeAnswer:  # noqa: ANN401
        """All designs in one strain: z_W + the sum of their shifts.

        `options` are those of `latent`.

        Raises:
            CellgebraError: as `latent`.
        """
        return await self.latent("compose", designs, **options)

    async def subtract(
        self,
        design: str | Design,
        without: str | Design,
        **options: Any,  # noqa: ANN401
    ) -> ComposeAnswer:
        """The first design without the shifts of the second.

        Raises:
            CellgebraError: as `latent`.
        """
        return await self.latent("subtract", (design, without), **options)

    async def analogy(
        self,
        design: str | Design,
        start: str | Design,
        other: str | Design,
        **options: Any,  # noqa: ANN401
    ) -> ComposeAnswer:
        """What takes `start` to `design`, done to `other`.

        Raises:
            CellgebraError: as `latent`.
        """
        return await self.latent("analogy", (design, start, other), **options)

    async def interpolate(
        self,
        start: str | Design,
        end: str | Design,
        steps: int = DEFAULT_STEPS,
        **options: Any,  # noqa: ANN401
    ) -> ComposeAnswer:
        """States on the way from one design to another, both ends included (21 steps at most).

        Raises:
            CellgebraError: as `latent`.
        """
        return await self.latent("interpolate", (start, end), steps=steps, **options)

    async def latent(
        self,
        operation: LatentOperation | str,
        designs: str | Design | Iterable[str | Design],
        *,
        steps: int | None = None,
        metric: LatentMetric | str = LatentMetric.EUCLID,
        nearest_count: int = 5,
        permutations: int = 999,
        seed: int = 0,
        with_latents: bool = False,
        timeout_seconds: float = 10.0,
    ) -> ComposeAnswer:
        """Carry a latent operation out (`ComposeRequest` has the meaning of the options).

        Raises:
            FailedPreconditionError: the model has no latent space.
            InvalidDesignError: genotypes are malformed, or exclude each other; all are listed.
            UnknownEditsError: the model has never seen some edits; every one is listed.
            InvalidArgumentError: the request makes no sense, or is too large.
            DeadlineExceededError: no answer in time.
        """
        texts = genotypes_of(designs)
        body = {
            "operation": str(operation),
            "designs": texts,
            "steps": steps,
            "metric": str(metric),
            "nearest_count": nearest_count,
            "permutations": permutations,
            "seed": seed,
            "with_latents": with_latents,
            "timeout_seconds": timeout_seconds,
        }
        answer = await self._transport.post(path_of(_PATH, self.reference, ":compose"), json=body)
        return ComposeAnswer.model_validate(answer)
