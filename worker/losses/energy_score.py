"""Energy score: the CRPS of several labels together."""

import torch
from torch import Tensor, nn

from worker.losses.columns import widened
from worker.losses.crps import require_samples


def _power_of_length(difference: Tensor, beta: float) -> Tensor:
    """|d|^beta over the last dimension; the gradient at 0 is 0 (it is not defined there)."""
    square = difference.square().sum(dim=-1)
    apart = square > 0
    return torch.where(apart, torch.where(apart, square, 1.0) ** (0.5 * beta), 0.0)


def energy_score(
    samples_SBY: Tensor,
    labels_BY: Tensor,
    *,
    beta: float = 1.0,
    fair: bool = True,
    row_weights: Tensor | None = None,
) -> Tensor:
    """Mean over rows of mean |x_s - y|^beta - 1/2 mean |x_s - x_t|^beta.

    Lengths are Euclidean over the labels that the row has: a missing one is marginalised. The
    labels should be on comparable scales (standardised). Rows without any label carry no weight.
    Memory is O(S^2 B Y).

    Source: Gneiting and Raftery 2007, doi:10.1198/016214506000001437; `fair` as in the CRPS.

    Args:
        samples_SBY: joint draws from the predictive distribution of every row.
        labels_BY: labels in the unit of the samples, NaN where missing.
        beta: power of the length, above 0 and below 2 (strictly proper there).
        fair: leave s = t out of the second mean; needs two samples.
        row_weights: weights of the rows, [B].

    Returns:
        A scalar in the labels' unit to the power of beta, in the samples' dtype.

    Laws: with one label and beta 1 it is the CRPS of the samples; rotating samples and labels
    together changes nothing; the order of the samples does not matter.

    Raises:
        ValueError: wrong shapes, too few samples, or a beta outside its range.
    """
    if not 0 < beta < 2:
        raise ValueError(f"beta has to be above 0 and below 2, it is {beta}")
    require_samples(samples_SBY, labels_BY, fair=fair)
    wide_SBY = widened(samples_SBY)
    present_BY = ~torch.isnan(labels_BY)
    target_BY = torch.where(present_BY, labels_BY.to(wide_SBY.dtype), 0.0)
    kept_SBY = torch.where(present_BY, wide_SBY, 0.0)
    size = len(kept_SBY)
    error_B = _power_of_length(kept_SBY - target_BY, beta).mean(dim=0)
    pairs_B = _power_of_length(kept_SBY[:, None] - kept_SBY[None], beta).sum(dim=(0, 1))
    score_B = error_B - 0.5 * pairs_B / (size * (size - 1 if fair else size))
    weight_B = present_BY.any(dim=1).to(score_B.dtype)
    if row_weights is not None:
        weight_B = weight_B * _rows(row_weights, weight_B)
    total = weight_B.sum()
    mean = (weight_B * score_B).sum() / torch.where(total > 0, total, torch.ones_like(total))
    return mean.to(samples_SBY.dtype)


def _rows(row_weights: Tensor, weight_B: Tensor) -> Tensor:
    if row_weights.shape != weight_B.shape:
        raise ValueError(
            f"row weights have to be [B] = {tuple(weight_B.shape)}, they are "
            f"{tuple(row_weights.shape)}"
        )
    return row_weights.to(weight_B)


class EnergyScoreLoss(nn.Module):
    """`energy_score` with its parameters."""

    def __init__(self, *, beta: float = 1.0, fair: bool = True) -> None:
        super().__init__()
        self.beta = beta
        self.fair = fair

    def forward(
        self, samples_SBY: Tensor, labels_BY: Tensor, *, row_weights: Tensor | None = None
    ) -> Tensor:
        """Loss of a batch."""
        return energy_score(
            samples_SBY, labels_BY, beta=self.beta, fair=self.fair, row_weights=row_weights
        )
