"""Low-rank completion of the matrix of pairs.

    y = b + sum_e r_e w_e + sum over pairs i < j of r_i r_j Z_ij

b and w are the additive ridge model of all labels. Z is symmetric, of low rank, and completes the
residuals of the designs of two edits, P(Z) on the measured pairs:

    minimise 1/2 |P(X - Z)|^2 + lambda |Z|_*       by Z <- S_lambda(P(X) + Y - P(Y))

where S shrinks the singular values by lambda, and the `rank` greatest of them are kept. Y is Z,
gone on along its last step (Nesterov's momentum, begun anew where it points uphill): ten steps do
what took a hundred. Without a given lambda it is the one with the least error on a tenth of the
pairs that is held out for it: of 8 down from 0.7 to 0.02 of the greatest eigenvalue, until that
error has risen twice, or that eigenvalue itself, which leaves Z = 0. With fewer than 20 pairs Z = 0
as well, and without designs of two edits this is the additive model.

Source: Mazumder, Hastie and Tibshirani 2010, Spectral regularization algorithms for learning large
incomplete matrices, JMLR 11:2287-2322; here the matrix is symmetric, so that eigenvectors serve.
Momentum: Beck and Teboulle 2009, doi:10.1137/080716542; restarts: O'Donoghue and Candes 2015,
doi:10.1007/s10208-013-9150-3.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse.linalg import eigsh

from worker.models.edit_effects import EditEffects
from worker.models.observations import Codes, EditSets, Observations
from worker.models.pair_factors import additive_and_pairs
from worker.models.pair_residuals import PairMatrix, PairResiduals, pair_residuals
from worker.models.stored import Floats, StoredModel

_STEPS = 100
_STEPS_ON_THE_WAY = 20  # at penalties that only lead to the next
_TOLERANCE = 1e-4
_TOLERANCE_ON_THE_WAY = 1e-3
_SHARES = np.geomspace(0.7, 0.02, 8)  # of the greatest eigenvalue
LEAST_PAIRS = 20
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
        """Additive part and all pairs [B]."""
        effects = EditEffects(self.intercept, self.weight_E)
        return additive_and_pairs(effects, self.vector_ER, self.value_R, sets)


@dataclass(frozen=True)
class Factors:
    """V diag(d) V'."""

    vector_ER: Floats
    value_R: Floats

    def matrix(self) -> Floats:
        """The full matrix."""
        product_EE: Floats = (self.vector_ER * self.value_R) @ self.vector_ER.T
        return product_EE


def largest(matrix_EE: Floats, rank: int) -> tuple[Floats, Floats]:
    """Eigenvalues that are greatest in size, and their vectors."""
    count = len(matrix_EE)
    if count <= _DENSE_EDITS or rank >= count - 1:
        value_E, vector_EE = np.linalg.eigh(matrix_EE)
        kept_R = np.argsort(-np.abs(value_E), kind="stable")[:rank]
        return value_E[kept_R], vector_EE[:, kept_R]
    start_E = np.random.default_rng(0).normal(size=count)  # a fixed start: equal runs are equal
    found: tuple[Floats, Floats] = eigsh(matrix_EE, k=rank, which="LM", v0=start_E)
    return found


def _shrunk(matrix_EE: Floats, penalty: float, rank: int) -> Factors:
    """S_lambda of a matrix, of limited rank."""
    value_R, vector_ER = largest(matrix_EE, rank)
    kept_R = np.abs(value_R) > penalty
    shrunk_R = np.sign(value_R) * (np.abs(value_R) - penalty)
    return Factors(vector_ER[:, kept_R], shrunk_R[kept_R])


def complete(
    known: PairMatrix, start_EE: Floats, penalty: float, rank: int, *, on_the_way: bool = False
) -> Factors:
    """Iterate from a start until the values at the measured pairs stand still."""
    at_EE, ahead_EE, momentum = start_EE, start_EE, 1.0
    tolerance = _TOLERANCE_ON_THE_WAY if on_the_way else _TOLERANCE
    least_change = tolerance * float(np.linalg.norm(known.value_EE))
    for _ in range(_STEPS_ON_THE_WAY if on_the_way else _STEPS):
        filled_EE = np.where(known.is_known_EE, known.value_EE, ahead_EE)
        factors = _shrunk(filled_EE, penalty, rank)
        next_EE = factors.matrix()
        step_EE = next_EE - at_EE
        if np.linalg.norm(step_EE[known.is_known_EE]) <= least_change:
            break
        if np.vdot(ahead_EE - next_EE, step_EE) > 0:
            momentum = 1.0
        grown = 0.5 + np.sqrt(0.25 + momentum**2)
        ahead_EE = next_EE + (momentum - 1.0) / grown * step_EE
        at_EE, momentum = next_EE, grown
    return factors


def a_tenth_apart(pairs: PairResiduals, seed: int) -> tuple[PairResiduals, PairResiduals]:
    """Nine tenths of the pairs, and one that selects what is fitted on them."""
    count = len(pairs.value_Q)
    held_Q = np.zeros(count, dtype=bool)
    held_Q[np.random.default_rng(seed).permutation(count)[: count // 10]] = True
    return pairs.rows(~held_Q), pairs.rows(held_Q)


def squared_error(matrix_EE: Floats, held: PairResiduals) -> float:
    """Of what a matrix says of some pairs."""
    return float(np.sum((held.value_Q - matrix_EE[held.first_Q, held.second_Q]) ** 2))


def select_penalty(
    known: PairResiduals, held: PairResiduals, greatest: float, rank: int
) -> tuple[float, Floats]:
    """The penalty of least error on held-out pairs, and the matrix that it completes.

    The search ends where the error has risen twice; where nothing is better, Z = 0.
    """
    matrix = known.dense()
    at_EE = np.zeros_like(matrix.value_EE)
    best, least, worse_count = (greatest, at_EE), squared_error(at_EE, held), 0
    for penalty in (greatest * _SHARES).tolist():
        at_EE = complete(matrix, at_EE, penalty, rank, on_the_way=True).matrix()
        error = squared_error(at_EE, held)
        worse_count = worse_count + 1 if error >= least else 0
        if error < least:
            best, least = (penalty, at_EE), error
        if worse_count == 2:
            break
    return best


def greatest_value(matrix: PairMatrix) -> float:
    """The penalty from which on Z = 0."""
    return float(np.abs(largest(matrix.value_EE, 1)[0][0]))


def placed(vector_UR: Floats, used_E: Codes, edit_count: int) -> Floats:
    """Vectors of some edits among all, from place 1: 0 elsewhere, and at the padding."""
    vector_ER = np.zeros((edit_count + 1, vector_UR.shape[1]))
    vector_ER[used_E + 1] = vector_UR
    return vector_ER


def _fit(
    pairs: PairResiduals, rank: int, penalty: float | None, seed: int
) -> tuple[Factors, float]:
    matrix = pairs.dense()
    start_EE, most = np.zeros_like(matrix.value_EE), min(rank, pairs.edit_count)
    if penalty is None:
        penalty = greatest_value(matrix)
        if len(pairs.value_Q) >= LEAST_PAIRS:
            known, held = a_tenth_apart(pairs, seed)
            penalty, start_EE = select_penalty(known, held, penalty, most)
    return complete(matrix, start_EE, penalty, most), penalty


def fit_low_rank(rows: Observations, *, rank: int = 200, penalty: float | None = None) -> LowRank:
    """Fit both parts; `penalty` None selects lambda.

    Raises:
        ValueError: no row has a label.
    """
    pairs = pair_residuals(rows)
    used_E = pairs.used()
    factors, chosen = Factors(np.zeros((len(used_E), 0)), np.zeros(0)), penalty or 0.0
    if np.any(pairs.value_Q):
        factors, chosen = _fit(pairs.among(used_E), rank, penalty, rows.seed)
    return LowRank(
        intercept=pairs.effects.intercept,
        weight_E=pairs.effects.weight_E,
        vector_ER=placed(factors.vector_ER, used_E, rows.edit_count),
        value_R=factors.value_R,
        penalty=np.array(chosen),
    )
