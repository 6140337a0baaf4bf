"""The best of many designs, a batch at a time, in memory that does not grow with them.

Laws: the best of two lists are the best of their bests; the order in which designs come changes
nothing: ties go to the set whose first differing place is less.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


class Best(NamedTuple):
    """Values, descending, and sets of places, [K] and [K, R]."""

    value_K: Floats
    set_KR: Codes

    @classmethod
    def none(cls, size: int) -> "Best":
        """No design, of `size` edits."""
        return cls(np.zeros(0), np.zeros((0, size), dtype=np.int64))

    def joined(self, value_B: Floats, set_BR: Codes, most: int) -> "Best":
        """The best of these and of others; designs of -inf are none."""
        if not most:
            return self
        least = self.value_K[-1] if len(self.value_K) == most else -np.inf
        place_B = np.flatnonzero((value_B >= least) & (value_B > -np.inf))
        if len(place_B) > most:
            cut = np.partition(value_B[place_B], -most)[-most]
            place_B = place_B[value_B[place_B] >= cut]
        if not len(place_B):
            return self
        value_C = np.concatenate([self.value_K, value_B[place_B]])
        set_CR = np.concatenate([self.set_KR, set_BR[place_B]])
        order_K = np.lexsort((*set_CR.T[::-1], -value_C))[:most]
        return Best(value_C[order_K], set_CR[order_K])


class Front(NamedTuple):
    """Designs that no other is at least as good as in both terms, [Q, 2] and [Q, R].

    Of designs that are equal in both, the first stands for all.
    """

    term_Q2: Floats
    set_QR: Codes

    @classmethod
    def none(cls, size: int) -> "Front":
        """No design, of `size` edits."""
        return cls(np.zeros((0, 2)), np.zeros((0, size), dtype=np.int64))

    def joined(self, term_B2: Floats, set_BR: Codes) -> "Front":
        """The front of these and of others."""
        term_C2 = np.concatenate([self.term_Q2, term_B2])
        set_CR = np.concatenate([self.set_QR, set_BR])
        kept = undominated(term_C2, set_CR)
        return Front(term_C2[kept], set_CR[kept])


def undominated(term_B2: Floats, set_BR: Codes) -> Codes:
    """Places of the designs on the front, by the first term, descending."""
    order_B = np.lexsort((*set_BR.T[::-1], -term_B2[:, 1], -term_B2[:, 0]))
    second_B = term_B2[order_B, 1]
    before_B = np.concatenate([[-np.inf], np.maximum.accumulate(second_B)[:-1]])
    on_front: Codes = order_B[second_B > before_B[: len(second_B)]]
    return on_front


def merged(parts: Iterable[Best], size: int, most: int) -> Best:
    """The best of several lists."""
    best = Best.none(size)
    for part in parts:
        best = best.joined(part.value_K, part.set_KR, most)
    return best
