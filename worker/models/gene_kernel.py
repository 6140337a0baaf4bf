"""Kernel ridge on pairs of genes: what is measured of a pair holds for pairs of near genes.

    y = b + sum_e r_e w_e + sum over pairs i < j of r_i r_j z_i'M z_j

with z_i.z_j = k(i, j), the kernel of two edits, minimises

    sum over measured pairs of (residual - r_i r_j z_i'M z_j)^2 + penalty |M|^2,

which is ridge regression in the space of k(i, k) k(j, l): a Kronecker product of gene kernels.
b and w are the mean, and a ridge on sums of features where there are designs that are no pairs.

Without a given penalty it is the one that ranks pairs of unseen genes best: three folds of genes,
and pairs within the fold, correlated with their predictions. What is fitted with it is scaled by
the slope of the measured on the predicted pairs of those folds (0 where it is negative).

Source: Stock, Pahikkala, Airola, De Baets and Waegeman 2018, doi:10.1162/neco_a_01096 (Kronecker
kernel ridge regression, and its setting with both objects unseen); solved here on incomplete
matrices by conjugate gradients.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worker.models.edit_effects import EditEffects, fit_feature_ridge
from worker.models.observations import Codes, EditSets, Flags, Observations
from worker.models.pair_residuals import PairResiduals, residuals_of
from worker.models.stored import Floats, StoredModel

PENALTIES = (30.0, 3.0, 0.3, 0.1)
_FOLDS = 3
_LEAST_PAIRS = 20  # of a fold, to tell penalties apart
_STEPS = 60
_TOLERANCE = 3e-3
_ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class GeneKernel(StoredModel):
    """The additive part, and M between the coordinates of edits. Place 0 is padding."""

    intercept: Floats
    weight_E: Floats
    coordinate_ER: Floats
    core_RR: Floats
    penalty: Floats

    def predict_sets(self, sets: EditSets) -> Floats:
        """Additive part and all pairs [B]."""
        value_B = EditEffects(self.intercept, self.weight_E).predict_sets(sets)
        for start in range(0, len(value_B), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            value_B[rows] += self._pairs(sets.rows(rows))
        return value_B

    def _pairs(self, sets: EditSets) -> Floats:
        """A form of the sum of all edits, less its diagonal, halved."""
        part_BPR = self.coordinate_ER[sets.edit_BP] * sets.effect_BP[:, :, None]
        total_BR = part_BPR.sum(axis=1)
        whole_B = ((total_BR @ self.core_RR) * total_BR).sum(axis=-1)
        alone_B = ((part_BPR @ self.core_RR) * part_BPR).sum(axis=(1, 2))
        pairs_B: Floats = 0.5 * (whole_B - alone_B)
        return pairs_B


@dataclass(frozen=True)
class _Problem:
    """Measured pairs as a symmetric matrix [T, T] over the edits that have any."""

    coordinate_TR: Floats
    value_TT: Floats
    measured_TT: Flags
    locus_T: Codes

    def of(self, kept_T: Flags) -> "_Problem":
        """The pairs among some of the edits."""
        both = np.ix_(kept_T, kept_T)
        return _Problem(
            self.coordinate_TR[kept_T],
            self.value_TT[both],
            self.measured_TT[both],
            self.locus_T[kept_T],
        )

    def predict(self, core_RR: Floats) -> Floats:
        """z_i'M z_j of all pairs [T, T]."""
        found_TT: Floats = self.coordinate_TR @ core_RR @ self.coordinate_TR.T
        return found_TT

    def core(self, dual_TT: Floats) -> Floats:
        """M = Z'XZ."""
        found_RR: Floats = self.coordinate_TR.T @ dual_TT @ self.coordinate_TR
        return found_RR


def _solve(problem: _Problem, penalty: float, start_TT: Floats) -> Floats:
    """X with P(K X K) + penalty X = P(Y), by conjugate gradients from a start."""
    kernel_TT = problem.coordinate_TR @ problem.coordinate_TR.T

    def applied(dual_TT: Floats) -> Floats:
        fitted_TT = kernel_TT @ dual_TT @ kernel_TT
        result: Floats = problem.measured_TT * fitted_TT + penalty * dual_TT
        return result

    dual_TT = start_TT.copy()
    left_TT = problem.value_TT - applied(dual_TT)
    way_TT, size = left_TT.copy(), float((left_TT**2).sum())
    least = _TOLERANCE**2 * float((problem.value_TT**2).sum())
    for _ in range(_STEPS):
        if size <= least:
            break
        step_TT = applied(way_TT)
        share = size / float((way_TT * step_TT).sum())
        dual_TT += share * way_TT
        left_TT -= share * step_TT
        now = float((left_TT**2).sum())
        way_TT = left_TT + (now / size) * way_TT
        size = now
    return dual_TT


def _folds(problem: _Problem, seed: int) -> list[Flags]:
    """Edits of each fold of loci."""
    loci = np.unique(problem.locus_T)
    order = np.random.default_rng(seed).permutation(loci)
    return [np.isin(problem.locus_T, order[fold::_FOLDS]) for fold in range(_FOLDS)]


def _above(problem: _Problem) -> Flags:
    """Each measured pair once."""
    return np.triu(problem.measured_TT, k=1)


def _select(problem: _Problem, seed: int) -> tuple[float, float]:
    """The penalty, and how much of what it predicts of unseen genes is there."""
    moments = np.zeros((len(PENALTIES), 3))  # sums of truth^2, prediction^2, their product
    for held_T in _folds(problem, seed):
        known, held = problem.of(~held_T), problem.of(held_T)
        asked = _above(held)
        if asked.sum() < _LEAST_PAIRS or not known.measured_TT.any():
            continue
        truth_Q = held.value_TT[asked]
        dual_TT = np.zeros_like(known.value_TT)
        for row, penalty in enumerate(PENALTIES):
            dual_TT = _solve(known, penalty, dual_TT)
            found_Q = held.predict(known.core(dual_TT))[asked]
            moments[row] += ((truth_Q**2).sum(), (found_Q**2).sum(), truth_Q @ found_Q)
    if not moments[:, 1].all():
        return PENALTIES[0], 1.0
    gain = np.sign(moments[:, 2]) * moments[:, 2] ** 2 / moments[:, 1]
    best = int(np.argmax(gain))
    return PENALTIES[best], float(np.clip(moments[best, 2] / moments[best, 1], 0.0, 1.0))


def _additive(rows: Observations) -> EditEffects:
    """A mean where all designs are pairs: what pairs have in common is in M."""
    known = rows.labelled()
    if (known.sets.orders == 2).all() or rows.genes is None or not rows.genes.feature_EF.any():
        mean = float(np.average(known.label_N, weights=known.weight_N))
        return EditEffects(np.array(mean), np.zeros(rows.edit_count + 1))
    return fit_feature_ridge(known)


def _problem(pairs: PairResiduals, coordinate_ER: NDArray[Any], locus_E: Codes) -> _Problem:
    used_T = np.unique(np.concatenate([pairs.first_Q, pairs.second_Q]))
    place_E = np.zeros(pairs.edit_count, dtype=np.int64)
    place_E[used_T] = np.arange(len(used_T))
    ends = (place_E[pairs.first_Q], place_E[pairs.second_Q])
    value_TT = np.zeros((len(used_T), len(used_T)))
    measured_TT = np.zeros_like(value_TT, dtype=bool)
    for one, other in (ends, ends[::-1]):
        value_TT[one, other], measured_TT[one, other] = pairs.value_Q, True
    known_TR = coordinate_ER[used_T].astype(np.float64)
    return _Problem(known_TR, value_TT, measured_TT, locus_E[used_T])


def fit_gene_kernel(rows: Observations, *, penalty: float | None = None, **_: object) -> GeneKernel:
    """Fit both parts; `penalty` None selects it. How coordinates were made is not asked here.

    Raises:
        ValueError: no row has a label, or nothing is known of genes.
    """
    if rows.genes is None or rows.genes.coordinate_ER.shape[1] == 0:
        raise ValueError("it is made of what is known of genes: name a gene table")
    effects = _additive(rows)
    pairs = residuals_of(rows, effects)
    # Rounded as they are stored, so that a stored model is the fitted one.
    coordinate_ER = rows.genes.coordinate_ER.astype(np.float32)
    problem = _problem(pairs, coordinate_ER, rows.genes.locus_E)
    chosen, share = (penalty, 1.0) if penalty is not None else _select(problem, rows.seed)
    core_RR = problem.core(_solve(problem, chosen, np.zeros_like(problem.value_TT)))
    return GeneKernel(
        intercept=effects.intercept,
        weight_E=effects.weight_E,
        coordinate_ER=np.pad(coordinate_ER, ((1, 0), (0, 0))),
        core_RR=share * core_RR,
        penalty=np.array(chosen),
    )
