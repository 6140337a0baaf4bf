"""Streams of health and reflection: a server that stops ends them, and their clients come again.

Those of the contract heed `Context.going` themselves: they first say what they owe, and from where
to come again.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from service.contract.errors import UnavailableError

ENDED = "the server is stopping: connect again, and go on from the last answer that you have"


class OpenStreams:
    """The streams of one server, on one event loop."""

    def __init__(self) -> None:
        self._limits: set[asyncio.Timeout] = set()
        self._is_ended = False

    def __len__(self) -> int:
        """How many are open."""
        return len(self._limits)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """The length of the block is that of one stream.

        Raises:
            UnavailableError: the server stops, or has stopped before.
        """
        if self._is_ended:
            raise UnavailableError(ENDED)
        # A time limit that has none until the end: asyncio tells it from a cancel by the client.
        limit = asyncio.timeout(None)
        try:
            async with limit:
                self._limits.add(limit)
                yield
        except TimeoutError:
            if limit.expired():
                raise UnavailableError(ENDED) from None
            raise
        finally:
            self._limits.discard(limit)

    def end(self) -> None:
        """End those that are open, and every later one at once."""
        self._is_ended = True
        for limit in self._limits:
            limit.reschedule(0)
