"""A bound on requests that wait for an answer, and on their designs."""

from collections.abc import Iterator
from contextlib import contextmanager

from service.contract.errors import ResourceExhaustedError
from service.metrics.families import Metrics


class InFlight:
    """Counts requests between their start and end. For one event loop: it takes no lock."""

    def __init__(self, max_requests: int, max_designs: int) -> None:
        self._max_requests = max_requests
        self._max_designs = max_designs
        self._request_count = 0
        self._design_count = 0

    def measure(self, metrics: Metrics) -> None:
        """Have what is in flight shown by every scrape."""
        metrics.watch(
            "cellgebra_scores_in_flight", "Score requests in flight", lambda: self._request_count
        )
        metrics.watch(
            "cellgebra_designs_in_flight",
            "Designs of score requests in flight",
            lambda: self._design_count,
        )

    @property
    def request_count(self) -> int:
        """How many are in flight."""
        return self._request_count

    @contextmanager
    def one(self, design_count: int = 1) -> Iterator[None]:
        """Count one request of so many designs for the length of the block.

        Raises:
            ResourceExhaustedError: as many as allowed are in flight.
        """
        if self._request_count >= self._max_requests:
            raise ResourceExhaustedError(
                f"{self._max_requests} score requests are in flight, which is the limit; try again "
                "in a second, or send more designs in one request"
            )
        if self._request_count and self._design_count + design_count > self._max_designs:
            raise ResourceExhaustedError(
                f"{self._design_count} designs are in flight, and the limit is "
                f"{self._max_designs}: try again in a second"
            )
        self._request_count += 1
        self._design_count += design_count
        try:
            yield
        finally:
            self._request_count -= 1
            self._design_count -= design_count
