"""Mean squared error that tolerates missing labels."""

import torch
from torch import Tensor

from worker.losses.columns import column_mean


def mse(
    prediction_BY: Tensor,
    labels_BY: Tensor,
    *,
    row_weights: Tensor | None = None,
    column_weights: Tensor | None = None,
) -> Tensor:
    """Weighted mean squared error; a missing label (NaN) carries no weight.

    Each column is averaged over its labelled rows (weighted by `row_weights`, [B] or [B, Y]),
    then the columns that have a label are averaged. Without any label the result is 0, with a
    graph.
    """
    present_BY = ~torch.isnan(labels_BY)
    # The label is replaced before the difference: NaN * 0 would still be NaN in the gradient.
    target_BY = torch.where(present_BY, labels_BY, torch.zeros_like(labels_BY))
    weight_BY = present_BY.to(prediction_BY.dtype)
    if row_weights is not None:
        rows = row_weights if row_weights.ndim == 2 else row_weights[:, None]
        weight_BY = weight_BY * rows.to(prediction_BY.dtype)
    error_BY = (prediction_BY - target_BY.to(prediction_BY.dtype)).square()
    total_Y = weight_BY.sum(dim=0)
    valid_Y = total_Y > 0
    loss_Y = (weight_BY * error_BY).sum(dim=0) / torch.where(
        valid_Y, total_Y, torch.ones_like(total_Y)
    )
    return column_mean(loss_Y, valid_Y, column_weights)
