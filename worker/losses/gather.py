"""The joined batch of all processes, for losses that compare rows with one another."""

from collections.abc import Sequence
from itertools import accumulate

import torch
import torch.distributed as dist
from torch import Tensor
from torch.autograd.function import Function, FunctionCtx, once_differentiable


def group_size() -> int:
    """How many processes train together; 1 without a group."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def sizes_of(rows: int) -> list[int]:
    """How many of so many rows each process has; they differ by one at most."""
    least, more = divmod(rows, group_size())
    return [least + (rank < more) for rank in range(group_size())]


def share_of(rows: int) -> slice:
    """Which of so many rows are this process's."""
    if group_size() == 1:
        return slice(0, rows)
    ends = list(accumulate(sizes_of(rows), initial=0))
    return slice(*ends[dist.get_rank() : dist.get_rank() + 2])


class _Gather(Function):
    @staticmethod
    def forward(ctx: FunctionCtx, rows_BD: Tensor, sizes: Sequence[int]) -> Tensor:
        ctx.sizes = sizes  # type: ignore[attr-defined]
        # A collective moves tensors of one size: those who have fewer rows fill up.
        padded_BD = rows_BD.new_zeros((max(sizes), *rows_BD.shape[1:]))
        padded_BD[: len(rows_BD)] = rows_BD
        parts = [torch.empty_like(padded_BD) for _ in sizes]
        dist.all_gather(parts, padded_BD)
        return torch.cat([part[:size] for part, size in zip(parts, sizes, strict=True)])

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, grad_ND: Tensor) -> tuple[Tensor, None]:
        sizes: Sequence[int] = ctx.sizes  # type: ignore[attr-defined]
        grad_ND = grad_ND.clone(memory_format=torch.contiguous_format)  # it may be another's, too
        dist.all_reduce(grad_ND)
        return torch.split(grad_ND, list(sizes))[dist.get_rank()], None


def gather_rows(rows_BD: Tensor, total: int | None = None) -> Tensor:
    """Rows of all processes, in the order of their ranks; the rows themselves without a group.

    A plain `all_gather` detaches the other processes' rows and one's own. Here the gradients of all
    processes are summed, so that where each computes the same loss on the joined batch, the mean
    over processes that data-parallel training takes is the gradient of that loss.

    Args:
        rows_BD: this process's rows: its `share_of` all.
        total: how many rows all processes have; default: each as many as this one.
    """
    if group_size() == 1:
        return rows_BD
    sizes = [len(rows_BD)] * group_size() if total is None else sizes_of(total)
    joined: Tensor = _Gather.apply(rows_BD, sizes)  # type: ignore[no-untyped-call]
    return joined


def average(tensors: Sequence[Tensor]) -> None:
    """Put the mean over all processes in the place of each tensor, by one message."""
    if group_size() == 1 or not tensors:
        return
    flat = torch.cat([tensor.flatten() for tensor in tensors])
    dist.all_reduce(flat)
    flat /= group_size()
    for tensor, part in zip(tensors, torch.split(flat, [t.numel() for t in tensors]), strict=True):
        tensor.copy_(part.view_as(tensor))
