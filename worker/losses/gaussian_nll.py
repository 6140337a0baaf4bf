"""Gaussian negative log-likelihood with measured standard deviations."""

import math

import torch
from torch import Tensor, nn

from worker.losses.columns import Labelled, broadcast, labelled, require_above_zero

_LOG_SQRT_2_PI = 0.5 * math.log(2.0 * math.pi)


def normal_nll(x: Labelled, sd_BY: Tensor) -> Tensor:
    """-log N(target; prediction, sd^2), [B, Y]."""
    error_BY = (x.target_BY - x.prediction_BY) / sd_BY
    return 0.5 * error_BY.square() + torch.log(sd_BY) + _LOG_SQRT_2_PI


def gaussian_nll(
    prediction_BY: Tensor,
    labels_BY: Tensor,
    *,
    sd_BY: Tensor,
    floor: float = 0.1,
    row_weights: Tensor | None = None,
    column_weights: Tensor | None = None,
) -> Tensor:
    """Mean of -log N(label; prediction, s^2) with s = max(sd, floor), in nats.

    A label weighs by the inverse of its measured variance. The floor keeps a few labels with a
    tiny sd (two replicates that happened to agree) from being all that is learned. The loss may
    be negative. A row whose label or sd is missing (NaN) carries no weight.

    Source: Nix and Weigend 1994, doi:10.1109/ICNN.1994.374138; here the sd is measured and not
    predicted.

    Args:
        prediction_BY: predictions; half precision is computed in float32.
        labels_BY: labels in the unit of the predictions, NaN where missing.
        sd_BY: sd of each label in the labels' unit; anything that broadcasts to [B, Y].
        floor: least sd that is believed, in the labels' unit, above 0.
        row_weights: weights of the rows within a column, [B] or [B, Y].
        column_weights: one weight a column, renormalised over those that have a label.

    Laws: with one sd throughout its gradient is that of mse / (2 sd^2); scaling predictions,
    labels, sds and floor by c adds log c.

    Raises:
        ValueError: wrong shapes, or a floor that is not above 0.
    """
    require_above_zero(floor=floor)
    x = labelled(prediction_BY, labels_BY)  # the shapes, before sd is lined up with them
    given_BY = broadcast(sd_BY, x, "sd")
    present_BY = ~(torch.isnan(labels_BY) | torch.isnan(given_BY))
    x = labelled(prediction_BY, labels_BY, row_weights, present_BY)
    known_BY = torch.where(present_BY, given_BY, torch.ones_like(given_BY))
    return x.mean(normal_nll(x, known_BY.clamp(min=floor)), column_weights)


class GaussianNllLoss(nn.Module):
    """`gaussian_nll` with its parameters."""

    column_weights: Tensor | None

    def __init__(self, *, floor: float = 0.1, column_weights: Tensor | None = None) -> None:
        super().__init__()
        require_above_zero(floor=floor)
        self.floor = floor
        self.register_buffer("column_weights", column_weights)

    def forward(
        self,
        prediction_BY: Tensor,
        labels_BY: Tensor,
        sd_BY: Tensor,
        *,
        row_weights: Tensor | None = None,
    ) -> Tensor:
        """Loss of a batch."""
        weights = {"row_weights": row_weights, "column_weights": self.column_weights}
        return gaussian_nll(prediction_BY, labels_BY, sd_BY=sd_BY, floor=self.floor, **weights)
