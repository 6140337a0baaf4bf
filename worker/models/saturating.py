"""The additive model that knows sizes as a stored model; its formula is in `saturation`."""

from dataclasses import dataclass

import numpy as np

from worker.models.observations import EditSets, Observations
from worker.models.saturation import fit_saturating, gain_of, steps_of
from worker.models.stored import Floats, StoredModel


@dataclass(frozen=True)
class Saturating(StoredModel):
    """Effects, a level for each size, and how effects add up. Place 0 of `weight_E` is padding."""

    intercept: Floats
    weight_E: Floats
    step_K: Floats
    exponent: Floats

    def predict_sets(self, sets: EditSets) -> Floats:
        """Level of the size, and the effects scaled by it [B]."""
        size_B = sets.effect_BP.sum(axis=1)
        effect_B = (self.weight_E[sets.edit_BP] * sets.effect_BP).sum(axis=1)
        scaled_B: Floats = gain_of(size_B, float(self.exponent)) * effect_B
        return float(self.intercept) + steps_of(size_B) @ self.step_K + scaled_B


def fit_saturating_effects(rows: Observations) -> Saturating:
    """Penalty and exponent are those of the least leave-one-out error.

    Raises:
        ValueError: no row has a label.
    """
    fit = fit_saturating(rows.matrix(), rows.label_N, rows.weight_N)
    return Saturating(
        np.array(fit.ridge.intercept),
        np.pad(fit.ridge.weight_E, (1, 0)),
        fit.step_K,
        np.array(fit.exponent),
    )
