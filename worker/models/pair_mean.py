"""Means of the training designs that hold the same pairs, or the same edits.

With m_ij the mean label of the training observations whose design holds both i and j, and m_i of
those that hold i:

    y = mean of m_ij over the pairs of the design that training holds; where it holds none of them,
        mean of m_i over its edits; for a design without known edits, the training mean.

An edit counts by its name, at whatever level.

Source: Park and Marcotte 2012, doi:10.1038/nmeth.2259 (parts seen in training lend a predictor of
pairs its accuracy); this null is that effect alone.
"""

from dataclasses import dataclass

import numpy as np

from worker.models.observations import (
    Codes,
    EditSets,
    Observations,
    look_up,
    mean_by_key,
    pair_keys,
    pairs_of,
)
from worker.models.stored import Floats, StoredModel


@dataclass(frozen=True)
class PairMean(StoredModel):
    """Means by pair, by edit (NaN for one without a label; place 0 is padding), and over all."""

    pair_key_Q: Codes
    pair_mean_Q: Floats
    edit_mean_E: Floats
    mean: Floats

    def predict_sets(self, sets: EditSets) -> Floats:
        """Mean of the known pairs, else of the known edits, else over all [B]."""
        pairs = pairs_of(sets.edit_BP)
        key_BQ = _keys(sets, len(self.edit_mean_E) - 1)
        known_BQ = look_up(self.pair_key_Q, self.pair_mean_Q, key_BQ)
        by_pair_B = _known_mean(np.where(pairs.used_BQ, known_BQ, np.nan))
        by_edit_B = _known_mean(self.edit_mean_E[sets.edit_BP])
        of_edits_B = np.where(np.isnan(by_edit_B), float(self.mean), by_edit_B)
        return np.where(np.isnan(by_pair_B), of_edits_B, by_pair_B)


def _keys(sets: EditSets, edit_count: int) -> Codes:
    first_Q, second_Q, _ = pairs_of(sets.edit_BP)
    return pair_keys(sets.edit_BP[:, first_Q], sets.edit_BP[:, second_Q], edit_count)


def _known_mean(value_BK: Floats) -> Floats:
    """Mean of what is not NaN in each row; NaN where all is."""
    known_BK = ~np.isnan(value_BK)
    count_B = known_BK.sum(axis=1)
    total_B = np.where(known_BK, value_BK, 0.0).sum(axis=1)
    return np.where(count_B > 0, total_B / np.maximum(count_B, 1), np.nan)


def fit_pair_mean(rows: Observations) -> PairMean:
    """Means of the labels by pair and by edit.

    Raises:
        ValueError: no row has a label.
    """
    known = rows.labelled()
    edit_NP = known.sets.edit_BP
    used_NQ = pairs_of(edit_NP).used_BQ
    row_NQ = np.nonzero(used_NQ)[0]
    pair_key_Q, pair_mean_Q = mean_by_key(
        _keys(known.sets, rows.edit_count)[used_NQ], known.label_N[row_NQ], known.weight_N[row_NQ]
    )
    row_N = np.nonzero(edit_NP > 0)[0]
    edit_key_E, mean_E = mean_by_key(
        edit_NP[edit_NP > 0], known.label_N[row_N], known.weight_N[row_N]
    )
    edit_mean_E = np.full(rows.edit_count + 1, np.nan)
    edit_mean_E[edit_key_E] = mean_E
    mean = np.array(np.average(known.label_N, weights=known.weight_N))
    return PairMean(pair_key_Q, pair_mean_Q, edit_mean_E, mean)
