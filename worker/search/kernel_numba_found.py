"""`found.h` in numba: heaps of the best designs, and the front of two values."""

import numpy as np
from numpy.typing import NDArray

from worker.losses.compiled import compiled

Edits = tuple[int, int, int]


@compiled
def _is_better(
    value: np.float32, edits: Edits, other: np.float32, other_edits: NDArray[np.int32]
) -> bool:
    """The higher value, of equal ones the smaller edits."""
    if value != other:
        return bool(value > other)
    for n in range(3):
        if edits[n] != other_edits[n]:
            return bool(edits[n] < other_edits[n])
    return False


@compiled
def _row(edits: NDArray[np.int32]) -> Edits:
    return edits[0], edits[1], edits[2]


@compiled
def _put(
    value: NDArray[np.float32], edit: NDArray[np.int32], place: int, v: np.float32, edits: Edits
) -> None:
    value[place] = v
    for n in range(3):
        edit[place, n] = edits[n]


@compiled
def keep(  # noqa: PLR0917  # of a compiled function all are positional
    values: NDArray[np.float32],
    all_edits: NDArray[np.int32],
    filled: NDArray[np.int64],
    stratum: int,
    v: np.float32,
    edits: Edits,
) -> None:
    """Add a design to its stratum's heap, whose first is the worst; NaN is none."""
    value, edit, count = values[stratum], all_edits[stratum], filled[stratum]
    if v != v or not len(value):  # NaN
        return
    if count < len(value):
        place = count
        filled[stratum] += 1
        while place > 0:
            parent = (place - 1) // 2
            if not _is_better(value[parent], _row(edit[parent]), v, np.array(edits, np.int32)):
                break
            _put(value, edit, place, value[parent], _row(edit[parent]))
            place = parent
        _put(value, edit, place, v, edits)
    elif v >= value[0] and _is_better(v, edits, value[0], edit[0]):
        _sift_down(value, edit, v, edits)


@compiled
def _sift_down(
    value: NDArray[np.float32], edit: NDArray[np.int32], v: np.float32, edits: Edits
) -> None:
    place, count = 0, len(value)
    while 2 * place + 1 < count:
        child = 2 * place + 1
        if child + 1 < count and _is_better(
            value[child], _row(edit[child]), value[child + 1], edit[child + 1]
        ):
            child += 1
        if not _is_better(v, edits, value[child], edit[child]):
            break
        _put(value, edit, place, value[child], _row(edit[child]))
        place = child
    _put(value, edit, place, v, edits)


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
def keep_on_front(  # noqa: PLR0917
    value: NDArray[np.float32],
    edit: NDArray[np.int32],
    count: int,
    a: np.float32,
    b: np.float32,
    edits: Edits,
) -> tuple[int, bool]:
    """Designs on the front then, and whether there was no room: falling first, rising second."""
    low = _count_above(value, count, a)
    if not (a == a and b == b) or (low > 0 and value[low - 1, 1] >= b):  # NaN
        is_same = low > 0 and value[low - 1, 0] == a and value[low - 1, 1] == b
        if is_same and _is_better(a, edits, a, edit[low - 1]):
            _put(value[:, 0], edit, low - 1, a, edits)
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
    _put(value[:, 0], edit, begin, a, edits)
    return begin + 1 + moved, False
