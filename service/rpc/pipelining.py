"""A stream of requests answered in their order, several at a time.

Laws: every request that was read is answered, once and in order, unless the stream is given up;
what is under way is bounded, and a place is free again when its answer was taken, so that a reader
who is slow stops the reading of requests; whatever ends the stream leaves no task behind.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple, TypeVar

from service.contract.errors import UnavailableError

Q = TypeVar("Q")
A = TypeVar("A")


class Limits(NamedTuple):
    """How much of a stream is under way: so many requests, and so much weight or one request."""

    requests: int = 64
    weight: int = 20_000


class _Window:
    """What is under way. One task enters, one leaves."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._count = 0
        self._weight = 0
        self._left = asyncio.Event()

    async def enter(self, weight: int) -> None:
        while self._count and (
            self._count >= self._limits.requests or self._weight + weight > self._limits.weight
        ):
            self._left.clear()
            await self._left.wait()
        self._count += 1
        self._weight += weight

    def leave(self, weight: int) -> None:
        self._count -= 1
        self._weight -= weight
        self._left.set()


class Pipeline:
    """Answers requests by `answer`, which raises nothing; `weigh` tells how large one is.

    When `going` is set, no more is read, and what was read is answered.
    """

    def __init__(self, going: asyncio.Event, limits: Limits | None = None) -> None:
        self._going = going
        self._limits = limits or Limits()

    async def answers(
        self,
        requests: AsyncIterator[Q],
        answer: Callable[[Q], Awaitable[A]],
        weigh: Callable[[Q], int],
    ) -> AsyncIterator[A]:
        """The answers.

        Raises:
            UnavailableError: `going` was set before the requests had ended.
            Exception: what the requests have raised, once those before are answered.
        """
        window = _Window(self._limits)
        under_way: asyncio.Queue[tuple[asyncio.Future[A], int] | None] = asyncio.Queue()

        async def read() -> None:
            try:
                async for request in requests:
                    weight = weigh(request)
                    await window.enter(weight)
                    under_way.put_nowait((asyncio.ensure_future(answer(request)), weight))
            finally:
                under_way.put_nowait(None)

        try:
            async with self._until_going(asyncio.create_task(read())) as reading:
                while (place := await under_way.get()) is not None:
                    yield await place[0]
                    window.leave(place[1])
                await _end(reading)
        finally:  # nothing is read any more
            await _give_up(under_way)

    @asynccontextmanager
    async def _until_going(self, reading: asyncio.Task[None]) -> AsyncIterator[asyncio.Task[None]]:
        """Stop the task when it is time to go, or when the block ends."""
        watching = asyncio.create_task(self._going.wait())
        watching.add_done_callback(lambda _: reading.cancel())
        try:
            yield reading
        finally:
            watching.cancel()
            reading.cancel()
            await asyncio.gather(watching, reading, return_exceptions=True)


async def _end(reading: asyncio.Task[None]) -> None:
    """Raise what reading has ended with."""
    await asyncio.wait([reading])
    if reading.cancelled():
        raise UnavailableError("the server is going: send again shortly what was not answered")
    reading.result()


async def _give_up(under_way: "asyncio.Queue[tuple[asyncio.Future[A], int] | None]") -> None:
    left = []
    while not under_way.empty():
        place = under_way.get_nowait()
        if place is not None:
            place[0].cancel()
            left.append(place[0])
    await asyncio.gather(*left, return_exceptions=True)
