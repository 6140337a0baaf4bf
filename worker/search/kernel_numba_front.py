"""`found.h` in numba: the front of two values, and its rivals."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.losses.compiled import compiled
from worker.search.kernel_numba_found import Edits, is_better, put

# Places among the counts of `Kept`.
FRONT, RIVALS, LOST, IS_FULL = range(4)


class Goals(NamedTuple):
    """What ranks, limits, strata and fronts need."""

    allowed: NDArray[np.uint8]
    weight: NDArray[np.float32]
    penalty: NDArray[np.float32]
    limit_label: NDArray[np.int64]
    limit_sign: NDArray[np.float32]
    limit_factor: NDArray[np.float32]
    limit_least: NDArray[np.float32]
    sure_sign: NDArray[np.float32]
    sure_least: NDArray[np.float32]
    front_weight: NDArray[np.float32]
    front_penalty: NDArray[np.float32]
    front_slack: NDArray[np.float32]
    stratum: NDArray[np.int64]
    strata: int
    bins: int
    bin_start: np.float32
    bins_per_unit: np.float32


class Kept(NamedTuple):
    """Arrays of `Found`, and its counts: [4], designs on the front, rivals, and two flags."""

    value: NDArray[np.float32]
    edit: NDArray[np.int32]
    filled: NDArray[np.int64]
    histogram: NDArray[np.int64]
    front_value: NDArray[np.float32]
    front_edit: NDArray[np.int32]
    rival_value: NDArray[np.float32]
    rival_edit: NDArray[np.int32]
    counts: NDArray[np.int64]


@compiled
def compare_with_front(  # noqa: PLR0917  # of a compiled function all are positional
    g: Goals, mean_sd: NDArray[np.float32], k: int, is_sure: bool, found: Kept, edits: Edits
) -> None:
    """Note a design that the front does not beat; one that is surely feasible may stand on it."""
    most = _side(g, mean_sd, 2, k), _side(g, mean_sd, 3, k)
    if _is_beaten(found, most[0], most[1]):
        return
    _add_rival(found, most[0], most[1], edits)
    if is_sure:
        least = _side(g, mean_sd, 0, k), _side(g, mean_sd, 1, k)
        found.counts[FRONT], is_full = _keep_on_front(
            found.front_value, found.front_edit, found.counts[FRONT], least[0], least[1], edits
        )
        found.counts[IS_FULL] |= is_full


@compiled
def _side(g: Goals, mean_sd: NDArray[np.float32], side: int, k: int) -> np.float32:
    """What one of the two values is at least (0, 1) or at most (2, 3)."""
    total: np.float32 = np.float32(0)
    for y in range(mean_sd.shape[1]):
        if g.front_weight[side, y] != 0:
            total += g.front_weight[side, y] * mean_sd[0, y, k]
        if g.front_penalty[side, y] != 0:
            total -= g.front_penalty[side, y] * mean_sd[1, y, k]
    total += g.front_slack[side]
    return total


@compiled
def _is_beaten(found: Kept, a: np.float32, b: np.float32) -> bool:
    value = found.front_value
    low = _count_above(value, found.counts[FRONT], a)
    if low == 0:
        return False
    second = value[low - 1, 1]
    return bool(second > b or (second == b and value[low - 1, 0] > a))


@compiled
def _add_rival(found: Kept, a: np.float32, b: np.float32, edits: Edits) -> None:
    value, edit, count = found.rival_value, found.rival_edit, found.counts
    if count[LOST]:
        return
    if count[RIVALS] == len(value):
        kept = 0
        for n in range(len(value)):
            if not _is_beaten(found, value[n, 0], value[n, 1]):
                value[kept], edit[kept] = value[n], edit[n]
                kept += 1
        count[RIVALS] = kept
        count[LOST] = 2 * kept > len(value)
        if count[LOST]:
            return
    place = count[RIVALS]
    value[place, 0], value[place, 1] = a, b
    for n in range(3):
        edit[place, n] = edits[n]
    count[RIVALS] += 1


@compiled
def _count_above(value: NDArray[np.float32], count: int, a: np.float32) -> int:
    """How many of a front have a first value that is not below a."""
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        if value[middle, 0] >= a:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def _keep_on_front(  # noqa: PLR0917
    value: NDArray[np.float32],
    edit: NDArray[np.int32],
    count: int,
    a: np.float32,
    b: np.float32,
    edits: Edits,
) -> tuple[int, bool]:
    """Designs on the front then, and whether there was no room: falling first, rising second."""
    low = _count_above(value, count, a)
    if low > 0 and value[low - 1, 1] >= b:
        is_same = low > 0 and value[low - 1, 0] == a and value[low - 1, 1] == b
        if is_same and is_better(a, edits, a, edit[low - 1]):
            put(value[:, 0], edit, low - 1, a, edits)
        return count, False
    begin, end = low, low
    while begin > 0 and value[begin - 1, 0] == a:
        begin -= 1
    while end < count and value[end, 1] <= b:
        end += 1
    if begin == end and count == len(value):
        return count, True
    moved = count - end
    value[begin + 1 : begin + 1 + moved] = value[end:count].copy()
    edit[begin + 1 : begin + 1 + moved] = edit[end:count].copy()
    value[begin, 1] = b
    put(value[:, 0], edit, begin, a, edits)
    return begin + 1 + moved, False
