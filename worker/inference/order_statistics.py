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
    any list are below it. These s are passed over at once, and the rest has a lower rank.
    """
    rows, lists = shift_BM.shape
    found_B = np.empty(rows)
    place_M = np.empty(lists, dtype=np.int64)
    for row in range(rows):
        place_M[:] = start_N[:-1]
        left, value = rank, np.nan
        while left > 0:
            step = max(1, left // lists)
            best, value = -1, np.inf
            for m in range(lists):
                at = place_M[m] + step - 1
                if at < start_N[m + 1]:
                    candidate = shift_BM[row, m] + sorted_Q[at]
                    if best < 0 or candidate < value:
                        best, value = m, candidate
            place_M[best] += step
            left -= step
        found_B[row] = value
    return found_B
