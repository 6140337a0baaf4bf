"""Designs in parts of like size, so that what a padded batch of them costs has a bound."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from service.contract.designs import Design

Places = NDArray[np.int64]

PAIRS = 1 << 16


def parts_of(designs: Sequence[Design], pairs: int = PAIRS) -> list[Places]:
    """Places of the designs, from few edits to many, in parts of at most `pairs` padded pairs.

    Attention and support look at every pair of a batch's columns, and a batch is as wide as its
    widest design: one of a hundred edits among ten thousand of one would cost ten thousand times
    a hundred squared. A design that holds more pairs than that is a part of its own. Without any
    design there is one empty part.
    """
    width_B = np.array([max(1, design.order) for design in designs], dtype=np.int64)
    place_B: Places = np.argsort(width_B, kind="stable")
    cuts, begin = [], 0
    for end, width in enumerate(width_B[place_B].tolist()):
        if end > begin and (end + 1 - begin) * width**2 > pairs:
            cuts.append(end)
            begin = end
    return np.split(place_B, cuts)


def request_order(parts: Sequence[Places]) -> Places:
    """Where each design of the request stands in the parts put one behind the other."""
    return np.argsort(np.concatenate(parts))
