"""Predictions of designs whose pairs add r_i r_j Z_ij, with Z = V diag(d) V'."""

import numpy as np

from worker.models.edit_effects import EditEffects
from worker.models.observations import EditSets
from worker.models.stored import Floats

_CHUNK_ROWS = 4096


def additive_and_pairs(
    effects: EditEffects, vector_ER: Floats, value_R: Floats, sets: EditSets
) -> Floats:
    """Additive part and all pairs [B]; place 0 of the vectors is padding.

    A sum over pairs is (sum)^2 less the squares, halved.
    """
    pair_B = np.zeros(len(sets.edit_BP))
    for start in range(0, len(pair_B), _CHUNK_ROWS):
        rows = slice(start, start + _CHUNK_ROWS)
        part_BPR = vector_ER[sets.edit_BP[rows]] * sets.effect_BP[rows, :, None]
        twice_BR = part_BPR.sum(axis=1) ** 2 - (part_BPR**2).sum(axis=1)
        pair_B[rows] = 0.5 * (twice_BR @ value_R)
    return effects.predict_sets(sets) + pair_B
