"""Dist loss: predictions should be distributed like the training labels.

Source: Nie et al. 2024, "Dist Loss" (arXiv 2411.15216). What differs here: pseudo-labels are the
empirical quantiles at (i + 0.5) / M rather than rounded density counts, which are biased at small
batches; the sort is hard, which the published soft sort equals wherever gaps are below 1/eps; and
the plain regression loss is a term of its own.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from worker.losses.columns import column_mean


def quantiles(sorted_N: Tensor, count: Tensor, size: int) -> Tensor:
    """Inverse empirical CDF of `sorted_N` at (i + 0.5) / count, for i < size.

    The smallest value whose cumulative share reaches the level. Positions at or above `count`
    repeat the largest value. `count` is a tensor, so that a GPU need not report it.
    """
    position = torch.arange(size, device=sorted_N.device, dtype=torch.float64)
    level = (position + 0.5) / count.clamp(min=1)
    index = torch.ceil(level * len(sorted_N)).long() - 1
    return sorted_N[index.clamp(0, len(sorted_N) - 1)]


def _column(prediction_B: Tensor, present_B: Tensor, sorted_N: Tensor) -> Tensor:
    count = present_B.sum()
    # Rows without a label go to the end of the sort, where no pseudo-label waits for them.
    filled_B = prediction_B.masked_fill(~present_B, torch.inf)
    ordered_B = torch.sort(filled_B).values
    used_B = torch.arange(len(ordered_B), device=ordered_B.device) < count
    target_B = quantiles(sorted_N, count, len(ordered_B)).to(ordered_B)
    error_B = torch.where(used_B, ordered_B, target_B) - target_B
    return error_B.square().sum() / count.clamp(min=1)


def dist(
    prediction_BY: Tensor,
    labels_BY: Tensor,
    *,
    training_labels: Sequence[Tensor],
    column_weights: Tensor | None = None,
) -> Tensor:
    """Mean squared distance between sorted predictions and quantiles of the training labels.

    Args:
        prediction_BY: predictions.
        labels_BY: only tells which rows are labelled (NaN = not).
        training_labels: per column, all labels of the training part, sorted, without NaN.
        column_weights: one weight a column.

    Laws: zero when the predictions are the quantiles, in any order; permuting the rows of the
    batch changes nothing; rows without a label change nothing.
    """
    present_BY = ~torch.isnan(labels_BY)
    columns = [
        _column(prediction_BY[:, y], present_BY[:, y], sorted_N)
        if len(sorted_N)
        else prediction_BY[:, y].sum() * 0
        for y, sorted_N in enumerate(training_labels)
    ]
    known_Y = torch.tensor([len(s) > 0 for s in training_labels], device=prediction_BY.device)
    return column_mean(torch.stack(columns), present_BY.any(dim=0) & known_Y, column_weights)
