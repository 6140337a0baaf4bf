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

from worker.models.observations import Codes, EditSets, Observations
from worker.models.stored import Floats, StoredModel

_TIE = 1e-12  # of the same fraction, computed from sums in another order


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
    def _holders(self) -> dict[int, tuple[Codes, Floats]]:
        """Designs that hold each edit, with its effect there."""
        row_N, column_N = np.nonzero(self.edit_KP)
        edit_N = self.edit_KP[row_N, column_N]
        order_N = np.argsort(edit_N, kind="stable")
        edits, starts = np.unique(edit_N[order_N], return_index=True)
        rows = np.split(row_N[order_N], starts[1:])
        effects = np.split(self.effect_KP[row_N, column_N][order_N], starts[1:])
        return dict(zip(edits.tolist(), zip(rows, effects, strict=True), strict=True))

    def predict_sets(self, sets: EditSets) -> Floats:
        """Mean label of the nearest designs [B]."""
        rows = zip(sets.edit_BP, sets.effect_BP, strict=True)
        return np.array([self._nearest(*row) for row in rows], dtype=np.float64)

    def _nearest(self, edit_P: Codes, effect_P: Floats) -> float:
        used_P = edit_P > 0
        if not used_P.any():
            empty_K = self._sizes == 0
            return float(self.mean_K[empty_K if empty_K.any() else slice(None)].mean())
        rows, shared = [np.zeros(0, dtype=np.int64)], [np.zeros(0)]
        for edit, effect in zip(edit_P[used_P].tolist(), effect_P[used_P].tolist(), strict=True):
            row_N, held_N = self._holders.get(edit, (rows[0], shared[0]))
            same_N = held_N * effect > 0
            rows.append(row_N[same_N])
            shared.append(np.minimum(np.abs(held_N[same_N]), abs(effect)))
        near_K, place_N = np.unique(np.concatenate(rows), return_inverse=True)
        if not len(near_K):
            return float(self.mean_K.mean())
        shared_N = np.bincount(place_N.reshape(-1), weights=np.concatenate(shared))
        index_N = shared_N / (self._sizes[near_K] + np.abs(effect_P).sum() - shared_N)
        return float(self.mean_K[near_K[index_N >= index_N.max() - _TIE]].mean())


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
