"""Batch mixing on the CPU: of most rows only what lies in reach is weighed, compiled."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from worker.losses.batch_mixing_rows import Cells, Pulled

Doubles = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# Rows worked on at once. With fewer, the products get slow; with more, distances leave the cache.
_ROWS = 64
# Rows are summed in so many parts, whatever the number of threads: the result is the same.
_PARTS = 8
# Below this many rows, in one: a thread costs more than it saves.
_THREADED = 512
# A weight this many temperatures beyond the edge is below the rounding of the sums.
_REACH = {torch.float32: 25.0, torch.float64: 40.0}
# With more pairs in reach than one in so many, weighing them all at once is faster.
_DENSE = 16
# A radius of a smaller share of the squared lengths: in float32, differences of products would
# lose more than the gradient's last digits.
_DISTANT = 1e-4


@dataclass(frozen=True)
class NeighborKernel:
    """Entropies and gradient by blocks of rows; needs numba.

    Sums do not depend on the number of threads. Where many cells are in reach, all are weighed: in
    the latents' type, unless neighbours are so near, as against the whole, that this costs digits.

    Args:
        neighbors: k; all others where there are fewer.
        temperature: t, of the neighbourhood's edge.
        threads: default those of PyTorch.
    """

    neighbors: int
    temperature: float
    threads: int | None = None

    def __call__(self, cells: Cells, *, gradient: bool) -> tuple[Tensor, Tensor]:
        """See `Kernel`; every cell has a batch."""
        if cells.rows < 2:
            return cells.z_ND.new_zeros(()), torch.zeros_like(cells.z_ND)
        order_N = cells.code_N.argsort(stable=True)
        by_batch = replace(
            cells,
            z_ND=cells.z_ND[order_N],
            square_N=cells.square_N[order_N],
            code_N=cells.code_N[order_N],
        )

        def work(bounds: tuple[int, int]) -> tuple[Tensor, Tensor]:
            with torch.no_grad():  # a new thread records by default
                return _Part(self, by_batch, gradient=gradient).run(*bounds)

        if cells.rows < _THREADED:
            total, by_batch_ND = work((0, cells.rows))
        else:
            ranges = [*pairwise(cells.rows * part // _PARTS for part in range(_PARTS + 1))]
            threads = self.threads or torch.get_num_threads()
            totals, grads = zip(*_threaded(work, ranges, threads), strict=True)
            total, by_batch_ND = torch.stack(totals).sum(), sum(grads[1:], start=grads[0])
        grad_ND = torch.empty_like(cells.z_ND)
        grad_ND[order_N] = by_batch_ND
        return total, grad_ND


class _Part:
    """A range of rows, with a workspace of its own."""

    def __init__(self, kernel: NeighborKernel, cells: Cells, *, gradient: bool) -> None:
        self._cells = cells
        self._temperature = kernel.temperature
        self._reach = 1.0 + kernel.temperature * _REACH[cells.dtype]
        self._neighbors = min(kernel.neighbors, cells.rows - 1)
        self._gradient = gradient
        count_K = cells.batch_NK.sum(dim=0).long()
        self._end_K = count_K.cumsum(dim=0).numpy()
        self._square_bN = cells.z_ND.new_empty(_ROWS, cells.rows)
        self._least = _DISTANT * cells.square_N.max().item()
        self._grad_ND = torch.zeros_like(cells.z_ND)
        self._pulled: dict[torch.dtype, Pulled] = {}

    def run(self, first: int, end: int) -> tuple[Tensor, Tensor]:
        """Sum of the entropies of the rows from `first` to `end`, and its gradient."""
        # Here, because importing numba takes a second that small batches never need.
        from worker.losses.batch_mixing_near import count_within, find_edges, mix_near

        z_ND, square_N = self._cells.z_ND.numpy(), self._cells.square_N.numpy()
        total = self._cells.z_ND.new_zeros(())
        for start in range(first, end, _ROWS):
            rows = min(_ROWS, end - start)
            square_bN = self._cells.distances(start, start + rows, self._square_bN[:rows])
            radius_b = square_bN.new_empty(rows).numpy()
            at_b = torch.empty(rows, dtype=torch.int64).numpy()
            block = (square_bN.numpy(), radius_b, at_b, start)
            find_edges(*block, self._neighbors, z_ND, square_N)
            within = count_within(*block[:2], self._reach)
            if within * _DENSE > square_bN.numel():
                total += self._weigh_all(*block)
            else:
                total += mix_near(
                    *block, self._reach, self._temperature, z_ND, self._end_K, self._gradient,
                    self._grad_ND.numpy(),
                )  # fmt: skip
        for pulled in self._pulled.values():
            self._grad_ND += pulled.gradient()
        return total, self._grad_ND

    def _weigh_all(
        self, square_bN: Doubles, radius_b: Doubles, at_b: Integers, start: int
    ) -> float:
        from worker.losses.batch_mixing_near import fill_logits, mix_all

        dtype = self._cells.dtype if radius_b.min() > self._least else torch.float64
        weight_bN = torch.empty(square_bN.shape, dtype=dtype)
        fill_logits(square_bN, radius_b, self._temperature, weight_bN.numpy())
        weight_bN.sigmoid_()
        total: float = mix_all(
            weight_bN.numpy(), square_bN, radius_b, at_b, start, self._temperature, self._end_K,
            self._gradient,
        )  # fmt: skip
        if self._gradient:
            if dtype not in self._pulled:
                self._pulled[dtype] = Pulled(self._cells.z_ND.to(dtype))
            self._pulled[dtype].add(start, weight_bN)
        return total


def _threaded(
    work: Callable[[tuple[int, int]], tuple[Tensor, Tensor]],
    ranges: list[tuple[int, int]],
    threads: int,
) -> list[tuple[Tensor, Tensor]]:
    """Run the parts on threads that each leave PyTorch a single one.

    PyTorch's own threads would wait for their next piece of work by spinning, on the cores that
    the kernel needs.
    """
    before = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return list(pool.map(work, ranges))
    finally:
        # The number is each thread's own, but the last one set is also what new threads get.
        torch.set_num_threads(before)
