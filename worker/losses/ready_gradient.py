"""Gradients that were found together with their value."""

from torch import Tensor
from torch.autograd.function import Function, FunctionCtx


class _Scaled(Function):
    """What the gradient is of is an input, so that a second derivative cannot pass it by."""

    @staticmethod
    def forward(_ctx: FunctionCtx, grad_output: Tensor, _x: Tensor, grad: Tensor) -> Tensor:
        return grad_output * grad

    @staticmethod
    def backward(_ctx: FunctionCtx, _grad: Tensor) -> tuple[Tensor, ...]:
        raise RuntimeError("the gradient was found with its value: there is no second derivative")


def scaled(grad_output: Tensor, x: Tensor, grad: Tensor) -> Tensor:
    """`grad`, the gradient with respect to `x`, times that of its value; for a backward pass.

    Asking for its derivative raises RuntimeError, where `once_differentiable` would silently
    give 0 for a constant `grad_output`.
    """
    result: Tensor = _Scaled.apply(grad_output, x, grad)  # type: ignore[no-untyped-call]
    return result
