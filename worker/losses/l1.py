"""L1 penalty: the mean size of weights."""

from torch import Tensor, nn

from worker.losses.columns import require_floats, widened


def l1(weight: Tensor) -> Tensor:
    """Mean of |w| over all weights.

    It draws every weight towards 0 by the same force, whatever its size; the gradient at 0 is 0.
    A first-order optimiser steps over 0 rather than stopping there: small weights, no exact zeros.

    Source: Tibshirani 1996, doi:10.1111/j.2517-6161.1996.tb02080.x. What differs here: the mean
    rather than the sum, so that a weight of the term means the same for few parameters and many.

    Args:
        weight: of any shape; half precision is computed in float32.

    Returns:
        A scalar in the unit and type of the weights; without any weight 0, with a graph. A weight
        that is not finite makes it so.

    Laws: scaling all weights by c scales it by |c|; signs and order do not matter.

    Raises:
        ValueError: weights that are not floating point.
    """
    require_floats(weight, "weights")
    return (widened(weight).abs().sum() / max(weight.numel(), 1)).to(weight.dtype)


class L1Loss(nn.Module):
    """`l1`, which has no parameters."""

    def forward(self, weight: Tensor) -> Tensor:
        """Penalty of some weights."""
        return l1(weight)
