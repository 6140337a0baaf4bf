"""The least label that was measured of a design's proper subsets: what it cannot exceed.

Where no further edit raises a label (the optimum of a flux balance after deletions, whose feasible
set only shrinks), label(S) <= min over proper subsets T of S of label(T). Subsets of three edits at
most are looked at, the reference included; what training did not measure bounds nothing. An edit
at another level is another edit.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from worker.models.observations import Codes, EditSets, Observations, look_up, mean_by_key
from worker.models.stored import Floats, StoredModel

LARGEST_SUBSET = 3
_MOST_TOKENS = 2_000_000  # three of them make a key of 63 bits


@dataclass(frozen=True)
class UpperBound(StoredModel):
    """Measured designs of three edits at most, by key.

    A token is an edit with its effect, sorted by (edit, effect) and counted from 1.
    """

    token_edit_T: Codes
    token_effect_T: Floats
    key_Q: Codes
    value_Q: Floats

    def predict_sets(self, sets: EditSets) -> Floats:
        """The bound of each design [B], on the labels' scale; infinite where there is none."""
        token_BP = tokens(self.token_edit_T, self.token_effect_T, sets)
        bound_B = np.full(len(token_BP), np.inf)
        order_B = sets.orders
        for size in range(LARGEST_SUBSET + 1):
            for columns in combinations(range(token_BP.shape[1]), size):
                part_BS = token_BP[:, columns]
                is_subset_B = (part_BS != 0).all(axis=1) & (order_B > size)
                known_B = is_subset_B & (part_BS > 0).all(axis=1)
                value = look_up(self.key_Q, self.value_Q, _keys(part_BS, len(self.token_edit_T)))
                bound_B = np.fmin(bound_B, np.where(known_B, value, np.nan))
        return bound_B

    def measured(self, sets: EditSets) -> Floats:
        """What was measured of the designs themselves [B]; NaN where nothing was, or of more."""
        token_BP = tokens(self.token_edit_T, self.token_effect_T, sets)
        known_B = (token_BP >= 0).all(axis=1) & (sets.orders <= LARGEST_SUBSET)
        low_BP = np.sort(token_BP, axis=1)[:, -LARGEST_SUBSET:]
        value_B = look_up(self.key_Q, self.value_Q, _keys(low_BP, len(self.token_edit_T)))
        return np.where(known_B, value_B, np.nan)

    def triples(self) -> tuple[Codes, Floats]:
        """Tokens [Q, 3] of the measured designs of three edits, rising, and their values [Q]."""
        base = len(self.token_edit_T) + 1
        token_Q3 = np.stack([self.key_Q // base**2, self.key_Q // base % base, self.key_Q % base])
        is_triple_Q = token_Q3[0] > 0
        return token_Q3.T[is_triple_Q], self.value_Q[is_triple_Q]


def tokens(edit_T: Codes, effect_T: Floats, sets: EditSets) -> Codes:
    """Number of each edit at its effect, from 1 [B, P]; 0 is padding, -1 what is not known."""
    token_BP = np.where(sets.edit_BP > 0, -1, 0)
    if not len(edit_T):
        return token_BP
    known_T = edit_T + 1j * effect_T
    wanted_BP = sets.edit_BP + 1j * sets.effect_BP
    place_BP = np.minimum(np.searchsorted(known_T, wanted_BP), len(known_T) - 1)
    return np.where((known_T[place_BP] == wanted_BP) & (sets.edit_BP > 0), place_BP + 1, token_BP)


def _keys(token_BS: NDArray[np.int64], count: int) -> Codes:
    """One number for a set of three tokens at most."""
    key_B = np.zeros(len(token_BS), dtype=np.int64)
    for token_B in np.sort(token_BS, axis=1).T:
        key_B = key_B * (count + 1) + token_B
    return key_B


def fit_upper_bound(rows: Observations) -> UpperBound:
    """Means of the labels of measured designs of three edits at most.

    Raises:
        ValueError: no row has a label, or there are more than two million edits at their levels.
    """
    known = rows.labelled()
    low = known.rows(known.sets.orders <= LARGEST_SUBSET)
    used_NP = low.sets.edit_BP > 0
    token_T = np.unique(low.sets.edit_BP[used_NP] + 1j * low.sets.effect_BP[used_NP])
    if len(token_T) > _MOST_TOKENS:
        raise ValueError(f"{len(token_T)} edits at their levels: at most {_MOST_TOKENS} are kept")
    edit_T, effect_T = token_T.real.astype(np.int64), np.ascontiguousarray(token_T.imag)
    token_NP = np.sort(tokens(edit_T, effect_T, low.sets), axis=1)[:, -LARGEST_SUBSET:]
    key_Q, value_Q = mean_by_key(_keys(token_NP, len(token_T)), low.label_N, low.weight_N)
    return UpperBound(edit_T, effect_T, key_Q, value_Q)
