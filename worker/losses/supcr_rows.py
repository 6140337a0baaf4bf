"""SupCR a block of rows at a time, its gradient computed in the forward pass."""

from typing import Protocol

import torch
from torch import Tensor
from torch.autograd.function import Function, FunctionCtx

from worker.losses.supcr_similarity import Similarity, similarity_rows


class RowKernel(Protocol):
    """What an implementation computes: the loss of some anchors from their logits."""

    @property
    def block_rows(self) -> int:
        """How many rows it wants at once; bounds the workspace."""
        ...

    def __call__(self, logits_bN: Tensor, start: int, *, gradient: bool) -> tuple[Tensor, Tensor]:
        """Loss of the anchors `start`, `start` + 1, ... and its gradient for `logits_bN`.

        May overwrite the logits. Without `gradient` the second tensor means nothing.
        """
        ...


class _RowBlocked(Function):
    @staticmethod
    def forward(  # noqa: PLR0917  # autograd passes them by position
        ctx: FunctionCtx,
        z_ND: Tensor,
        similarity: Similarity,
        temperature: float,
        kernel: RowKernel,
        wanted: bool,
    ) -> Tensor:
        rows = similarity_rows(z_ND, similarity, temperature)
        total = torch.zeros((), dtype=torch.float64, device=z_ND.device)
        for start in range(0, len(z_ND), kernel.block_rows):
            stop = min(start + kernel.block_rows, len(z_ND))
            loss, grad_bN = kernel(rows.logits(start, stop), start, gradient=wanted)
            total = total + loss
            if wanted:
                rows.pull(start, stop, grad_bN)
        if wanted:
            ctx.save_for_backward(z_ND, rows.gradient())
        return total.to(z_ND.dtype)

    @staticmethod
    def backward(ctx: FunctionCtx, grad_output: Tensor) -> tuple[Tensor, None, None, None, None]:
        z_ND, grad_ND = ctx.saved_tensors  # type: ignore[attr-defined]  # the stub lacks it
        scaled_ND = _Gradient.apply(grad_output, z_ND, grad_ND)  # type: ignore[no-untyped-call]
        return scaled_ND, None, None, None, None


class _Gradient(Function):
    """The gradient; the latents are its input so that a second derivative cannot pass it by."""

    @staticmethod
    def forward(_ctx: FunctionCtx, grad_output: Tensor, _z_ND: Tensor, grad_ND: Tensor) -> Tensor:
        return grad_output * grad_ND

    @staticmethod
    def backward(_ctx: FunctionCtx, _grad_ND: Tensor) -> tuple[Tensor, ...]:
        raise RuntimeError("SupCR computes its gradient with its value: no second derivative")


def row_blocked(
    z_ND: Tensor, similarity: Similarity, temperature: float, kernel: RowKernel
) -> Tensor:
    """Sum of the kernel's losses over all anchors, a scalar with a graph.

    The gradient is found together with the value, so backward only scales it, and a second
    derivative is refused (RuntimeError).
    """
    wanted = torch.is_grad_enabled() and z_ND.requires_grad
    value: Tensor = _RowBlocked.apply(  # type: ignore[no-untyped-call]
        z_ND, similarity, temperature, kernel, wanted
    )
    return value
