"""Group lasso: the mean length of groups of weights, so that a group goes as a whole."""

import math

import torch
from torch import Tensor, nn

from worker.losses.columns import require_floats, widened


def group_lasso(weight_GD: Tensor) -> Tensor:
    """Mean over the groups of |w_g| / sqrt(D), the root mean square of each group's D weights.

    It draws every group towards 0 by the same force along itself, whatever its length; the
    gradient of a group that is 0 is 0. As with `l1`, a first-order optimiser leaves no exact zeros.

    Source: Yuan and Lin 2006, doi:10.1111/j.1467-9868.2005.00532.x: sum of sqrt(D) |w_g|. What
    differs here: divided by the number of weights, as `l1` is.

    Args:
        weight_GD: G groups, one a row; half precision is computed in float32.

    Returns:
        A scalar in the unit and type of the weights; without any weight 0, with a graph. A weight
        that is not finite makes it so.

    Laws: with D = 1 it is `l1`; else it is at least `l1` and at most sqrt(D) times that; rotating
    the weights of a group changes nothing; scaling all weights by c scales it by |c|.

    Raises:
        ValueError: weights that are not [G, D] or not floating point.
    """
    if weight_GD.ndim != 2:
        raise ValueError(f"weights have to be [G, D], one group a row: {tuple(weight_GD.shape)}")
    require_floats(weight_GD, "weights")
    groups, dim = weight_GD.shape
    length_G: Tensor = torch.linalg.vector_norm(widened(weight_GD), dim=1)
    return (length_G.sum() / (max(groups, 1) * math.sqrt(max(dim, 1)))).to(weight_GD.dtype)


class GroupLassoLoss(nn.Module):
    """`group_lasso`, which has no parameters."""

    def forward(self, weight_GD: Tensor) -> Tensor:
        """Penalty of some groups."""
        return group_lasso(weight_GD)
