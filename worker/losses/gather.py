"""The joined batch of all processes, for losses that compare rows with one another."""

import torch
import torch.distributed as dist
from torch import Tensor
from torch.autograd.function import Function, FunctionCtx, once_differentiable


class _Gather(Function):
    @staticmethod
    def forward(_ctx: FunctionCtx, rows_BD: Tensor) -> Tensor:
        parts = [torch.empty_like(rows_BD) for _ in range(dist.get_world_size())]
        dist.all_gather(parts, rows_BD.contiguous())
        return torch.cat(parts)

    @staticmethod
    @once_differentiable
    def backward(_ctx: FunctionCtx, grad_ND: Tensor) -> Tensor:
        grad_ND = grad_ND.contiguous()
        dist.all_reduce(grad_ND)
        rows = len(grad_ND) // dist.get_world_size()
        return grad_ND[rows * dist.get_rank() : rows * (dist.get_rank() + 1)]


def gather_rows(rows_BD: Tensor) -> Tensor:
    """Rows of all processes, in the order of their ranks; the rows themselves without a group.

    Every process brings as many rows; one with fewer fills up with labels NaN. A plain
    `all_gather` detaches the other processes' rows and one's own. Here the gradients of all
    processes are summed, so that where each computes the same loss on the joined batch, the mean
    over processes that data-parallel training takes is the gradient of that loss.
    """
    if not dist.is_available() or not dist.is_initialized():
        return rows_BD
    joined: Tensor = _Gather.apply(rows_BD)  # type: ignore[no-untyped-call]
    return joined
