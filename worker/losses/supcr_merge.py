"""The order of SupCR's rows around each anchor, compiled. Importing this imports numba.

Around an anchor the rows to either side of it, in the order of their labels, are already sorted
by distance: merging the two sides from the far ends inwards gives the order. No row is sorted.
Unsigned indices spare numba's test for negative ones.
"""

# ruff: noqa: PLR0917  # numba has no keyword-only arguments

import numpy as np
import numpy.typing as npt

from worker.losses.compiled import Doubles, Flags, Integers, compiled

# Of the least width that holds the number of rows.
Indices = npt.NDArray[np.uint16 | np.uint32]

# Anchors worked on side by side: one alone mostly waits for its own last step.
ANCHORS = 4


@compiled
def four_anchors(wanted: Flags, first: int, four: Integers) -> tuple[int, int]:
    """Up to four rows that are wanted, from `first` on; returns how many, and where to go on.

    Places that are not filled repeat the first, so that there is always something to do.
    """
    found = 0
    row = first
    while row < len(wanted) and found < ANCHORS:
        if wanted[row]:
            four[found] = row
            found += 1
        row += 1
    for spare in range(found, ANCHORS):
        four[spare] = four[0]
    return found, row


@compiled
def _farther(
    lo: np.int64, hi: np.int64, here: float, label: Doubles
) -> tuple[np.int64, np.int64, np.uint64, float]:
    """One step of a merge: take the farther end of the window. No branch to mispredict."""
    left = here - label[np.uint64(lo)]
    right = label[np.uint64(hi)] - here
    is_left = -np.int64(left >= right)
    at = hi ^ ((hi ^ lo) & is_left)
    return lo - is_left, hi - 1 - is_left, np.uint64(at), max(left, right)


@compiled
def _merge(
    label: Doubles,
    order: Indices,
    n: int,
    place: Integers,
    four: Integers,
    taken: Indices,
    tied: Flags,
) -> None:
    """Orders of four anchors, given by their places in `label`, and whether distances tie."""
    y0, y1, y2, y3 = label[place[0]], label[place[1]], label[place[2]], label[place[3]]
    t0, t1, t2, t3 = taken[four[0]], taken[four[1]], taken[four[2]], taken[four[3]]
    l0 = l1 = l2 = l3 = np.int64(0)
    h0 = h1 = h2 = h3 = np.int64(n - 1)
    d0 = d1 = d2 = d3 = -1.0
    q0 = q1 = q2 = q3 = False
    for step in range(n):
        l0, h0, a0, e0 = _farther(l0, h0, y0, label)
        l1, h1, a1, e1 = _farther(l1, h1, y1, label)
        l2, h2, a2, e2 = _farther(l2, h2, y2, label)
        l3, h3, a3, e3 = _farther(l3, h3, y3, label)
        t0[step], t1[step], t2[step], t3[step] = order[a0], order[a1], order[a2], order[a3]
        q0, q1, q2, q3 = q0 | (e0 == d0), q1 | (e1 == d1), q2 | (e2 == d2), q3 | (e3 == d3)
        d0, d1, d2, d3 = e0, e1, e2, e3
    tied[four[0]], tied[four[1]], tied[four[2]], tied[four[3]] = q0, q1, q2, q3


@compiled
def merge_column(
    label: Doubles, order: Indices, n: int, place: Integers, taken: Indices, tied: Flags
) -> None:
    """Rows of one label column in falling order of their distance from some anchors.

    Args:
        label: labels in rising order, of which the first `n` count.
        order: the rows that have them.
        n: how many rows have a label.
        place: where each anchor's label stands, -1 for none.
        taken: to fill, [anchors, at least n]; the anchor itself is last, unless others tie.
        tied: to fill, [anchors]: whether two rows are equally far.
    """
    four = np.empty(ANCHORS, np.int64)
    wanted = place >= 0
    found, after = four_anchors(wanted, 0, four)
    while found > 0:
        _merge(label, order, n, place[four], four, taken, tied)
        found, after = four_anchors(wanted, after, four)
