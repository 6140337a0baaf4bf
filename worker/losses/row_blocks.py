"""Sums over anchors a block at a time, so that no matrix of all pairs is ever made."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.autograd.function import Function, FunctionCtx

from worker.losses.ready_gradient import scaled

# Pairs of a block.
_BLOCK = 2**20

Terms = Callable[[Sequence[Tensor], int, int], Tensor]


class _ByBlocks(Function):
    """Value and gradient of each block in turn; torch's own checkpoint imports half of torch."""

    @staticmethod
    def forward(
        ctx: FunctionCtx, terms: Terms, starts: range, wanted: Sequence[bool], *inputs: Tensor
    ) -> Tensor:
        pairs = zip(inputs, wanted, strict=True)
        leaves = [x.detach().requires_grad_(wants) for x, wants in pairs]
        learning = [leaf for leaf in leaves if leaf.requires_grad]
        grads = [torch.zeros_like(leaf) for leaf in learning]
        total = inputs[0].new_zeros(())
        for start in starts:
            with torch.set_grad_enabled(bool(learning)):
                value = terms(leaves, start, min(start + starts.step, starts.stop)).sum()
            total += value.detach()
            if learning:
                found = torch.autograd.grad(value, learning, materialize_grads=True)
                torch._foreach_add_(grads, list(found))
        learned = [x for x, wants in zip(inputs, wanted, strict=True) if wants]
        ctx.save_for_backward(*learned, *grads)
        ctx.wanted = wanted  # type: ignore[attr-defined]  # what a context is for
        return total

    @staticmethod
    def backward(ctx: FunctionCtx, grad_output: Tensor) -> tuple[Tensor | None, ...]:
        saved = ctx.saved_tensors  # type: ignore[attr-defined]  # the stub lacks it
        half = len(saved) // 2
        found = (
            scaled(grad_output, x, grad) for x, grad in zip(saved[:half], saved[half:], strict=True)
        )
        wanted: Sequence[bool] = ctx.wanted  # type: ignore[attr-defined]
        return None, None, None, *(next(found) if wants else None for wants in wanted)


def sum_by_blocks(terms: Terms, inputs: Sequence[Tensor], rows: int, candidates: int) -> Tensor:
    """Sum of ``terms(inputs, start, stop)``, [b], over all rows; O(block x candidates) memory.

    With more than one block the gradient is found together with the value, block by block, and a
    second derivative is refused (RuntimeError).

    Args:
        terms: loss of the anchors from `start` to `stop`.
        inputs: all that has a gradient in them.
        rows: how many anchors.
        candidates: how many each is compared with.
    """
    block = max(1, _BLOCK // max(1, candidates))
    if rows <= block:
        return terms(inputs, 0, rows).sum()
    wanted = [torch.is_grad_enabled() and x.requires_grad for x in inputs]
    value: Tensor = _ByBlocks.apply(  # type: ignore[no-untyped-call]
        terms, range(0, rows, block), wanted, *inputs
    )
    return value
