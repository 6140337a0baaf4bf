"""How the terms of several label columns become one number."""

import torch
from torch import Tensor


def column_mean(loss_Y: Tensor, valid_Y: Tensor, column_weights: Tensor | None = None) -> Tensor:
    """Weighted mean over the valid columns; weights are renormalised over those alone.

    Law: adding a column that is not valid changes nothing. Without any valid column the result
    is 0 and still has the graph of `loss_Y`.

    Raises:
        ValueError: not one weight a column.
    """
    weight_Y = torch.ones_like(loss_Y) if column_weights is None else column_weights.to(loss_Y)
    if weight_Y.shape != loss_Y.shape:
        raise ValueError(f"{weight_Y.numel()} column weights for {loss_Y.numel()} label columns")
    weight_Y = torch.where(valid_Y, weight_Y, torch.zeros_like(weight_Y))
    total = weight_Y.sum()
    return (weight_Y * loss_Y).sum() / torch.where(total > 0, total, torch.ones_like(total))
