"""Higher orders from measured pairs and singles.

With f the label over that of the reference, the rule `product` takes for k >= 2 edits

    f(S) = prod over pairs of f_ij / (prod over edits of f_i) ^ (k - 2)

that is f_ij f_ik f_jk / (f_i f_j f_k) for three, and the measured pair itself for two: all
interactions of two edits, none of three. A design with a dead part (a single or a pair at 0)
is dead. The rule `min` takes the least of its pairs.

What training did not measure is taken from one order below: a pair is f_i f_j (`min`: the lesser
of f_i and f_j), and a single is exp(r_e w_e) of the multiplicative ridge model of all labels, of
which the reference is exp(b). There, labels below 1 % of the median of those above 0 count as
that. An edit at another level is another edit.

Source: Kirkwood 1935, doi:10.1063/1.1749657 (superposition: triples from pairs); Mani et al. 2008,
doi:10.1073/pnas.0712255105 (product and minimum as definitions of no interaction).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from worker.models.edit_effects import EditEffects, fit_edit_effects
from worker.models.observations import (
    Codes,
    EditSets,
    Flags,
    Observations,
    look_up,
    mean_by_key,
    pair_keys,
    pairs_of,
)
from worker.models.stored import Floats, StoredModel

_FLOOR_SHARE = 0.01


@dataclass(frozen=True)
class Pairwise(StoredModel):
    """Measured orders 0 to 2, and the ridge model in their place.

    A token is an edit at one level, sorted by (edit, effect); NaN is what was not measured.
    """

    takes_min: Flags
    reference: Floats
    token_edit_T: Codes
    token_effect_T: Floats
    single_T: Floats
    pair_key_Q: Codes
    pair_Q: Floats
    intercept: Floats
    weight_E: Floats

    def predict_sets(self, sets: EditSets) -> Floats:
        """Predictions [B], at least 0."""
        with np.errstate(over="ignore"):
            base = float(self.reference)
            base = float(np.exp(self.intercept)) if np.isnan(base) else base
            token_BP = _tokens(self.token_edit_T, self.token_effect_T, sets)
            measured_BP = np.append(self.single_T, np.nan)[token_BP] / base
            fitted_BP = np.exp(self.weight_E[sets.edit_BP] * sets.effect_BP)
            single_BP = np.where(np.isnan(measured_BP), fitted_BP, measured_BP)
            single_BP = np.where(sets.edit_BP > 0, single_BP, 1.0)
            combine = _least if self.takes_min else _product
            pair_BQ = self._pairs(sets, token_BP, base)
            share_B = combine(single_BP, pair_BQ, pairs_of(sets.edit_BP).used_BQ, sets)
            return np.asarray(base * share_B)

    def _pairs(self, sets: EditSets, token_BP: Codes, base: float) -> Floats:
        """Measured pairs over the reference [B, Q]; NaN where there is none."""
        first_Q, second_Q, _ = pairs_of(sets.edit_BP)
        key_BQ = pair_keys(token_BP[:, first_Q], token_BP[:, second_Q], len(self.single_T))
        share_BQ: Floats = look_up(self.pair_key_Q, self.pair_Q, key_BQ) / base
        return share_BQ


def _product(single_BP: Floats, pair_BQ: Floats, used_BQ: Flags, sets: EditSets) -> Floats:
    first_Q, second_Q, _ = pairs_of(sets.edit_BP)
    neutral_BQ = single_BP[:, first_Q] * single_BP[:, second_Q]
    value_BQ = np.where(np.isnan(pair_BQ), neutral_BQ, pair_BQ)
    value_BQ = np.where(used_BQ, value_BQ, 1.0)
    dead_B = (single_BP <= 0).any(axis=1) | (value_BQ <= 0).any(axis=1)
    log_BP = np.log(np.where(single_BP > 0, single_BP, 1.0))
    log_BQ = np.log(np.where(value_BQ > 0, value_BQ, 1.0))
    of_pairs_B = log_BQ.sum(axis=1) - (sets.orders - 2) * log_BP.sum(axis=1)
    total_B = np.where(sets.orders >= 2, of_pairs_B, log_BP.sum(axis=1))
    return np.where(dead_B, 0.0, np.exp(total_B))


def _least(single_BP: Floats, pair_BQ: Floats, used_BQ: Flags, sets: EditSets) -> Floats:
    first_Q, second_Q, _ = pairs_of(sets.edit_BP)
    neutral_BQ = np.minimum(single_BP[:, first_Q], single_BP[:, second_Q])
    value_BQ = np.where(np.isnan(pair_BQ), neutral_BQ, pair_BQ)
    of_pairs_B: Floats = np.where(used_BQ, value_BQ, np.inf).min(axis=1, initial=np.inf)
    of_one_B: Floats = single_BP.prod(axis=1)  # the others of the row are padding: 1
    return np.where(sets.orders >= 2, of_pairs_B, of_one_B)


def _tokens(edit_T: Codes, effect_T: Floats, sets: EditSets) -> Codes:
    """Place of each edit at its level [B, P]; T where there is none."""
    missing = len(edit_T)
    if not missing:
        return np.full(sets.edit_BP.shape, missing, dtype=np.int64)
    known_T = edit_T + 1j * effect_T  # sorted by edit, then by effect
    wanted_BP = sets.edit_BP + 1j * sets.effect_BP
    place_BP = np.minimum(np.searchsorted(known_T, wanted_BP), missing - 1)
    return np.where(known_T[place_BP] == wanted_BP, place_BP, missing)


def _fit_log(rows: Observations) -> EditEffects:
    positive_N = rows.label_N[rows.label_N > 0]
    if not len(positive_N):
        raise ValueError("effects that multiply need at least one label above 0")
    floor = _FLOOR_SHARE * float(np.median(positive_N))
    log_N = np.log(np.maximum(rows.label_N, floor))
    logarithmic = Observations(rows.sets, log_N, rows.weight_N, rows.edit_count)
    return fit_edit_effects(logarithmic)


def fit_pairwise(rows: Observations, *, rule: Literal["product", "min"] = "product") -> Pairwise:
    """Measured references, singles and pairs: means of their labels.

    A reference at 0 counts as not measured: nothing can be a share of it.

    Raises:
        ValueError: a label is below 0, or none is above 0.
    """
    known = rows.labelled()
    if (known.label_N < 0).any():
        raise ValueError(f"{int((known.label_N < 0).sum())} labels are below 0")
    effects = _fit_log(known)
    low = known.rows(known.sets.orders <= 2)
    edit_NP, order_N = low.sets.edit_BP, low.sets.orders
    used_NP = edit_NP > 0
    token_T = np.unique(edit_NP[used_NP] + 1j * low.sets.effect_BP[used_NP])
    edit_T, effect_T = token_T.real.astype(np.int64), np.ascontiguousarray(token_T.imag)
    token_NP = np.where(used_NP, _tokens(edit_T, effect_T, low.sets), len(edit_T))
    first_N = np.sort(token_NP, axis=1)[:, :2]  # padding is the greatest
    single_T = np.full(len(edit_T), np.nan)
    one = np.flatnonzero(order_N == 1)
    place, mean = mean_by_key(first_N[one, 0], low.label_N[one], low.weight_N[one])
    single_T[place] = mean
    two = np.flatnonzero(order_N == 2)
    pair_key_Q, pair_Q = mean_by_key(
        pair_keys(first_N[two, 0], first_N[two, -1], len(edit_T)),
        low.label_N[two],
        low.weight_N[two],
    )
    return Pairwise(
        takes_min=np.array(rule == "min"),
        reference=_reference(low.rows(order_N == 0)),
        token_edit_T=edit_T,
        token_effect_T=effect_T,
        single_T=single_T,
        pair_key_Q=pair_key_Q,
        pair_Q=pair_Q,
        intercept=effects.intercept,
        weight_E=effects.weight_E,
    )


def _reference(rows: Observations) -> Floats:
    if not len(rows.label_N):
        return np.array(np.nan)
    mean = float(np.average(rows.label_N, weights=rows.weight_N))
    return np.array(mean if mean > 0 else np.nan)
