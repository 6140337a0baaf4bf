"""Order statistics of sorted lists, each moved by a number. Importing this imports numba."""

import numpy as np
from numpy.typing import NDArray

from worker.compiled import compiled

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@compiled
def least(shift_BM: Floats, sorted_Q: Floats, start_N: Codes, rank: int) -> Floats:
    """The value of this rank, from 1, among shift_m + list m over all lists M, for each row [B].

    List m is `sorted_Q` from `start_N[m]` to `start_N[m + 1]`; N = M + 1. With s = rank // M, the
    list whose s-th value is the least has s values among the `rank` least of all: fewer than s of
    any list are below it. These s are passed over at once, and the rest has a lower rank. Values
    that nobody passed over are kept, and the least is chosen without a branch.
    """
    rows, lists = shift_BM.shape
    found_B = np.empty(rows)
    place_M, next_M = np.empty(lists, dtype=np.int64), np.empty(lists)
    for row in range(rows):
        place_M[:] = start_N[:-1]
        left, step, best, value = rank, 0, 0, np.nan
        while left > 0:
            is_shorter = step != max(1, left // lists)
            step = max(1, left // lists)
            for m in range(0 if is_shorter else best, lists if is_shorter else best + 1):
                at = place_M[m] + step - 1
                is_there = at < start_N[m + 1]
                moved = shift_BM[row, m] + sorted_Q[at if is_there else 0]
                next_M[m] = moved if is_there else np.inf
            best, value = 0, next_M[0]
            for m in range(1, lists):
                is_less = next_M[m] < value
                best = m if is_less else best
                value = next_M[m] if is_less else value
            place_M[best] += step
            left -= step
        found_B[row] = value
    return found_B
