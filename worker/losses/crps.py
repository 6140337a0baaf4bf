"""Continuous ranked probability score: of a Gaussian around a prediction, and of samples."""

import math

import torch
from torch import Tensor, nn

from worker.losses.columns import labelled, per_label, require_above_zero, require_floats, widened

_SQRT_2_PI = math.sqrt(2.0 * math.pi)


def crps(
    prediction_BY: Tensor,
    labels_BY: Tensor,
    *,
    sd: float | Tensor = 0.5,
    row_weights: Tensor | None = None,
    column_weights: Tensor | None = None,
) -> Tensor:
    """Mean CRPS of N(prediction, sd^2), in the labels' unit.

    With w = (y - p) / sd: sd * (w (2 Phi(w) - 1) + 2 phi(w) - 1 / sqrt(pi)). It is a proper score
    that a single prediction can be trained by: square near 0, absolute value far away.

    Source: Gneiting and Raftery 2007, doi:10.1198/016214506000001437; closed form: Gneiting et
    al. 2005, doi:10.1175/MWR2904.1.

    Args:
        prediction_BY: predictions; half precision is computed in float32.
        labels_BY: labels in the unit of the predictions, NaN where missing.
        sd: sd of the predictive Gaussian in the labels' unit, above 0; a number, or anything that
            broadcasts to [B, Y].
        row_weights: weights of the rows within a column, [B] or [B, Y].
        column_weights: one weight a column, renormalised over those that have a label.

    Laws: tends to the mean absolute error as sd tends to 0; scaling predictions, labels and sd by
    c scales it by c; the slope is 1 - 2 Phi((y - p) / sd), never above 1.

    Raises:
        ValueError: wrong shapes, or an sd that is not above 0.
    """
    x = labelled(prediction_BY, labels_BY, row_weights)
    sd_BY = per_label(sd, x, "sd")
    w_BY = (x.target_BY - x.prediction_BY) / sd_BY
    density_BY = torch.exp(-0.5 * w_BY.square()) / _SQRT_2_PI
    score_BY = w_BY * torch.erf(w_BY / math.sqrt(2.0)) + 2.0 * density_BY - 1.0 / math.sqrt(math.pi)
    return x.mean(sd_BY * score_BY, column_weights)


def require_samples(samples_SBY: Tensor, labels_BY: Tensor, *, fair: bool) -> None:
    """Samples are [S, B, Y] over labels [B, Y], and enough of them.

    Raises:
        ValueError: they are not.
    """
    if samples_SBY.ndim != 3 or samples_SBY.shape[1:] != labels_BY.shape:
        raise ValueError(
            "samples have to be [S, B, Y] and labels [B, Y]; they are "
            f"{tuple(samples_SBY.shape)} and {tuple(labels_BY.shape)}"
        )
    require_floats(samples_SBY)
    least = 2 if fair else 1
    if len(samples_SBY) < least:
        raise ValueError(f"{len(samples_SBY)} samples; at least {least} are needed")


def ensemble_crps(
    samples_SBY: Tensor,
    labels_BY: Tensor,
    *,
    fair: bool = True,
    row_weights: Tensor | None = None,
    column_weights: Tensor | None = None,
) -> Tensor:
    """Mean CRPS of samples: mean |x_s - y| - 1/2 mean |x_s - x_t|, in the labels' unit.

    O(S log S) a label, by sorting. With `fair` the second mean leaves s = t out (divides by
    S (S - 1)): an unbiased estimate of the score of what the samples are drawn from. Without it
    (by S^2), the score of the samples themselves, never below 0.

    Source: Gneiting and Raftery 2007, doi:10.1198/016214506000001437; fair: Ferro 2014,
    doi:10.1002/qj.2270.

    Args:
        samples_SBY: draws from the predictive distribution of every label.
        labels_BY: labels in the unit of the samples, NaN where missing.
        fair: leave s = t out; needs two samples.
        row_weights: weights of the rows within a column, [B] or [B, Y].
        column_weights: one weight a column, renormalised over those that have a label.

    Laws: equal samples score their absolute error; the order of the samples does not matter.

    Raises:
        ValueError: wrong shapes, or too few samples.
    """
    require_samples(samples_SBY, labels_BY, fair=fair)
    x = labelled(samples_SBY[0], labels_BY, row_weights)
    wide_SBY = widened(samples_SBY)
    # A row without a label gives 0 and no gradient, whatever was drawn for it.
    kept_SBY = torch.where(torch.isnan(labels_BY), torch.zeros_like(wide_SBY), wide_SBY)
    size = len(kept_SBY)
    rank_S = torch.arange(size, device=kept_SBY.device, dtype=kept_SBY.dtype)
    weight_S = (2.0 * rank_S - (size - 1)) / (size * (size - 1 if fair else size))
    ordered_SBY = torch.sort(kept_SBY, dim=0, stable=True).values
    spread_BY = (weight_S[:, None, None] * ordered_SBY).sum(dim=0)
    error_BY = (kept_SBY - x.target_BY).abs().mean(dim=0)
    return x.mean(error_BY - spread_BY, column_weights)


class CrpsLoss(nn.Module):
    """`crps` with its parameters."""

    column_weights: Tensor | None

    def __init__(self, *, sd: float = 0.5, column_weights: Tensor | None = None) -> None:
        super().__init__()
        require_above_zero(sd=sd)
        self.sd = sd
        self.register_buffer("column_weights", column_weights)

    def forward(
        self, prediction_BY: Tensor, labels_BY: Tensor, *, row_weights: Tensor | None = None
    ) -> Tensor:
        """Loss of a batch."""
        weights = {"row_weights": row_weights, "column_weights": self.column_weights}
        return crps(prediction_BY, labels_BY, sd=self.sd, **weights)


class EnsembleCrpsLoss(nn.Module):
    """`ensemble_crps` with its parameters."""

    column_weights: Tensor | None

    def __init__(self, *, fair: bool = True, column_weights: Tensor | None = None) -> None:
        super().__init__()
        self.fair = fair
        self.register_buffer("column_weights", column_weights)

    def forward(
        self, samples_SBY: Tensor, labels_BY: Tensor, *, row_weights: Tensor | None = None
    ) -> Tensor:
        """Loss of a batch."""
        weights = {"row_weights": row_weights, "column_weights": self.column_weights}
        return ensemble_crps(samples_SBY, labels_BY, fair=self.fair, **weights)
