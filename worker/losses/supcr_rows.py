"""SupCR a block of rows at a time, its gradient computed in the forward pass."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from itertools import pairwise
from typing import Protocol, TypeVar

import torch
from torch import Tensor
from torch.autograd.function import Function, FunctionCtx

from worker.losses.ready_gradient import scaled
from worker.losses.supcr_similarity import Similarity, SimilarityRows, similarity_rows

P = TypeVar("P")
Views = Sequence[SimilarityRows]

# Anchors are summed in so many parts, whatever the number of threads: the result is the same.
_PARTS = 8
# Below this many rows a thread costs more than it saves.
_THREADED = 512


class RowKernel(Protocol[P]):
    """What an implementation computes: the loss of some anchors from their logits.

    A plan is what the views have in common; it is made once for a block.
    """

    @property
    def block_rows(self) -> int:
        """How many rows it wants at once; bounds the workspace."""
        ...

    @property
    def threads(self) -> int:
        """How many threads may call it at once; each then computes on its own."""
        ...

    def plan(self, start: int, stop: int) -> P:
        """What the anchors `start` to `stop` need in every view."""
        ...

    def __call__(
        self, view: int, logits_bN: Tensor, start: int, plan: P, /, *, gradient: bool
    ) -> tuple[Tensor, Tensor]:
        """Loss of the anchors `start`, `start` + 1, ... and its gradient for `logits_bN`.

        May overwrite the logits. Without `gradient` the second tensor means nothing.
        """
        ...


def _part(views: Views, kernel: RowKernel[P], bounds: tuple[int, int], *, gradient: bool) -> Tensor:
    """Loss of a range of anchors; the views take its gradient in."""
    total = torch.zeros((), dtype=torch.float64, device=views[0].device)
    with torch.no_grad():  # a new thread records by default
        for start in range(*bounds, kernel.block_rows):
            stop = min(start + kernel.block_rows, bounds[1])
            plan = kernel.plan(start, stop)
            for view, rows in enumerate(views):
                logits_bN = rows.logits(start, stop)
                loss, grad_bN = kernel(view, logits_bN, start, plan, gradient=gradient)
                total = total + loss
                if gradient:
                    rows.pull(start, stop, grad_bN)
    return total


@cache
def _pool(threads: int, _process_id: int) -> ThreadPoolExecutor:
    """Threads that each leave PyTorch a single one, and what they have allocated; for all calls.

    PyTorch's own threads would wait for their next piece of work by spinning, on the cores that
    the kernel needs. A new thread is slow at first: its memory, and that of the product's library.
    """
    return ThreadPoolExecutor(threads, "supcr", torch.set_num_threads, (1,))


def _threaded(
    work: Callable[..., Tensor],
    parts: Sequence[Views],
    ranges: Sequence[tuple[int, int]],
    threads: int,
) -> list[Tensor]:
    """Run the parts on threads of our own."""
    before = torch.get_num_threads()
    pool = _pool(threads, os.getpid())
    try:
        done = [
            pool.submit(work, part, bounds=bounds)
            for part, bounds in zip(parts, ranges, strict=True)
        ]
        return [part.result() for part in done]
    finally:
        # The number is each thread's own, but the last one set is also what new threads get.
        torch.set_num_threads(before)


def _parts(views: Views, kernel: RowKernel[P], size: int, *, gradient: bool) -> Tensor:
    """The same of all anchors, in parts that threads share among themselves."""
    if size < _THREADED or views[0].device.type != "cpu":
        return _part(views, kernel, (0, size), gradient=gradient)
    ranges = [*pairwise(size * part // _PARTS for part in range(_PARTS + 1))]
    others = [[rows.empty() for rows in views] for _ in ranges]
    work = partial(_part, kernel=kernel, gradient=gradient)
    if kernel.threads == 1:
        losses = [work(part, bounds=bounds) for part, bounds in zip(others, ranges, strict=True)]
    else:
        losses = _threaded(work, others, ranges, kernel.threads)
    for other in others:
        for rows, pulled in zip(views, other, strict=True):
            rows.absorb(pulled)
    return torch.stack(losses).sum()


class _RowBlocked(Function):
    @staticmethod
    def forward(
        ctx: FunctionCtx,
        similarity: Similarity,
        temperature: float,
        kernel: RowKernel[P],
        wanted: bool,
        *z_VND: Tensor,
    ) -> Tensor:
        views = [similarity_rows(z_ND, similarity, temperature) for z_ND in z_VND]
        total = _parts(views, kernel, len(z_VND[0]), gradient=wanted)
        if wanted:
            ctx.save_for_backward(*z_VND, *(rows.gradient() for rows in views))
        return total.to(z_VND[0].dtype)

    @staticmethod
    def backward(ctx: FunctionCtx, grad_output: Tensor) -> tuple[Tensor | None, ...]:
        saved: tuple[Tensor, ...] = ctx.saved_tensors  # type: ignore[attr-defined]  # the stub lacks it
        half = len(saved) // 2
        found = [
            scaled(grad_output, z_ND, grad_ND)
            for z_ND, grad_ND in zip(saved[:half], saved[half:], strict=True)
        ]
        return None, None, None, None, *found


def row_blocked(
    z_VND: Sequence[Tensor], similarity: Similarity, temperature: float, kernel: RowKernel[P]
) -> Tensor:
    """Sum of the kernel's losses over all views and anchors, a scalar with a graph.

    The gradient is found together with the value, so backward only scales it, and a second
    derivative is refused (RuntimeError).
    """
    wanted = torch.is_grad_enabled() and any(z_ND.requires_grad for z_ND in z_VND)
    value: Tensor = _RowBlocked.apply(  # type: ignore[no-untyped-call]
        similarity, temperature, kernel, wanted, *z_VND
    )
    return value
