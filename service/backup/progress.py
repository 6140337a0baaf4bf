"""How far a long copy is, said now and then."""

import time
from collections.abc import Callable

_EVERY_SECONDS = 2.0

Tell = Callable[[str], object]


class Progress:
    """Counts blobs and bytes, and tells every two seconds how many are left and for how long."""

    def __init__(self, what: str, blob_count: int, size_bytes: int, tell: Tell) -> None:
        self._what, self._count, self._size, self._tell = what, blob_count, size_bytes, tell
        self._done = self._bytes = 0
        self._begin = self._told = time.monotonic()

    def add(self, size_bytes: int) -> None:
        """One more blob."""
        self._done += 1
        self._bytes += size_bytes
        now = time.monotonic()
        if now - self._told >= _EVERY_SECONDS:
            self._told = now
            left = (self._size - self._bytes) * (now - self._begin) / max(1, self._bytes)
            self._tell(
                f"{self._what}: {self._done:,} of {self._count:,} blobs, "
                f"{self._bytes / 1e6:,.0f} of {self._size / 1e6:,.0f} MB, about {left:.0f} s left"
            )
