"""A histogram that needs no range beforehand, and is the same in whatever parts it is made.

Bins are [k w, (k + 1) w) for a width w = 2^e. Values that need more than `MOST_BINS` of them make
the bins wider, two becoming one. Law: joined parts are what all values together give.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from service.contract.scoring_jobs import ScoreHistogram

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

MOST_BINS = 1024
SHOWN_BINS = 64
# Of numbers from 1e-300 up; values that differ by less share a bin.
_LEAST_EXPONENT = -1000
_EXACT = 53  # a bin's number is a float until it is counted


@dataclass(frozen=True)
class Histogram:
    """Counts of the bins from number `first` on, of width 2^`exponent`.

    The first bin and the last hold values; a histogram of nothing has none.
    """

    exponent: int = _LEAST_EXPONENT
    first: int = 0
    counts: Codes = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @classmethod
    def of(cls, values: Floats) -> Self:
        """Count values, all of them finite."""
        if not len(values):
            return cls()
        low, high = float(values.min()), float(values.max())
        exponent = _exponent(low, high)
        number_B = np.floor(np.ldexp(values, -exponent)).astype(np.int64)
        number_B[(values < 0) & (number_B == 0)] = -1  # a tiny one that has become -0
        first = _bin(low, exponent)
        return cls(exponent, first, np.bincount(number_B - first))

    def joined(self, other: "Histogram") -> "Histogram":
        """Both together."""
        if not len(self.counts) or not len(other.counts):
            return self if len(self.counts) else other
        exponent = max(self.exponent, other.exponent)
        while True:
            one, two = self.widened(exponent), other.widened(exponent)
            first = min(one.first, two.first)
            end = max(one.first + len(one.counts), two.first + len(two.counts))
            if end - first <= MOST_BINS:
                break
            exponent += 1
        counts = np.zeros(end - first, dtype=np.int64)
        for part in (one, two):
            counts[part.first - first : part.first - first + len(part.counts)] += part.counts
        return Histogram(exponent, first, counts)

    def widened(self, exponent: int) -> "Histogram":
        """The same values in bins of at least that width."""
        steps = exponent - self.exponent
        if steps <= 0 or not len(self.counts):
            return self
        number = [(self.first + i) >> steps for i in range(len(self.counts))]
        counts = np.zeros(number[-1] - number[0] + 1, dtype=np.int64)
        np.add.at(counts, np.array(number) - number[0], self.counts)
        return Histogram(exponent, number[0], counts)

    def shown(self) -> ScoreHistogram | None:
        """At most 64 bins; None of nothing."""
        if not len(self.counts):
            return None
        wide = self
        while len(wide.counts) > SHOWN_BINS:
            wide = wide.widened(wide.exponent + 1)
        width = math.ldexp(1.0, wide.exponent)
        return ScoreHistogram(
            left=wide.first * width, width=width, counts=tuple(wide.counts.tolist())
        )

    def stored(self) -> dict[str, Any]:
        """As JSON; `read` is the inverse."""
        return {
            "exponent": self.exponent,
            "first": self.first,
            "counts": self.counts.tolist(),
        }

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Self:
        """What `stored` gave."""
        counts = np.array(stored["counts"], dtype=np.int64)
        return cls(stored["exponent"], stored["first"], counts)


def _bin(value: float, exponent: int) -> int:
    number = math.floor(math.ldexp(value, -exponent))
    return -1 if value < 0 and number == 0 else number


def _exponent(low: float, high: float) -> int:
    """The least width at which the values need few enough bins, and at which these are exact."""
    largest = max(abs(low), abs(high))
    if not largest:
        return _LEAST_EXPONENT
    exponent = max(_LEAST_EXPONENT, math.frexp(largest)[1] - _EXACT)
    if high > low:
        exponent = max(exponent, math.frexp((high - low) / MOST_BINS)[1] - 1)
    while _bin(high, exponent) - _bin(low, exponent) >= MOST_BINS:
        exponent += 1
    return exponent
