"""`found.h` in numba: heaps of the best designs; the front is in `kernel_numba_front`."""

import numpy as np
from numpy.typing import NDArray

from worker.losses.compiled import compiled

Edits = tuple[int, int, int]


@compiled
def is_better(
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
def put(
    value: NDArray[np.float32], edit: NDArray[np.int32], place: int, v: np.float32, edits: Edits
) -> None:
    """Put a design in a place."""
    value[place] = v
    for n in range(3):
        edit[place, n] = edits[n]


@compiled
def least_kept(values: NDArray[np.float32], filled: NDArray[np.int64]) -> np.float32:
    """No design below this is kept, in whatever stratum."""
    least = np.float32(np.inf)
    for stratum in range(len(values)):
        is_full = filled[stratum] == values.shape[1]
        floor = np.float32(-np.inf)
        if is_full and values.shape[1]:
            floor = values[stratum, 0]
        least = min(least, floor)
    return least


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
            if not is_better(value[parent], _row(edit[parent]), v, np.array(edits, np.int32)):
                break
            put(value, edit, place, value[parent], _row(edit[parent]))
            place = parent
        put(value, edit, place, v, edits)
    elif v >= value[0] and is_better(v, edits, value[0], edit[0]):
        _sift_down(value, edit, v, edits)


@compiled
def _sift_down(
    value: NDArray[np.float32], edit: NDArray[np.int32], v: np.float32, edits: Edits
) -> None:
    place, count = 0, len(value)
    while 2 * place + 1 < count:
        child = 2 * place + 1
        if child + 1 < count and is_better(
            value[child], _row(edit[child]), value[child + 1], edit[child + 1]
        ):
            child += 1
        if not is_better(v, edits, value[child], edit[child]):
            break
        put(value, edit, place, value[child], _row(edit[child]))
        place = child
    put(value, edit, place, v, edits)
