"""A bound on requests that wait for an answer."""

from collections.abc import Iterator
from contextlib import contextmanager

from service.contract.errors import ResourceExhaustedError


class InFlight:
    """Counts requests between their start and end. For one event loop: it takes no lock."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._count = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """Count one request for the length of the block.

        Raises:
            ResourceExhaustedError: as many as allowed are in flight.
        """
        if self._count >= self._limit:
            raise ResourceExhaustedError(
                f"{self._limit} score requests are in flight, which is the limit; try again in "
                "a second, or send more designs in one request"
            )
        self._count += 1
        try:
            yield
        finally:
            self._count -= 1
