"""The best choices of a few edits of a list, at most one of a clique, compiled."""

import numpy as np
from numpy.typing import NDArray

from worker.compiled import compiled
from worker.search.branch_arrays import BranchArrays
from worker.search.branch_state import Work

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@compiled
def group_ends(t: BranchArrays, list_N: Codes, value_NK: Floats, left: int, w: Work) -> None:
    """The largest and the smallest sums of `left` rows, one of a clique at most, to `w.end_2K`.

    `list_N` has the edits of a clique one after the other, and `left` cliques at least.
    """
    width = value_NK.shape[1]
    slot_RK = w.slot_RK[: left + 1, :width]
    for end in range(2):
        sign = 1.0 - 2.0 * end
        slot_RK[:] = -np.inf
        place = 0
        while place < len(list_N):
            place = _best_of_group(t, list_N, value_NK, place, sign, slot_RK[left])
            _insert(slot_RK)
        for k in range(width):
            total = 0.0
            for r in range(left):
                total += slot_RK[r, k]
            w.end_2K[end, k] = sign * total


@compiled
def _best_of_group(  # noqa: PLR0917  # of a compiled function all are positional
    t: BranchArrays, list_N: Codes, value_NK: Floats, place: int, sign: float, best_K: Floats
) -> int:
    """The largest values of the clique that begins at a place; where the next begins."""
    clique = t.clique_E[list_N[place]]
    for k in range(len(best_K)):
        best_K[k] = sign * value_NK[place, k]
    place += 1
    while place < len(list_N) and t.clique_E[list_N[place]] == clique:
        for k in range(len(best_K)):
            value = sign * value_NK[place, k]
            best_K[k] = value if value > best_K[k] else best_K[k]
        place += 1
    return place


@compiled
def _insert(slot_RK: Floats) -> None:
    """Put the last row among those above it, which fall; each column by itself."""
    last = len(slot_RK) - 1
    for r in range(last):
        for k in range(slot_RK.shape[1]):
            a, b = slot_RK[r, k], slot_RK[last, k]
            slot_RK[r, k] = a if a > b else b
            slot_RK[last, k] = b if a > b else a


@compiled
def largest(t: BranchArrays, list_N: Codes, value_N: Floats, left: int, top_R: Floats) -> Codes:
    """Places of the `left` largest, one of a clique at most, falling; values to `top_R`."""
    place_R = np.full(left, -1, dtype=np.int64)
    top_R[:left] = -np.inf
    place = 0
    while place < len(list_N):
        best, clique = place, t.clique_E[list_N[place]]
        place += 1
        while place < len(list_N) and t.clique_E[list_N[place]] == clique:
            if value_N[place] > value_N[best]:
                best = place
            place += 1
        value = value_N[best]
        for r in range(left):
            if value > top_R[r]:
                top_R[r], value = value, top_R[r]
                place_R[r], best = best, place_R[r]
    return place_R
