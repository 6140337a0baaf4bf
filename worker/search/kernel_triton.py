"""The kernel of a GPU: the same screen in Triton, many outer edits at a time.

Importing this imports triton; with TRITON_INTERPRET=1 it runs on the CPU, slowly. Memory on the
device is that of the tables and of lists of a fixed length: see `kernel_triton_screen`.
"""

from typing import NamedTuple

import numpy as np
import torch
import triton
from numpy.typing import NDArray
from torch import Tensor

from worker.search.kernel_arrays import KernelArrays
from worker.search.kernel_found import Found
from worker.search.kernel_triton_found import (
    Heaps,
    Rivals,
    add_rivals,
    edits_of,
    floors,
    joined,
    keys_of,
    raise_front,
    unbeaten_count,
)
from worker.search.kernel_triton_lists import Lists
from worker.search.kernel_triton_screen import screen
from worker.search.kernel_triton_tables import Shape, device_goals, device_tables

_ROOM = 1 << 17  # designs that a list of the best holds, at least


class _Counts(NamedTuple):
    """What a launch has counted."""

    evaluated: int
    infeasible: int
    passed: int  # the floor
    rivals: int


class TritonKernel:
    """Tables of one screen on the device."""

    designs = 1 << 28  # of a launch: some milliseconds to a second
    threads = 1

    def __init__(self, arrays: KernelArrays) -> None:
        self._arrays = arrays
        self._device = torch.device("cpu" if triton.knobs.runtime.interpret else "cuda")
        self._tables = device_tables(arrays, self._device)
        self._goals = device_goals(arrays, self._device)
        self._shape = Shape.of(arrays)
        self._lists: Lists | None = None

    def run(self, found: Found, begin: int, end: int) -> None:
        """Go through all designs whose first edit is from `begin` to `end`.

        Raises:
            FrontTooLargeError: there is no room on the front.
        """
        lists = self._lists = self._lists or self._new_lists(found)
        heaps = Heaps(found.value, found.edit, found.filled)
        while True:
            self._set_floors(lists, heaps)
            self._set_front(lists, found)
            counts = self._launch(lists, found, begin, end)
            heaps = self._best(lists, found, counts)
            rivals = self._rivals(lists, counts)
            raise_front(found, rivals)
            is_full = counts.passed > len(lists.value)
            if lists.rival_key is not None and counts.rivals > len(lists.rival_key):
                is_full = True
                found.lost_rivals |= 2 * unbeaten_count(found, rivals) > len(lists.rival_key)
            if not is_full:
                break
        add_rivals(found, rivals)
        found.value, found.edit, found.filled = heaps
        found.evaluated += counts.evaluated
        found.infeasible += counts.infeasible
        if lists.histogram is not None:
            found.histogram += lists.histogram.cpu().numpy()

    def _new_lists(self, found: Found) -> Lists:
        strata, kept = found.value.shape
        room = max(_ROOM, 4 * strata * kept)
        has_front, has_bins = len(found.front_value) > 0, self._arrays.bins is not None

        def counts(size: int) -> Tensor:
            return torch.zeros(size, dtype=torch.int64, device=self._device)

        def singles(*shape: int) -> Tensor:
            return torch.zeros(shape, dtype=torch.float32, device=self._device)

        return Lists(
            counts=counts(len(_Counts._fields)),
            floor_value=singles(strata),
            floor_key=counts(strata),
            value=singles(room),
            key=counts(room),
            histogram=counts(len(found.histogram)) if has_bins else None,
            front_value=singles(len(found.front_value), 2) if has_front else None,
            front_key=counts(len(found.front_value)) if has_front else None,
            rival_value=singles(len(found.rival_value), 4) if has_front else None,
            rival_key=counts(len(found.rival_value)) if has_front else None,
        )

    def _set_floors(self, lists: Lists, heaps: Heaps) -> None:
        value, key = floors(heaps, self._arrays.order, self._arrays.edits)
        lists.floor_value.copy_(torch.from_numpy(value))
        lists.floor_key.copy_(torch.from_numpy(key))

    def _set_front(self, lists: Lists, found: Found) -> None:
        if lists.front_value is None or lists.front_key is None:
            return
        front = slice(found.front_count)
        key = keys_of(found.front_edit[front], self._arrays.order, self._arrays.edits)
        lists.front_value[front].copy_(torch.from_numpy(found.front_value[front]))
        lists.front_key[front].copy_(torch.from_numpy(key))

    def _launch(self, lists: Lists, found: Found, begin: int, end: int) -> _Counts:
        """Run the kernel; lists hold what it found, as far as there is room."""
        lists.counts.zero_()
        if lists.histogram is not None:
            lists.histogram.zero_()
        rows, columns, outer = self._ranges(begin, end)
        programs = outer * len(rows) * len(columns)
        if programs:
            screen[(programs,)](
                self._tables,
                self._goals,
                lists,
                begin,
                end,
                len(rows),
                len(columns),
                rows.start,
                columns.start,
                len(lists.value),
                len(found.rival_value),
                found.front_count,
                found.front_count.bit_length(),
                int(found.lost_rivals),
                **self._shape._asdict(),
                **self._shape.options(),
            )
        return _Counts(*lists.counts.tolist())

    def _ranges(self, begin: int, end: int) -> tuple[range, range, int]:
        """Blocks of rows and of last edits, and how many times they are gone through."""
        order, edits = self._arrays.order, self._arrays.edits
        row, last, stop = {
            1: (0, begin, 1),
            2: (begin, begin + 1, end),
            3: (begin + 1, begin + 2, edits),
        }[order]
        rows = range(row // self._shape.P, triton.cdiv(stop, self._shape.P))
        stop = end if order == 1 else edits
        columns = range(last // self._shape.Q, triton.cdiv(stop, self._shape.Q))
        return rows, columns, end - begin if order > 2 else 1

    def _best(self, lists: Lists, found: Found, counts: _Counts) -> Heaps:
        """The best of what was found before and of what the list holds."""
        there = slice(min(counts.passed, len(lists.value)))
        edit = edits_of(lists.key[there].cpu().numpy(), self._arrays.order, self._arrays.edits)
        return joined(found, lists.value[there].cpu().numpy(), edit, self._strata(edit))

    def _strata(self, edit_N3: NDArray[np.int32]) -> NDArray[np.int64]:
        of_edit = self._arrays.stratum
        if of_edit is None:
            return np.zeros(len(edit_N3), dtype=np.int64)
        total: NDArray[np.int64] = of_edit[edit_N3[:, : self._arrays.order]].sum(axis=1)
        return np.minimum(total, self._arrays.strata - 1)

    def _rivals(self, lists: Lists, counts: _Counts) -> Rivals:
        if lists.rival_value is None or lists.rival_key is None:
            none = np.zeros((0, 2), dtype=np.float32)
            return Rivals(none, none, np.zeros((0, 3), dtype=np.int32), np.zeros(0, dtype=bool))
        there = slice(min(counts.rivals, len(lists.rival_key)))
        value = lists.rival_value[there].cpu().numpy()
        key = lists.rival_key[there].cpu().numpy()
        edit = edits_of(key // 2, self._arrays.order, self._arrays.edits)
        return Rivals(value[:, :2], value[:, 2:], edit, key % 2 == 1)
