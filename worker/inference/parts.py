"""Designs in parts of like size, so that what a padded batch of them costs has a bound."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]

PAIRS = 1 << 13


def parts_of(order_B: Places, pairs: int = PAIRS) -> list[Places]:
    """Places of designs of so many edits, in parts of at most `pairs` padded pairs.

    Attention and support look at every pair of a batch's columns, and a batch is as wide as its
    widest design: one of a hundred edits among ten thousand of one would cost ten thousand times
    a hundred squared. A design that holds more pairs than that is a part of its own. Without any
    design there is one empty part. What fits into one part stays in order; parts go from few edits
    to many.
    """
    width_B = np.maximum(order_B, 1)
    if len(width_B) * width_B.max(initial=1) ** 2 <= pairs:
        return [np.arange(len(width_B))]
    place_B: Places = np.argsort(width_B, kind="stable")
    widths, counts = np.unique(width_B, return_counts=True)
    cuts: list[int] = []
    begin = start = 0
    for width, count in zip(widths.tolist(), counts.tolist(), strict=True):
        most, end = max(1, pairs // width**2), start + count
        while end - begin > most:
            begin = max(begin + most, start)
            cuts.append(begin)
        start = end
    return np.split(place_B, cuts)


def request_order(parts: Sequence[Places]) -> Places:
    """Where each design of the request stands in the parts put one behind the other."""
    place_B = np.concatenate(parts)
    order_B = np.empty(len(place_B), dtype=np.int64)
    order_B[place_B] = np.arange(len(place_B))
    return order_B
