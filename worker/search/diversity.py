"""Designs that are good and unlike each other: maximal marginal relevance.

Next is the design with the greatest (1 - d) v - d s: v is its value, scaled to 0..1 over the
candidates, s its greatest Jaccard similarity to a design already chosen (shared edits over all
edits of both), d the diversity. d = 0 takes the best values; d = 1 looks at edits alone.

Source: Carbonell and Goldstein 1998, doi:10.1145/290941.291025.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


def choose_diverse(
    value_C: Floats, set_CR: Codes, count: int, diversity: float, begun: Sequence[int] = ()
) -> list[int]:
    """Places of `count` designs, in the order of choice, those of `begun` first.

    Sets are padded with -1. Of equals the first in the list is taken.
    """
    chosen = list(begun)[:count]
    if diversity == 0:
        left = np.setdiff1d(np.arange(len(value_C)), chosen)
        by_value = left[np.argsort(-value_C[left], kind="stable")][: count - len(chosen)]
        return [*chosen, *by_value.tolist()]
    holders = Holders(set_CR)
    similar_C = np.zeros(len(value_C))
    worth_of_C = (1 - diversity) * scaled(value_C)
    for place in chosen:
        similar_C = np.maximum(similar_C, holders.similarity(place))
    is_left_C = np.ones(len(value_C), dtype=bool)
    is_left_C[chosen] = False
    while len(chosen) < min(count, len(value_C)):
        worth_C = np.where(is_left_C, worth_of_C - diversity * similar_C, -np.inf)
        place = int(np.argmax(worth_C))
        chosen.append(place)
        is_left_C[place] = False
        similar_C = np.maximum(similar_C, holders.similarity(place))
    return chosen


def scaled(value_C: Floats) -> Floats:
    """Values on the scale from 0, the least of them, to 1."""
    low, high = value_C.min(initial=np.inf), value_C.max(initial=-np.inf)
    scaled_C: Floats = (value_C - low) / (high - low) if high > low else np.zeros_like(value_C)
    return scaled_C


class Holders:
    """Which designs hold each edit."""

    def __init__(self, set_CR: Codes) -> None:
        self._set_CR = set_CR
        self._size_C = (set_CR >= 0).sum(axis=1)
        row_H, column_H = np.nonzero(set_CR >= 0)
        edit_H = set_CR[row_H, column_H]
        order_H = np.argsort(edit_H, kind="stable")
        self._row_H, self._edit_H = row_H[order_H], edit_H[order_H]

    def similarity(self, place: int) -> Floats:
        """Jaccard similarity of all designs to one [C]; of two without edits it is 1."""
        shared_C = np.zeros(len(self._set_CR))
        for edit in self._set_CR[place][self._set_CR[place] >= 0]:
            begin, end = np.searchsorted(self._edit_H, [edit, edit + 1])
            shared_C[self._row_H[begin:end]] += 1
        both_C = self._size_C + self._size_C[place] - shared_C
        alike_C = np.ones_like(shared_C)
        np.divide(shared_C, both_C, out=alike_C, where=both_C > 0)
        return alike_C
