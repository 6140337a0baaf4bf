"""How slowly a body may come, at every door: a sender has so much patience, and earns it back."""

import asyncio
import time
from collections.abc import Awaitable
from typing import TypeVar

from service.contract.errors import SlowSenderError
from service.contract.settings import Settings

T = TypeVar("T")


class Pace:
    """The patience with one sender: to wait for it spends it, what comes earns it back.

    Only waiting counts, so that nobody is refused for what the service itself takes long over; and
    no more than all of it is earned, so that nobody can save some up to be silent later.
    """

    def __init__(self, settings: Settings) -> None:
        self._bytes_per_second = settings.min_bytes_per_second
        self._patience_seconds = self._left_seconds = settings.slow_sender_seconds

    async def wait(self, coming: Awaitable[T]) -> T:
        """What comes next of a body.

        Raises:
            SlowSenderError: it does not come while patience lasts.
        """
        begin = time.monotonic()
        limit = asyncio.timeout(self._left_seconds)
        try:
            async with limit:
                return await coming
        except TimeoutError:
            if limit.expired():
                raise self._too_slow() from None
            raise
        finally:
            self._left_seconds -= time.monotonic() - begin

    def earn(self, size_bytes: int) -> None:
        """Count bytes that have come."""
        earned_seconds = self._left_seconds + size_bytes / self._bytes_per_second
        self._left_seconds = min(self._patience_seconds, earned_seconds)

    def _too_slow(self) -> SlowSenderError:
        return SlowSenderError(
            f"the body has come more slowly than {self._bytes_per_second} bytes a second "
            f"(CELLGEBRA_MIN_BYTES_PER_SECOND), or not at all, for {self._patience_seconds:g} "
            "seconds (CELLGEBRA_SLOW_SENDER_SECONDS): nothing of it was kept; send it again"
        )
