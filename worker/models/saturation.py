"""Effects that add up less, the more of them there are: an additive model that knows sizes.

    y = b + sum_k step_k clamp(n - k, 0, 1) + max(n, 1)^-exponent * sum_e r_e w_e,   n = sum_e r_e

n is the number of edits where levels are not given. Steps are a level for each size, and
designs that are larger than any in training have that of the largest; the exponent says whether
effects add up (0) or a design is the mean of its edits (1). Without both it is the additive model,
which is among the candidates: leave-one-out error of the ridge regressions decides.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from torch import Tensor, nn

from worker.models.additive import RidgeFit, fit_ridge

Floats = NDArray[np.float64]

STEPS = 8
EXPONENTS = (0.0, 0.25, 0.5, 0.75, 1.0)
# What an edit adds to the dimension of sizes: as much as to any other at the start.
SIZE_UNIT = 0.1


@dataclass(frozen=True)
class SaturatingFit:
    """A ridge regression of effects that are scaled by the size of their design, and its steps."""

    ridge: RidgeFit
    step_K: Floats
    exponent: float

    def predict(self, effect_NE: csr_matrix) -> Floats:
        """Predictions [N]."""
        size_N = _sizes(effect_NE)
        scaled_N: Floats = gain_of(size_N, self.exponent) * (effect_NE @ self.ridge.weight_E)
        predicted_N: Floats = self.ridge.intercept + steps_of(size_N) @ self.step_K + scaled_N
        return predicted_N


def _sizes(effect_NE: csr_matrix) -> Floats:
    return np.asarray(effect_NE.sum(axis=1)).ravel()


def steps_of(size_N: Floats) -> Floats:
    """How much of each step [N, K] a size takes."""
    steps_NK: Floats = np.clip(size_N[:, None] - np.arange(STEPS), 0.0, 1.0)
    return steps_NK


def gain_of(size_N: Floats, exponent: float) -> Floats:
    """What effects count [N] in a design of a size."""
    gain_N: Floats = np.maximum(size_N, 1.0) ** -exponent
    return gain_N


def fit_saturating(
    effect_NE: csr_matrix, label_N: Floats, weight_N: Floats | None = None
) -> SaturatingFit:
    """Fit one label; rows whose label is NaN, or whose weight is 0, are left out.

    Where all designs are of one size, or of none of the sizes more is gained than by adding up, it
    is the additive model.

    Raises:
        ValueError: no row has a label.
    """
    plain = SaturatingFit(fit_ridge(effect_NE, label_N, weight_N), np.zeros(STEPS), 0.0)
    size_N = _sizes(effect_NE)
    used_N = ~np.isnan(label_N) if weight_N is None else ~np.isnan(label_N) & (weight_N > 0)
    if len(np.unique(size_N[used_N])) < 2:
        return plain
    found = [plain]
    for exponent in EXPONENTS:
        scaled_NE = effect_NE.multiply(gain_of(size_N, exponent)[:, None])
        both_NE = csr_matrix(hstack([scaled_NE, csr_matrix(steps_of(size_N))]))
        fit = fit_ridge(both_NE, label_N, weight_N)
        weight_E, step_K = np.split(fit.weight_E, [effect_NE.shape[1]])
        ridge = RidgeFit(fit.intercept, weight_E, fit.penalty, fit.leave_one_out_rmse)
        found.append(SaturatingFit(ridge, step_K, exponent))
    return min(found, key=lambda fit: fit.ridge.leave_one_out_rmse)


class Saturation(nn.Module):
    """What a head reads of the size of a design: a gain on its linear part, and a level.

    The last dimension of a state holds the size. Without a start nothing is gained or added.
    """

    size_D: Tensor
    exponent_Y: Tensor

    def __init__(self, latent_dim: int, label_count: int) -> None:
        super().__init__()
        size_D = torch.zeros(latent_dim)
        size_D[-1] = 1.0 / SIZE_UNIT
        self.register_buffer("size_D", size_D)
        self.register_buffer("exponent_Y", torch.zeros(label_count))
        self.step_YK = nn.Parameter(torch.zeros(label_count, STEPS))

    def forward(self, z_BD: Tensor) -> tuple[Tensor, Tensor]:
        """Gain and level [..., Y] at states [..., D]."""
        size_B1 = (z_BD @ self.size_D)[..., None]
        gain_BY = size_B1.clamp(min=1.0).pow(-self.exponent_Y)
        places_K = torch.arange(STEPS, device=z_BD.device)
        level_BY = (size_B1 - places_K).clamp(0.0, 1.0) @ self.step_YK.T
        return gain_BY, level_BY
