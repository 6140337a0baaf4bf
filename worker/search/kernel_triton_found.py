"""What a GPU has put on its lists joined with what was found: exact, and little to do."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.search.kernel_found import Found
from worker.search.kernel_parts import beaten, front_places
from worker.search.tables import Singles

Counts = NDArray[np.int64]
Edits = NDArray[np.int32]

NO_FLOOR = np.iinfo(np.int64).max


class Heaps(NamedTuple):
    """The best of each stratum, falling: values [strata, kept], edits, how many there are."""

    value: Singles
    edit: Edits
    filled: Counts


def keys_of(edit_N3: Edits, order: int, edits: int) -> Counts:
    """Designs as numbers, in the order of their edits: (i E + j) E + k."""
    key_N = np.zeros(len(edit_N3), dtype=np.int64)
    for place in range(order):
        key_N = key_N * edits + edit_N3[:, place]
    return key_N


def edits_of(key_N: Counts, order: int, edits: int) -> Edits:
    """Edits of some keys [N, 3]; -1 where a design has fewer."""
    edit_N3 = np.full((len(key_N), 3), -1, dtype=np.int32)
    for place in reversed(range(order)):
        edit_N3[:, place] = key_N % edits
        key_N = key_N // edits
    return edit_N3


def joined(found: Found, value_N: Singles, edit_N3: Edits, stratum_N: Counts) -> Heaps:
    """The best of what was found before and of more designs."""
    heaps = Heaps(found.value.copy(), found.edit.copy(), found.filled.copy())
    for stratum in np.unique(stratum_N).tolist():
        known, is_of_N = found.filled[stratum], stratum_N == stratum
        value = np.concatenate([found.value[stratum, :known], value_N[is_of_N]])
        edit = np.concatenate([found.edit[stratum, :known], edit_N3[is_of_N]])
        best = np.lexsort([*edit.T[::-1], -value])[: found.value.shape[1]]
        heaps.filled[stratum] = len(best)
        heaps.value[stratum, : len(best)] = value[best]
        heaps.edit[stratum, : len(best)] = edit[best]
    return heaps


def floors(heaps: Heaps, order: int, edits: int) -> tuple[Singles, Counts]:
    """Value and key of the worst design of each stratum that is full; nothing below may enter."""
    strata, kept = heaps.value.shape
    value, key = np.full(strata, -np.inf, dtype=np.float32), np.full(strata, NO_FLOOR)
    if not kept:
        return np.full_like(value, np.inf), key
    full = heaps.filled == kept
    value[full] = heaps.value[full, -1]
    key[full] = keys_of(heaps.edit[full, -1], order, edits)
    return value, key


class Rivals(NamedTuple):
    """Designs that a front may not beat: what values are at least and at most, who they are."""

    low_R2: Singles
    high_R2: Singles
    edit_R3: Edits
    is_sure_R: NDArray[np.bool_]


def raise_front(found: Found, rivals: Rivals) -> None:
    """Put what is surely feasible on the front, as far as nothing there is as good.

    Raises:
        FrontTooLargeError: there is no room for all.
    """
    sure = rivals.is_sure_R
    value = np.concatenate([found.front_value[: found.front_count], rivals.low_R2[sure]])
    edit = np.concatenate([found.front_edit[: found.front_count], rivals.edit_R3[sure]])
    front = front_places(value, edit)
    found.check(2 if len(front) > len(found.front_value) else 0)
    found.front_count = len(front)
    found.front_value[: len(front)], found.front_edit[: len(front)] = value[front], edit[front]


def unbeaten_count(found: Found, rivals: Rivals) -> int:
    """How many of some rivals the front does not beat."""
    return int((~beaten(found.front_value[: found.front_count], rivals.high_R2)).sum())


def add_rivals(found: Found, rivals: Rivals) -> None:
    """Note those that the front does not beat, and forget others; all are lost where too many."""
    if found.lost_rivals:
        return
    value = np.concatenate([found.rival_value[: found.rival_count], rivals.high_R2])
    edit = np.concatenate([found.rival_edit[: found.rival_count], rivals.edit_R3])
    left = np.flatnonzero(~beaten(found.front_value[: found.front_count], value))
    found.lost_rivals = len(left) > len(found.rival_value)
    found.rival_count = 0 if found.lost_rivals else len(left)
    found.rival_value[: found.rival_count] = value[left][: found.rival_count]
    found.rival_edit[: found.rival_count] = edit[left][: found.rival_count]
