"""The label of the nearest training design, by shared edits.

The similarity of two designs with effects a and b is the weighted Jaccard index

    J = m / (sum_e |a_e| + sum_e |b_e| - m),   m = sum of min(|a_e|, |b_e|) over edits e of one sign

which is shared edits / all edits where every effect is 1. J is 1 for two designs without edits.
y is the mean label of the training design with the greatest J; equally near designs are averaged,
each once however often it was measured. A design that shares no edit with any is as near to all
of them: y is then their mean.

Source: Cover and Hart 1967, doi:10.1109/TIT.1967.1053964 (nearest neighbour); Ioffe 2010,
doi:10.1109/ICDM.2010.80 (weighted Jaccard index).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_matrix

from worker.models.observations import Codes, EditSets, Observations
from worker.models.stored import Floats, StoredModel

_TIE = 1e-12  # of the same fraction, computed from sums in another order
_CHUNK_ROWS = 4096


@dataclass(frozen=True)
class NearestDesign(StoredModel):
    """Distinct training designs with their mean labels."""

    edit_KP: Codes
    effect_KP: Floats
    mean_K: Floats

    @cached_property
    def _sizes(self) -> Floats:
        size_K: Floats = np.abs(self.effect_KP).sum(axis=1)
        return size_K

    @cached_property
    def _holders(self) -> csr_matrix:
        """Effects in the training designs, one row an edit (row 0: the padding, empty)."""
        row_N, column_N = np.nonzero(self.edit_KP)
        edit_N, effect_N = self.edit_KP[row_N, column_N], self.effect_KP[row_N, column_N]
        edits = int(self.edit_KP.max(initial=0)) + 1
        return csr_matrix((effect_N, (edit_N, row_N)), shape=(edits, len(self.mean_K)))

    def predict_sets(self, sets: EditSets) -> Floats:
        """Mean label of the nearest designs [B]."""
        parts = [
            self._nearest(sets.rows(slice(start, start + _CHUNK_ROWS)))
            for start in range(0, len(sets.edit_BP), _CHUNK_ROWS)
        ]
        return np.concatenate([np.zeros(0), *parts])

    def _nearest(self, sets: EditSets) -> Floats:
        shared_BK = self._shared(sets)
        count_B = np.diff(shared_BK.indptr)
        row_N = np.repeat(np.arange(len(count_B)), count_B)
        size_B = np.abs(sets.effect_BP).sum(axis=1)
        sizes_N = size_B[row_N] + self._sizes[shared_BK.indices]
        index_N = shared_BK.data / (sizes_N - shared_BK.data)
        most_B = np.zeros(len(count_B))
        np.maximum.at(most_B, row_N, index_N)
        near_N = index_N >= most_B[row_N] - _TIE
        label_N = self.mean_K[shared_BK.indices]
        total_B = np.bincount(row_N, near_N * label_N, minlength=len(count_B))
        near_B = np.bincount(row_N, near_N, minlength=len(count_B))
        empty_K = self._sizes == 0
        of_empty = float(self.mean_K[empty_K if empty_K.any() else slice(None)].mean())
        otherwise_B = np.where(sets.orders == 0, of_empty, self.mean_K.mean())
        return np.where(near_B > 0, total_B / np.maximum(near_B, 1), otherwise_B)

    def _shared(self, sets: EditSets) -> csr_matrix:
        """m, the effects shared with each training design that has one in common [B, K]."""
        rows, edits = len(sets.edit_BP), self._holders.shape[0]
        known_BP = (sets.edit_BP > 0) & (sets.edit_BP < edits)
        row_N, column_N = np.nonzero(known_BP)
        holders = self._holders[sets.edit_BP[row_N, column_N]]
        count_N = np.diff(holders.indptr)
        effect_N = np.repeat(sets.effect_BP[row_N, column_N], count_N)
        same_N = effect_N * holders.data > 0
        least_N = np.minimum(np.abs(effect_N), np.abs(holders.data))[same_N]
        places = (np.repeat(row_N, count_N)[same_N], holders.indices[same_N])
        return csr_matrix((least_N, places), shape=(rows, len(self.mean_K)))  # sums what is double


def fit_nearest_design(rows: Observations) -> NearestDesign:
    """Keep each labelled design once, with the mean of its labels.

    Raises:
        ValueError: no row has a label.
    """
    known = rows.labelled()
    edit_NP, effect_NP = known.sets
    key_NK = np.concatenate([edit_NP.astype(np.float64), effect_NP], axis=1)
    _, first_K, design_N = np.unique(key_NK, axis=0, return_index=True, return_inverse=True)
    design_N = design_N.reshape(-1)
    total_K = np.bincount(design_N, weights=known.weight_N * known.label_N)
    mean_K = total_K / np.bincount(design_N, weights=known.weight_N)
    return NearestDesign(edit_NP[first_K], effect_NP[first_K], mean_K)
