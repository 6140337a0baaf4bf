"""Dist loss: predictions should be distributed like the training labels.

Source: Nie et al. 2024, "Dist Loss" (arXiv 2411.15216). What differs here: by default
pseudo-labels are the empirical quantiles at (i + 0.5) / M rather than rounded density counts, which
are biased at small batches; the sort is hard, which the published soft sort equals wherever gaps
are below 1/eps; and the plain regression loss is a term of its own.
"""

from collections.abc import Sequence
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn.functional import huber_loss

from worker.losses.columns import (
    column_mean,
    require_above_zero,
    require_same_shape,
    widened,
)
from worker.losses.pseudo_labels import InverseCdf, Rule, inverse_cdfs, levels

Distance = Literal["l2", "l1", "huber"]


def _apart(ordered_B: Tensor, target_B: Tensor, distance: Distance, delta: float) -> Tensor:
    if distance == "huber":
        return huber_loss(ordered_B, target_B, reduction="none", delta=delta)
    error_B = ordered_B - target_B
    return error_B.square() if distance == "l2" else error_B.abs()


def _column(
    prediction_B: Tensor, present_B: Tensor, cdf: InverseCdf, distance: Distance, delta: float
) -> Tensor:
    count = present_B.sum()
    # Rows without a label go to the end of the sort, where no pseudo-label waits for them.
    filled_B = prediction_B.masked_fill(~present_B, torch.inf)
    ordered_B = torch.sort(filled_B).values
    used_B = torch.arange(len(ordered_B), device=ordered_B.device) < count
    target_B = cdf.at(levels(count, len(ordered_B))).to(ordered_B)
    apart_B = _apart(torch.where(used_B, ordered_B, target_B), target_B, distance, delta)
    return apart_B.sum() / count.clamp(min=1)


def _check_choices(training_count: int, column_count: int, distance: str, delta: float) -> None:
    if training_count != column_count:
        raise ValueError(f"training labels of {training_count} columns for {column_count} columns")
    if distance not in get_args(Distance):
        names = ", ".join(get_args(Distance))
        raise ValueError(f"distance has to be one of {names}, it is {distance!r}")
    require_above_zero(delta=delta)


def dist(
    prediction_BY: Tensor,
    labels_BY: Tensor,
    *,
    training_labels: Sequence[Tensor | InverseCdf],
    rule: Rule = "quantile",
    distance: Distance = "l2",
    delta: float = 1.0,
    bandwidth: float | None = None,
    step: float = 0.1,
    batch_size: int | None = None,
    column_weights: Tensor | None = None,
) -> Tensor:
    """Mean distance between sorted predictions and pseudo-labels, averaged over the columns.

    The M labelled rows of a batch are matched with the pseudo-labels at the levels (i + 0.5) / M.
    Only with the rule `quantile`, or with `InverseCdf`s made beforehand, is nothing made in here.

    Args:
        prediction_BY: predictions; half precision is computed in float32.
        labels_BY: only tells which rows are labelled (NaN = not).
        training_labels: per column, all labels of the training part in the predictions' unit,
            sorted, without NaN; or what `inverse_cdfs` made of them (then `rule`, `bandwidth`,
            `step` and `batch_size` have no more say).
        rule: where pseudo-labels come from; see `inverse_cdfs`.
        distance: `l2`, the squared error (the labels' unit squared); `l1`; or `huber`.
        delta: of `huber`, where squares end, in the labels' unit, above 0.
        bandwidth: of `kde` and `official`, the kernel's sd as a factor of the labels' sd, above 0.
        step: of `official`, the grid's step in the labels' unit, above 0.
        batch_size: of `official`, the rows of a full batch; default: those given. A batch with
            fewer labelled rows takes quantiles of the full batch's pseudo-labels.
        column_weights: one weight a column, renormalised over those that have a label.

    Laws: zero when the predictions are the pseudo-labels, in any order; permuting the rows of the
    batch changes nothing; rows without a label change nothing.

    Raises:
        ValueError: wrong shapes, not one set of training labels a column, a parameter out of its
            range, or see `inverse_cdfs`.
    """
    require_same_shape(prediction_BY, labels_BY)
    _check_choices(len(training_labels), labels_BY.shape[1], distance, delta)
    size = len(labels_BY) if batch_size is None else batch_size
    cdfs = inverse_cdfs(training_labels, rule=rule, bandwidth=bandwidth, step=step, batch_size=size)
    wide_BY = widened(prediction_BY)
    if not cdfs:
        return 0.0 * prediction_BY.sum()
    given_Y = torch.tensor([len(cdf) > 0 for cdf in cdfs], device=labels_BY.device)
    known_BY = ~torch.isnan(labels_BY) & given_Y
    columns = [
        _column(wide_BY[:, y], known_BY[:, y], cdf, distance, delta)
        if len(cdf)
        else wide_BY[:, y].sum() * 0
        for y, cdf in enumerate(cdfs)
    ]
    value = column_mean(torch.stack(columns), known_BY.any(dim=0), column_weights)
    return value.to(prediction_BY.dtype)


class DistLoss(nn.Module):
    """`dist` to the pseudo-labels of one training set, made once."""

    column_weights: Tensor | None

    def __init__(
        self,
        training_labels: Sequence[Tensor],
        *,
        batch_size: int,
        rule: Rule = "quantile",
        distance: Distance = "l2",
        delta: float = 1.0,
        bandwidth: float | None = None,
        step: float = 0.1,
        column_weights: Tensor | None = None,
    ) -> None:
        super().__init__()
        cdfs = inverse_cdfs(
            training_labels, rule=rule, bandwidth=bandwidth, step=step, batch_size=batch_size
        )
        self._columns = len(cdfs)
        for y, cdf in enumerate(cdfs):
            self.register_buffer(f"value_{y}", cdf.value_K)
            self.register_buffer(f"level_{y}", cdf.level_K)
        self.distance: Distance = distance
        self.delta = delta
        self.register_buffer("column_weights", column_weights)

    @property
    def cdfs(self) -> list[InverseCdf]:
        """The pseudo-labels of every column, on the device of the module."""
        names = range(self._columns)
        return [InverseCdf(getattr(self, f"value_{y}"), getattr(self, f"level_{y}")) for y in names]

    def forward(self, prediction_BY: Tensor, labels_BY: Tensor) -> Tensor:
        """Loss of a batch."""
        return dist(
            prediction_BY,
            labels_BY,
            training_labels=self.cdfs,
            distance=self.distance,
            delta=self.delta,
            column_weights=self.column_weights,
        )
