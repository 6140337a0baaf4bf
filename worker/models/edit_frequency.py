"""How often the edits of a design occur in training: a null that never sees a label.

With n_e the weight of the training observations that hold edit e, and N that of all:

    s = mean over the edits of the design of n_e / N      (0 for a design without edits)
    y = (s - mean of s over the observations) / standard deviation of s over them

so that y ranks by frequency alone and is spread as a standardised label is. Where s is the same
for all training designs, y is 0. Whatever this null ranks well was decided by whoever chose the
designs: good edits are built again.

Source: the selection bias of Park and Marcotte 2012, doi:10.1038/nmeth.2259, as a predictor.
"""

from dataclasses import dataclass

import numpy as np

from worker.models.observations import EditSets, Observations
from worker.models.stored import Floats, StoredModel


@dataclass(frozen=True)
class EditFrequency(StoredModel):
    """Share of the observations that hold each edit (place 0 is padding); center and spread."""

    share_E: Floats
    center: Floats
    spread: Floats

    def predict_sets(self, sets: EditSets) -> Floats:
        """Standardised frequency [B]."""
        score_B: Floats = _mean_share(self.share_E, sets) - float(self.center)
        return score_B / float(self.spread) if self.spread > 0 else np.zeros_like(score_B)


def _mean_share(share_E: Floats, sets: EditSets) -> Floats:
    mean_B: Floats = share_E[sets.edit_BP].sum(axis=1) / np.maximum(sets.orders, 1)
    return mean_B


def fit_edit_frequency(rows: Observations) -> EditFrequency:
    """Count edits, of labelled and unlabelled observations alike.

    Raises:
        ValueError: there is no observation.
    """
    total = float(rows.weight_N.sum())
    if not total > 0:
        raise ValueError("a frequency needs at least one observation")
    edit_NP = rows.sets.edit_BP
    weight_NP = np.broadcast_to(rows.weight_N[:, None], edit_NP.shape)
    share_E = np.bincount(edit_NP.ravel(), weight_NP.ravel(), minlength=rows.edit_count + 1) / total
    share_E[0] = 0.0
    score_N = _mean_share(share_E, rows.sets)
    center = np.average(score_N, weights=rows.weight_N)
    spread = np.sqrt(np.average((score_N - center) ** 2, weights=rows.weight_N))
    is_constant = spread <= 1e-12 * max(abs(center), 1e-300)
    return EditFrequency(share_E, np.array(center), np.array(0.0 if is_constant else spread))
