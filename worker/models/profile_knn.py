"""Neighbours of edits by their profiles over all partners.

    y = b + sum_e r_e w_e + sum over pairs i < j of r_i r_j z_ij
    z_ij = (sum_a s_ia X_aj + sum_a s_ja X_ia) / (sum_a s_ia + sum_a s_ja)

b and w are the additive ridge model of all labels, X its residuals of the designs of two edits. a
runs over edit i (j) itself, with s = 1, and its k nearest edits, as far as the pair with j (i) was
measured. s is the cosine of two rows of X, 0 where not measured; only those above 0 are neighbours.
A pair of which no neighbour was measured has z = 0: the additive model.

Source: Sarwar et al. 2001, doi:10.1145/371920.372071 (item neighbours); Costanzo et al. 2010,
doi:10.1126/science.1180823 (profiles of interactions tell which genes are alike).
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, diags

from worker.models.edit_effects import EditEffects
from worker.models.observations import (
    Codes,
    EditSets,
    Observations,
    look_up,
    pair_keys,
    pairs_of,
)
from worker.models.pair_residuals import pair_residuals
from worker.models.stored import Floats, StoredModel

_CHUNK_ROWS = 512


@dataclass(frozen=True)
class ProfileKnn(StoredModel):
    """The additive part, measured pairs, and for each edit its neighbours, itself first.

    Place 0 of the weights and of the neighbours is padding, with similarity 0.
    """

    intercept: Floats
    weight_E: Floats
    pair_key_Q: Codes
    pair_Q: Floats
    neighbor_EK: Codes
    similarity_EK: Floats

    def predict_sets(self, sets: EditSets) -> Floats:
        """Additive part and all pairs [B]."""
        additive_B = EditEffects(self.intercept, self.weight_E).predict_sets(sets)
        first_Q, second_Q, used_BQ = pairs_of(sets.edit_BP)
        first_BQ, second_BQ = sets.edit_BP[:, first_Q], sets.edit_BP[:, second_Q]
        scale_BQ = sets.effect_BP[:, first_Q] * sets.effect_BP[:, second_Q]
        pair_B: Floats = (scale_BQ * self._pairs(first_BQ, second_BQ)).sum(axis=1, where=used_BQ)
        return additive_B + pair_B

    def _pairs(self, first_BQ: Codes, second_BQ: Codes) -> Floats:
        above, below = self._side(first_BQ, second_BQ)
        other_above, other_below = self._side(second_BQ, first_BQ)
        total = below + other_below
        return np.where(total > 0, (above + other_above) / np.where(total > 0, total, 1.0), 0.0)

    def _side(self, edit_BQ: Codes, partner_BQ: Codes) -> tuple[Floats, Floats]:
        """Weighted sum over the neighbours of `edit`, and the sum of their weights."""
        neighbor_BQK = self.neighbor_EK[edit_BQ]
        count = len(self.neighbor_EK) - 1
        keys = pair_keys(neighbor_BQK, partner_BQ[:, :, None], count)
        value_BQK = look_up(self.pair_key_Q, self.pair_Q, keys)
        known_BQK = ~np.isnan(value_BQK)
        weight_BQK = np.where(known_BQK, self.similarity_EK[edit_BQ], 0.0)
        above: Floats = (weight_BQK * np.where(known_BQK, value_BQK, 0.0)).sum(axis=2)
        below: Floats = weight_BQK.sum(axis=2)
        return above, below


def _neighbors(profile_EE: csr_matrix, count: int) -> tuple[Codes, Floats]:
    """Each edit itself and its `count` nearest others [E, 1 + K], and their similarities."""
    edits = profile_EE.shape[0]
    norm_E = np.sqrt(np.asarray(profile_EE.multiply(profile_EE).sum(axis=1)).ravel())
    unit_EE = (diags(1.0 / np.where(norm_E > 0, norm_E, 1.0)) @ profile_EE).toarray()
    kept = min(count, max(edits - 1, 0))
    neighbor_EK = np.zeros((edits, 1 + kept), dtype=np.int64)
    similarity_EK = np.ones((edits, 1 + kept))
    for start in range(0, edits, _CHUNK_ROWS):
        rows = np.arange(start, min(start + _CHUNK_ROWS, edits))
        cosine_NE = unit_EE[rows] @ unit_EE.T
        cosine_NE[np.arange(len(rows)), rows] = -np.inf
        order_NK = np.argsort(-cosine_NE, axis=1, kind="stable")[:, :kept]
        neighbor_EK[rows] = np.concatenate([rows[:, None], order_NK], axis=1)
        similarity_EK[rows, 1:] = np.maximum(np.take_along_axis(cosine_NE, order_NK, 1), 0.0)
    return neighbor_EK, similarity_EK


def fit_profile_knn(rows: Observations, *, neighbors: int = 20) -> ProfileKnn:
    """Residual profiles of all edits, and their nearest.

    Raises:
        ValueError: no row has a label.
    """
    pairs = pair_residuals(rows)
    neighbor_EK, similarity_EK = _neighbors(pairs.matrix(), neighbors)
    return ProfileKnn(
        intercept=pairs.effects.intercept,
        weight_E=pairs.effects.weight_E,
        pair_key_Q=pair_keys(pairs.first_Q + 1, pairs.second_Q + 1, rows.edit_count),
        pair_Q=pairs.value_Q,
        neighbor_EK=np.pad(neighbor_EK + 1, ((1, 0), (0, 0))),
        similarity_EK=np.pad(similarity_EK, ((1, 0), (0, 0))),
    )
