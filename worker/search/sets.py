"""Sets of edits as rows of places, in any part of their list, without the list.

A set of R of N places stands at a rank below comb(N, R): sets are ordered by their least place,
from the last to the first, so that the sets whose least place lies in a range are a range of ranks.

Source: the combinatorial number system (Knuth, The Art of Computer Programming 4A, 7.2.1.3), read
from the end of the list of places.
"""

from math import comb

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]


def ranks_of(count: int, size: int, begin: int, end: int) -> range:
    """Ranks of the sets of `size` of `count` places whose least place is in [begin, end).

    The empty set is counted with the place 0.
    """
    first = comb(max(0, count - end), size) if size else 0
    return range(first, first + set_count(count, size, begin, end))


def set_count(count: int, size: int, begin: int, end: int) -> int:
    """How many those are."""
    if size == 0:
        return int(begin <= 0 < end)
    return comb(max(0, count - begin), size) - comb(max(0, count - end), size)


def sets_at(count: int, size: int, ranks: range) -> Codes:
    """The sets at some ranks, places ascending, [len(ranks), size]."""
    left_B = np.arange(ranks.start, ranks.stop, dtype=np.int64)
    set_BR = np.empty((len(left_B), size), dtype=np.int64)
    most = ranks.stop
    for column, members in enumerate(range(size, 0, -1)):
        table_M = _binomials(count, members, most)
        place_B = np.searchsorted(table_M, left_B, side="right") - 1
        left_B = left_B - table_M[place_B]
        set_BR[:, column] = count - 1 - place_B
    return set_BR


def _binomials(count: int, members: int, most: int) -> Codes:
    """comb(m, members) for m from 0, as far as they are at most `most`."""
    found: list[int] = []
    for m in range(count):
        value = comb(m, members)
        if value > most:
            break
        found.append(value)
    return np.array(found, dtype=np.int64)
