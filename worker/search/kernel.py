"""Every set of one, two or three edits, evaluated: the best of them, counts, and a front.

    screener = Screener(screen_tables(predictor, edits, order=3), objective, keep=4096)
    parts = [screener.run(outer=(0, 1000)), screener.run(outer=(1000, 6000))]
    whole = merge(parts)

No list of designs is built: memory is that of the tables. Designs are ordered by value, and of
equal values by their edits; the value of one depends on its edits alone. So threads, shards, and
the order in which parts are merged change no bit of what is found.

Kernels compute in float32. What they leave out has a float32 rank of at most `ScreenPart.cutoff`,
and so one in float64 of at most cutoff + error_bound: the best k of a part are the best k of all
where the k-th, in float64, is above that (`is_exact`). So keep more than k, by a thousand or so.
A front in float32 is one of what values are at least; what it does not beat by what values are at
most are its rivals, and the front in float64 is among them.
"""

import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.util import find_spec
from math import comb
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from worker.search.build import compiler
from worker.search.kernel_arrays import Bins, KernelArrays, Strata, kernel_arrays, whole_units
from worker.search.kernel_c import CompiledKernel, variants
from worker.search.kernel_floor import Asked, find_pruning
from worker.search.kernel_found import Found
from worker.search.kernel_objective import ScreenObjective
from worker.search.kernel_parts import MAX_RIVALS, ScreenPart, merge
from worker.search.tables import ScreenTables

MAX_FRONT = 1 << 16
_CAPABILITY = (8, 0)  # Triton's least
_WORTH_A_GPU = 1 << 26  # designs: fewer are done before a GPU has started
# Hidden units of all designs from which on it pays to look for what they have to reach.
_PRUNED_UNITS = 4e9


class Kernel(Protocol):
    """Goes through designs whose first edit is from `begin` to `end`.

    At least `designs` of them at a time, where there are as many; `threads` may run it at once, any
    number where that is None.
    """

    @property
    def designs(self) -> int:
        """Of a chunk of outer edits: a few hundredths of a second."""

    @property
    def threads(self) -> int | None:
        """How many may run it."""

    def run(self, found: Found, begin: int, end: int) -> None:
        """Add what it finds."""


def kernel_names() -> list[str]:
    """Kernels that can be had here, the fastest first: triton, c-avx512, c-avx2, c-plain, numba.

    Last where TRITON_INTERPRET=1: triton, which then runs on the CPU, for tests.
    """
    on_cpu = [*(f"c-{name}" for name in variants()), "numba"]
    if find_spec("triton") is None:
        return on_cpu
    if os.environ.get("TRITON_INTERPRET") == "1":
        return [*on_cpu, "triton"]
    return ["triton", *on_cpu] if _has_gpu() else on_cpu


def _has_gpu() -> bool:
    """Whether Triton can run: it compiles what starts its kernels, with the machine's compiler."""
    has_cuda = torch.version.cuda is not None and torch.cuda.is_available()
    return has_cuda and torch.cuda.get_device_capability() >= _CAPABILITY and bool(compiler())


def kernel_name(designs: int) -> str:
    """The kernel that a screen of so many designs takes.

    `numba` is the slower one where none was compiled.
    """
    names = kernel_names()
    is_small = designs < _WORTH_A_GPU
    return next(name for name in names if not (is_small and name == "triton"))


def design_count(edit_count: int, order: int, outer: tuple[int, int] | None = None) -> int:
    """Designs of a range of outer edits, of all where it is None, if every pair is allowed."""
    begin, end = outer or (0, edit_count)
    return comb(edit_count - begin, order) - comb(edit_count - end, order)


def _new_kernel(name: str, arrays: KernelArrays) -> Kernel:
    if name == "numba":
        from worker.search.kernel_numba import NumbaKernel  # it compiles where it is imported

        return NumbaKernel(arrays)
    if name == "triton":
        from worker.search.kernel_triton import TritonKernel  # only where there is a GPU

        return TritonKernel(arrays)
    return CompiledKernel(arrays, name.removeprefix("c-"))


class Screener:
    """One screen: tables and objective, packed for a kernel once, and run for any outer edits.

    Args:
        tables: what each edit adds.
        objective: ranks, limits, front.
        keep: how many of the best are kept, in each stratum.
        allowed_EE: which pairs may stand together, symmetric; None allows all.
        strata: keep the best of each stratum instead of all.
        bins: count feasible designs by their rank.
        kernel: one of `kernel_names()`; that of `kernel_name` where it is None.
        prune: leave out what a bound says is not among the best, where the kernel and the screen
            have one: compiled, one hidden layer of GELU, and nothing but ranks and limits. None
            does so where there are many designs.

    Raises:
        ValueError: no such kernel here; a table holds NaN or infinity.
    """

    def __init__(
        self,
        tables: ScreenTables,
        objective: ScreenObjective,
        *,
        keep: int,
        allowed_EE: NDArray[np.bool_] | None = None,
        strata: Strata | None = None,
        bins: Bins | None = None,
        kernel: str | None = None,
        prune: bool | None = None,
    ) -> None:
        self.kernel = kernel or kernel_name(design_count(tables.edit_count, tables.order))
        if self.kernel not in kernel_names():
            raise ValueError(f"no kernel {kernel} here: take one of {', '.join(kernel_names())}")
        tables.require_finite()
        self._keep, self._has_front = keep, objective.has_front
        self._arrays = kernel_arrays(
            tables, objective, allowed_EE=allowed_EE, strata=strata, bins=bins
        )
        if self._is_pruned(tables, bins, prune):
            pruning = find_pruning(
                Asked(whole_units(tables), objective, allowed_EE, strata),
                self._arrays,
                keep,
                screen=self._screen,
                share_left=self._share_left,
                is_wanted=bool(prune),
            )
            self._arrays = replace(self._arrays, pruning=pruning)
        self._kernel = _new_kernel(self.kernel, self._arrays)

    def _is_pruned(self, tables: ScreenTables, bins: Bins | None, prune: bool | None) -> bool:
        units = tables.units
        if units is None or not units.is_gelu or units.second_weight_MGH is not None:
            return False
        if not self.kernel.startswith("c-") or tables.order == 1 or not self._keep:
            return False
        if prune is False or self._has_front or bins is not None or tables.triple:
            return False
        count = design_count(tables.edit_count, tables.order)
        return bool(prune) or count * units.base_MH.size >= _PRUNED_UNITS

    def _screen(self, asked: Asked, keep: int) -> ScreenPart:
        """Of few designs, all of them."""
        screener = Screener(
            asked.tables,
            asked.objective,
            keep=keep,
            allowed_EE=asked.allowed_EE,
            strata=asked.strata,
            kernel=self.kernel,
            prune=False,
        )
        return screener.run(threads=1)

    def _share_left(self, arrays: KernelArrays) -> float:
        found = self._nothing()
        _new_kernel(self.kernel, arrays).run(found, 0, arrays.edits)
        return found.evaluated / max(1, found.evaluated + found.pruned)

    def run(
        self,
        outer: tuple[int, int] | None = None,
        *,
        threads: int | None = None,
        should_stop: Callable[[], bool] = lambda: False,
        on_progress: Callable[[int], None] = lambda _: None,
    ) -> ScreenPart:
        """Go through all designs whose first edit is in `outer`, begin to end.

        Args:
            outer: all edits where it is None.
            threads: as many as there are cores where it is None; a GPU is fed by one.
            should_stop: asked between chunks, one thread at a time; what is found so far is
                returned then.
            on_progress: told how many more designs were evaluated or pruned, one thread at a time.

        Raises:
            ValueError: the range is not within the edits.
            FrontTooLargeError: more designs are on the front than can be kept.
        """
        arrays = self._arrays
        begin, end = outer or (0, arrays.edits)
        if not 0 <= begin <= end <= arrays.edits:
            raise ValueError(f"outer edits {begin} to {end}: there are {arrays.edits}")
        kernel = self._kernel
        chunks = iter(_chunks(begin, end, arrays.edits, arrays.order, kernel.designs))
        lock = threading.Lock()

        def next_chunk() -> tuple[int, int] | None:
            with lock:
                return None if should_stop() else next(chunks, None)

        def work() -> Found:
            found = self._nothing()
            try:
                while chunk := next_chunk():
                    before = found.evaluated + found.pruned
                    kernel.run(found, *chunk)
                    with lock:
                        on_progress(found.evaluated + found.pruned - before)
            finally:
                with lock:
                    deque(chunks, maxlen=0)  # after an error the other threads end as well
            return found

        count = kernel.threads or threads or os.cpu_count() or 1
        with ThreadPoolExecutor(count) as pool:
            running = [pool.submit(work) for _ in range(count)]
        return merge([self._part(future.result()) for future in running])

    def _nothing(self) -> Found:
        bins = self._arrays.bins.count if self._arrays.bins else 0
        front, rivals = (MAX_FRONT, MAX_RIVALS) if self._has_front else (0, 0)
        return Found.empty(self._keep, self._arrays.strata, bins, front, rivals)

    def _part(self, found: Found) -> ScreenPart:
        order, strata = self._arrays.order, self._arrays.strata
        pruning = self._arrays.pruning
        filled = [slice(count) for count in found.filled.tolist()]
        return ScreenPart(
            value=np.concatenate([found.value[s, part] for s, part in enumerate(filled)]),
            edits=np.concatenate([found.edit[s, part, :order] for s, part in enumerate(filled)]),
            stratum=np.repeat(np.arange(strata), found.filled),
            evaluated_count=found.evaluated,
            pruned_count=found.pruned,
            infeasible_count=found.infeasible,
            histogram=found.histogram if self._arrays.bins else None,
            front_value=found.front_value[: found.front_count],
            front_edits=found.front_edit[: found.front_count, :order],
            rival_value=found.rival_value[: found.rival_count],
            rival_edits=found.rival_edit[: found.rival_count, :order],
            lost_rivals=found.lost_rivals,
            keep=self._keep,
            error_bound=self._arrays.rank_error,
            kernel=self.kernel,
            floor=np.full(strata, -np.inf, np.float32) if pruning is None else pruning.floor,
        )


def _chunks(begin: int, end: int, edits: int, order: int, designs: int) -> list[tuple[int, int]]:
    """Ranges of outer edits of about equal work, the heaviest first."""
    chunks, start = [], begin
    for edit in range(begin, end):
        if edit + 1 == end or design_count(edits, order, (start, edit + 1)) >= designs:
            chunks.append((start, edit + 1))
            start = edit + 1
    return chunks
