"""Requests to stop: signals, and the end of the process that started us."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequests:
    """Counts the signals: the first asks to stop, the second to hurry."""

    def __init__(self, *, with_parent: bool = False) -> None:
        self._count = 0
        self._parent = os.getppid() if with_parent else None

    def is_asked(self) -> bool:
        """Whether to stop."""
        return self._count > 0 or self._is_orphan()

    def is_urgent(self) -> bool:
        """Whether to stop without waiting for anyone."""
        return self._count > 1

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take SIGINT, SIGTERM and SIGHUP as requests while the block runs."""
        before = {number: signal.signal(number, self._note) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._count += 1

    def _is_orphan(self) -> bool:
        return self._parent is not None and os.getppid() != self._parent
