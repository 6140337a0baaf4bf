"""Seconds of a core, of ours and of a bare loop in turn."""

import time
from collections.abc import Callable
from statistics import median


def seconds(work: Callable[[], object]) -> float:
    """Of a core: all runs on one thread, and a wall clock would time what else runs here."""
    start = time.process_time()
    work()
    return time.process_time() - start


def in_turn(
    ours: Callable[[], object], bare: Callable[[], object], rounds: int
) -> tuple[float, float, float]:
    """Median seconds of both, and the median of their ratios."""
    ours(), bare()  # allocated, compiled
    pairs = [(seconds(ours), seconds(bare)) for _ in range(rounds)]
    return (
        median(a for a, _ in pairs),
        median(b for _, b in pairs),
        median(a / b for a, b in pairs),
    )
