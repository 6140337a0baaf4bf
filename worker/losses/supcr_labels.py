"""Label columns of SupCR: which rows have one, in what order, and how much a pair counts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

import torch
from torch import Tensor


@dataclass(frozen=True)
class LabelColumns:
    """Labels in float64, ready to be ranked.

    `scale_Y` is the column's renormalised weight over its number of ordered pairs, 0 for a column
    with fewer than two labels, so that the loss is the sum over columns of scale times pairs.
    """

    label_YN: Tensor
    present_YN: Tensor
    scale_Y: Tensor

    @property
    def rows(self) -> int:
        return self.label_YN.shape[1]


def label_columns(labels_NY: Tensor, column_weights: Tensor | None = None) -> LabelColumns:
    """Prepare the labels; NaN is missing. No host sync.

    float64, because near-ties that float32 merges move the loss by per cents.

    Raises:
        ValueError: not one weight a column.
    """
    label_YN = labels_NY.detach().to(torch.float64).T.contiguous()
    present_YN = ~torch.isnan(label_YN)
    count_Y = present_YN.sum(dim=1).to(torch.float64)
    weight_Y = _weights(column_weights, count_Y)
    weight_Y = torch.where(count_Y >= 2, weight_Y, torch.zeros_like(weight_Y))
    total = weight_Y.sum()
    share_Y = weight_Y / torch.where(total > 0, total, torch.ones_like(total))
    scale_Y = share_Y / (count_Y * (count_Y - 1)).clamp(min=1)
    # Distances to an infinite label cannot be ranked. Raising would make a GPU wait for the host.
    unranked = torch.isinf(label_YN).any()
    scale_Y = torch.where(unranked, torch.full_like(scale_Y, torch.nan), scale_Y)
    return LabelColumns(label_YN, present_YN, scale_Y)


def joined(views: Sequence[LabelColumns]) -> LabelColumns:
    """The labels that any view has; views differ only in which. The scales are the first's."""
    return reduce(_either, views)


def _either(one: LabelColumns, other: LabelColumns) -> LabelColumns:
    return replace(
        one,
        label_YN=torch.where(one.present_YN, one.label_YN, other.label_YN),
        present_YN=one.present_YN | other.present_YN,
    )


def _weights(column_weights: Tensor | None, count_Y: Tensor) -> Tensor:
    if column_weights is None:
        return torch.ones_like(count_Y)
    if column_weights.shape != count_Y.shape:
        raise ValueError(
            f"{column_weights.numel()} column weights for {len(count_Y)} label columns"
        )
    return column_weights.detach().to(count_Y)


def tie_lower_bound(labels_NY: Tensor) -> Tensor:
    """Least value of one view's loss, a label column each: [Y], float64, NaN without a pair.

    ``1 / (N (N - 1)) * sum over anchors, over groups of n equal distances, of n log n``: tied
    rows share one denominator, so none of them can have it to itself. 0 without ties; the mean
    over columns bounds the loss. Cosine may not reach it: its logits span only 2 / temperature.
    Computed with `ties="exact"` in mind; "upstream" lies above it.
    """
    columns = label_columns(labels_NY)
    bounds = [
        _column_bound(label_N[present_N])
        for label_N, present_N in zip(columns.label_YN, columns.present_YN, strict=True)
    ]
    return torch.stack(bounds) if bounds else columns.scale_Y


def _column_bound(label_N: Tensor) -> Tensor:
    rows = len(label_N)
    if rows < 2:
        return label_N.new_full((), torch.nan)
    total = label_N.new_zeros(())
    size = max(1, 2**20 // rows)
    for start in range(0, rows, size):
        anchor_b = torch.arange(start, min(start + size, rows), device=label_N.device)
        distance_bN = (label_N[anchor_b, None] - label_N).abs()
        distance_bN[torch.arange(len(anchor_b), device=label_N.device), anchor_b] = torch.inf
        sorted_bN = distance_bN.sort(dim=1).values[:, : rows - 1].contiguous()
        last_bN = torch.searchsorted(sorted_bN, sorted_bN, side="right")
        first_bN = torch.searchsorted(sorted_bN, sorted_bN, side="left")
        # Every member of a group of n adds log n.
        total = total + (last_bN - first_bN).to(torch.float64).log().sum()
    return total / (rows * (rows - 1))
