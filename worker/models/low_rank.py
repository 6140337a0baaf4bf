"""Low-rank completion of the matrix of pairs.

    y = b + sum_e r_e w_e + sum over pairs i < j of r_i r_j Z_ij

b and w are the additive ridge model of all labels. Z is symmetric, of low rank, and completes the
residuals of the designs of two edits, P(Z) on the measured pairs:

    minimise 1/2 |P(X - Z)|^2 + lambda |Z|_*       by Z <- S_lambda(P(X) + Z - P(Z))

where S shrinks the singular values by lambda, and the `rank` greatest of them are kept. Without
a given lambda it is the one with the least error on a tenth of the pairs that is held out for it:
of 8 down from 0.7 to 0.02 of the greatest eigenvalue, until that error has risen twice, or that
eigenvalue itself, which leaves Z = 0. With fewer than 20 pairs Z = 0 as well, and without designs
of two edits this is the additive model.

Source: Mazumder, Hastie and Tibshirani 2010, Spectral regularization algorithms for learning large
incomplete matrices, JMLR 11:2287-2322. Here the matrix is symmetric, so that eigenvectors serve.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse.linalg import LinearOperator, eigsh

from worker.models.edit_effects import EditEffects
from worker.models.observations import EditSets, Observations
from worker.models.pair_residuals import PairResiduals, pair_residuals
from worker.models.stored import Floats, StoredModel

_STEPS = 100
_STEPS_ON_THE_WAY = 20  # at penalties that only lead to the next
_TOLERANCE = 1e-4
_SHARES = np.geomspace(0.7, 0.02, 8)  # of the greatest eigenvalue
_LEAST_PAIRS = 20
_DENSE_EDITS = 1500  # above this, Lanczos iterations cost less than all eigenvectors


@dataclass(frozen=True)
class LowRank(StoredModel):
    """The additive part, and Z = V diag(d) V'. Place 0 of weights and vectors is padding."""

    intercept: Floats
    weight_E: Floats
    vector_ER: Floats
    value_R: Floats
    penalty: Floats

    def predict_sets(self, sets: EditSets) -> Floats:
        """Additive part and all pairs [B]: a sum over pairs is (sum)^2 less the squares, halved."""
        additive_B = EditEffects(self.intercept, self.weight_E).predict_sets(sets)
        part_BPR = self.vector_ER[sets.edit_BP] * sets.effect_BP[:, :, None]
        twice_BR = part_BPR.sum(axis=1) ** 2 - (part_BPR**2).sum(axis=1)
        pairs_B: Floats = 0.5 * (twice_BR @ self.value_R)
        return additive_B + pairs_B


@dataclass(frozen=True)
class _Factors:
    vector_ER: Floats
    value_R: Floats

    def at(self, pairs: PairResiduals) -> Floats:
        """Z at some pairs [Q]."""
        first_QR = self.vector_ER[pairs.first_Q]
        fitted_Q: Floats = (first_QR * self.vector_ER[pairs.second_Q]) @ self.value_R
        return fitted_Q


def _largest(pairs: PairResiduals, factors: _Factors, rank: int) -> tuple[Floats, Floats]:
    """Eigenvalues of the filled matrix that are greatest in size, and their vectors."""
    gap_EE = pairs.matrix(pairs.value_Q - factors.at(pairs))
    vector_ER, value_R = factors.vector_ER, factors.value_R
    count = pairs.edit_count
    if count <= _DENSE_EDITS or rank >= count - 1:
        full_EE = gap_EE.toarray() + (vector_ER * value_R) @ vector_ER.T
        value_E, vector_EE = np.linalg.eigh(full_EE)
        kept_R = np.argsort(-np.abs(value_E), kind="stable")[:rank]
        return value_E[kept_R], vector_EE[:, kept_R]
    filled = LinearOperator(
        (count, count),
        matvec=lambda x: gap_EE @ x + vector_ER @ (value_R * (vector_ER.T @ x)),
        dtype=np.float64,
    )
    start_E = np.random.default_rng(0).normal(size=count)  # a fixed start: equal runs are equal
    found: tuple[Floats, Floats] = eigsh(filled, k=rank, which="LM", v0=start_E)
    return found


def _complete(
    pairs: PairResiduals, start: _Factors, penalty: float, rank: int, steps: int = _STEPS
) -> _Factors:
    """Iterate from a start until the values at the measured pairs stand still."""
    factors, before_Q = start, start.at(pairs)
    scale = float(np.linalg.norm(pairs.value_Q))
    for _ in range(steps):
        value_R, vector_ER = _largest(pairs, factors, rank)
        kept_R = np.abs(value_R) > penalty
        shrunk_R = np.sign(value_R) * (np.abs(value_R) - penalty)
        factors = _Factors(vector_ER[:, kept_R], shrunk_R[kept_R])
        after_Q = factors.at(pairs)
        if np.linalg.norm(after_Q - before_Q) <= _TOLERANCE * scale:
            break
        before_Q = after_Q
    return factors


def _nothing(edit_count: int) -> _Factors:
    return _Factors(np.zeros((edit_count, 0)), np.zeros(0))


def _select(pairs: PairResiduals, greatest: float, rank: int, seed: int) -> tuple[float, _Factors]:
    """The penalty of least error on a tenth of the pairs, and its factors to start from.

    The search ends where the error has risen twice; with few pairs it is the greatest penalty.
    """
    count, start = len(pairs.value_Q), _nothing(pairs.edit_count)
    if count < _LEAST_PAIRS:
        return greatest, start
    drawn = np.random.default_rng(seed).permutation(count)[: count // 10]
    held_Q = np.isin(np.arange(count), drawn)
    known, held = pairs.rows(~held_Q), pairs.rows(held_Q)
    factors, best, worse_count = start, (greatest, start), 0
    least = float(np.sum(held.value_Q**2))
    for penalty in (greatest * _SHARES).tolist():
        factors = _complete(known, factors, penalty, rank, _STEPS_ON_THE_WAY)
        error = float(np.sum((held.value_Q - factors.at(held)) ** 2))
        worse_count = worse_count + 1 if error >= least else 0
        if error < least:
            best, least = (penalty, factors), error
        if worse_count == 2:
            break
    return best


def fit_low_rank(rows: Observations, *, rank: int = 40, penalty: float | None = None) -> LowRank:
    """Fit both parts; `penalty` None selects lambda.

    Raises:
        ValueError: no row has a label.
    """
    pairs = pair_residuals(rows)
    factors, chosen = _nothing(rows.edit_count), 0.0 if penalty is None else penalty
    if np.any(pairs.value_Q):
        most = min(rank, rows.edit_count)
        greatest = float(np.abs(_largest(pairs, factors, 1)[0][0]))
        if penalty is None:
            chosen, factors = _select(pairs, greatest, most, rows.seed)
        factors = _complete(pairs, factors, chosen, most)
    return LowRank(
        intercept=pairs.effects.intercept,
        weight_E=pairs.effects.weight_E,
        vector_ER=np.pad(factors.vector_ER, ((1, 0), (0, 0))),
        value_R=factors.value_R,
        penalty=np.array(chosen),
    )
