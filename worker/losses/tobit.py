"""Censored (Tobit) negative log-likelihood: values below a detection limit."""

import torch
from torch import Tensor, nn

from worker.losses.columns import broadcast, labelled, per_label, require_above_zero
from worker.losses.gaussian_nll import normal_nll


def tobit(
    prediction_BY: Tensor,
    labels_BY: Tensor,
    *,
    censored_BY: Tensor,
    sd: float | Tensor = 0.5,
    row_weights: Tensor | None = None,
    column_weights: Tensor | None = None,
) -> Tensor:
    """Mean of -log N(y; p, sd^2) where y was measured, of -log Phi((y - p) / sd) where censored.

    A censored label stands at its detection limit and says only that the value lies below: a
    prediction far below the limit costs nothing, one far above it as much as a measurement. In
    nats; may be negative.

    Source: Tobin 1958, doi:10.2307/1907382.

    Args:
        prediction_BY: predictions; half precision is computed in float32.
        labels_BY: labels in the unit of the predictions, NaN where missing; the limit where
            censored.
        censored_BY: boolean, anything that broadcasts to [B, Y].
        sd: sd of the noise in the labels' unit, above 0; a number, or anything that broadcasts.
        row_weights: weights of the rows within a column, [B] or [B, Y].
        column_weights: one weight a column, renormalised over those that have a label.

    Laws: without censored labels it is the Gaussian NLL; the loss of a censored label falls with
    the prediction, to 0; the two outcomes of one limit have probabilities that sum to 1.

    Raises:
        ValueError: wrong shapes, or an sd that is not above 0.
    """
    x = labelled(prediction_BY, labels_BY, row_weights)
    sd_BY = per_label(sd, x, "sd")
    is_censored_BY = broadcast(censored_BY, x, "censored") > 0
    room_BY = torch.where(is_censored_BY, x.target_BY - x.prediction_BY, 0.0) / sd_BY
    # In float64: PyTorch's float32 gradient is off by 13 % at -2,000 sds, by a factor 6 at -10,000.
    below_BY = -torch.special.log_ndtr(room_BY.double()).to(room_BY.dtype)
    return x.mean(torch.where(is_censored_BY, below_BY, normal_nll(x, sd_BY)), column_weights)


class TobitLoss(nn.Module):
    """`tobit` with its parameters."""

    column_weights: Tensor | None

    def __init__(self, *, sd: float = 0.5, column_weights: Tensor | None = None) -> None:
        super().__init__()
        require_above_zero(sd=sd)
        self.sd = sd
        self.register_buffer("column_weights", column_weights)

    def forward(
        self,
        prediction_BY: Tensor,
        labels_BY: Tensor,
        censored_BY: Tensor,
        *,
        row_weights: Tensor | None = None,
    ) -> Tensor:
        """Loss of a batch."""
        weights = {"row_weights": row_weights, "column_weights": self.column_weights}
        return tobit(prediction_BY, labels_BY, censored_BY=censored_BY, sd=self.sd, **weights)
