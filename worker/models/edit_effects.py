"""Ridge regression on edits as a stored model, plain or on the logarithm.

`additive`: y = b + sum_e r_e w_e. `multiplicative`: y = exp(b + sum_e r_e w_e), fitted on log y, so
that the effects of edits multiply.

Source: Mani et al. 2008, doi:10.1073/pnas.0712255105 (the multiplicative definition of neutrality);
the fit is that of `worker.models.additive`.
"""

from dataclasses import dataclass

import numpy as np

from worker.models.additive import fit_ridge
from worker.models.observations import EditSets, Observations
from worker.models.stored import Floats, StoredModel


@dataclass(frozen=True)
class EditEffects(StoredModel):
    """Effects that add up. Place 0 of `weight_E` is padding."""

    intercept: Floats
    weight_E: Floats

    def predict_sets(self, sets: EditSets) -> Floats:
        """Sum of effects [B]."""
        total_B: Floats = (self.weight_E[sets.edit_BP] * sets.effect_BP).sum(axis=1)
        return total_B + float(self.intercept)


@dataclass(frozen=True)
class Multiplicative(EditEffects):
    """Effects that multiply."""

    def predict_sets(self, sets: EditSets) -> Floats:
        """Product of effects [B], above 0."""
        with np.errstate(over="ignore"):  # a level far out of range: infinite, and refused later
            product_B: Floats = np.exp(super().predict_sets(sets))
        return product_B


def fit_edit_effects(rows: Observations, penalty: float | None = None) -> EditEffects:
    """Ridge regression; `penalty` None selects it by leave-one-out error.

    Raises:
        ValueError: no row has a label.
    """
    fit = fit_ridge(rows.matrix(), rows.label_N, rows.weight_N, penalty)
    return EditEffects(np.array(fit.intercept), np.pad(fit.weight_E, (1, 0)))


def fit_feature_ridge(rows: Observations, penalty: float | None = None) -> EditEffects:
    """Ridge regression on sums of features; every edit of the vocabulary has a weight after it.

    Raises:
        ValueError: no row has a label, or nothing is known of genes.
    """
    if rows.genes is None or (rows.edit_count and not rows.genes.feature_EF.any()):
        raise ValueError("it is made of features of genes, and there are none: name a gene table")
    # Edits that no row has would be rows and columns of zeros in a large matrix.
    used_E = np.unique(rows.sets.edit_BP[rows.sets.edit_BP > 0]) - 1
    used_EF = rows.genes.feature_EF[used_E]
    fit = fit_ridge(rows.matrix()[:, used_E], rows.label_N, rows.weight_N, penalty, used_EF)
    weight_E = np.asarray(rows.genes.feature_EF @ np.asarray(fit.weight_F))
    return EditEffects(np.array(fit.intercept), np.pad(weight_E, (1, 0)))


def fit_multiplicative(
    rows: Observations, penalty: float | None = None, floor: float | None = None
) -> Multiplicative:
    """Ridge regression of the log of labels above 0; those below `floor` count as `floor`.

    Raises:
        ValueError: no row has a label, or labels are at or below 0 and there is no floor.
    """
    known = rows.labelled()
    value_N = known.label_N if floor is None else np.maximum(known.label_N, floor)
    if (value_N <= 0).any():
        raise ValueError(f"{int((value_N <= 0).sum())} labels at or below 0 have no logarithm")
    fit = fit_ridge(known.matrix(), np.log(value_N), known.weight_N, penalty)
    return Multiplicative(np.array(fit.intercept), np.pad(fit.weight_E, (1, 0)))
