"""A Gaussian process on pairs of edits: edits covary as their profiles are alike.

    y = b + sum_e r_e w_e + sum over pairs i < j of r_i r_j f_ij
    cov(f_ij, f_kl) = K_ik K_jl + K_il K_jk
    K_ij = (1 - own) s_i s_j exp((c_ij - 1) / length)   and `own` more where i = j

b and w are the additive ridge model of all labels; z, its mean residual of a pair of weight w, is
f plus noise / w. c_ij is the cosine of rows i and j of a completed matrix of pairs, and s_i^2 the
length of row i over their mean. The matrix is first that of `low_rank`, then, round by round, the
posterior mean of f. Written with symmetric matrices, the covariance of all pairs times a vector A
is K A K, so that conjugate gradients solve (cov + noise / w) a = z, and f = K A K.

Length and noise (in units of the prior variance) have the least error on a tenth of the pairs, the
one that selects the penalty of `low_rank`. With fewer than 20 pairs, or where that Z is 0, f = 0.

Source: Rasmussen and Williams 2006, equation 2.25; the covariance of matrices is that of Yu and
Chu 2008, Gaussian process models for link analysis and transfer learning, NIPS 20; profiles of
interactions tell which genes are alike: Costanzo et al. 2010, doi:10.1126/science.1180823.
"""

from dataclasses import dataclass

import numpy as np

from worker.models.edit_effects import EditEffects
from worker.models.low_rank import (
    LEAST_PAIRS,
    Factors,
    a_tenth_apart,
    complete,
    greatest_value,
    largest,
    placed,
    select_penalty,
    squared_error,
)
from worker.models.observations import EditSets, Observations
from worker.models.pair_factors import additive_and_pairs
from worker.models.pair_residuals import PairResiduals, pair_residuals
from worker.models.stored import Floats, StoredModel

_OWN = 0.1
_LENGTHS = (0.15, 0.25, 0.4, 0.8)
_NOISES = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
_START = (1, 2)  # places in both
_ITERATIONS = 200
_TOLERANCE = 1e-4
_TOLERANCE_ON_THE_WAY = 1e-2


@dataclass(frozen=True)
class ProfileGp(StoredModel):
    """The additive part, and f = V diag(d) V'. Place 0 of weights and vectors is padding."""

    intercept: Floats
    weight_E: Floats
    vector_ER: Floats
    value_R: Floats
    length: Floats
    noise: Floats

    def predict_sets(self, sets: EditSets) -> Floats:
        """Posterior mean [B]."""
        effects = EditEffects(self.intercept, self.weight_E)
        return additive_and_pairs(effects, self.vector_ER, self.value_R, sets)


def edit_covariance(profile_EE: Floats, length: float) -> Floats:
    """K, from a matrix whose rows are profiles; an edit without a profile is like no other."""
    size_E = np.linalg.norm(profile_EE, axis=1)
    unit_EE = profile_EE / np.where(size_E > 0, size_E, 1.0)[:, None]
    root_E = np.sqrt(size_E / size_E.mean())
    alike_EE = root_E[:, None] * np.exp((unit_EE @ unit_EE.T - 1.0) / length) * root_E
    covariance_EE: Floats = (1.0 - _OWN) * alike_EE + _OWN * np.eye(len(size_E))
    return covariance_EE


def _spread(pairs: PairResiduals, covariance_EE: Floats, dual_Q: Floats) -> Floats:
    """K A K, with the coefficients of the pairs in A."""
    dual_EE = np.zeros_like(covariance_EE)
    dual_EE[pairs.first_Q, pairs.second_Q] = dual_Q
    dual_EE[pairs.second_Q, pairs.first_Q] = dual_Q
    spread_EE: Floats = covariance_EE @ dual_EE @ covariance_EE
    return spread_EE


def posterior_mean(
    pairs: PairResiduals, covariance_EE: Floats, noise: float, tolerance: float = _TOLERANCE
) -> Floats:
    """Mean of f [E, E], by conjugate gradients to a relative residual of `tolerance`."""
    noise_Q = noise / pairs.weight_Q
    dual_Q, rest_Q = np.zeros_like(pairs.value_Q), pairs.value_Q
    way_Q, square = rest_Q, float(rest_Q @ rest_Q)
    least = tolerance**2 * square
    for _ in range(_ITERATIONS):
        if square <= least:
            break
        spread_EE = _spread(pairs, covariance_EE, way_Q)
        image_Q = spread_EE[pairs.first_Q, pairs.second_Q] + noise_Q * way_Q
        step = square / float(way_Q @ image_Q)
        dual_Q, rest_Q = dual_Q + step * way_Q, rest_Q - step * image_Q
        before, square = square, float(rest_Q @ rest_Q)
        way_Q = rest_Q + square / before * way_Q
    return _spread(pairs, covariance_EE, dual_Q)


def _search(
    known: PairResiduals, held: PairResiduals, profile_EE: Floats
) -> tuple[int, int] | None:
    """Places of the length and the noise of least error; None where f = 0 has less."""
    errors: dict[tuple[int, int], float] = {}

    def error_at(place: tuple[int, int]) -> float:
        if place not in errors:
            covariance_EE = edit_covariance(profile_EE, _LENGTHS[place[0]])
            noise = _NOISES[place[1]]
            f_EE = posterior_mean(known, covariance_EE, noise, _TOLERANCE_ON_THE_WAY)
            errors[place] = squared_error(f_EE, held)
        return errors[place]

    best, at = None, _START
    while best != at:
        best = at
        around = [(best[0], best[1] + k) for k in (-1, 1)] + [
            (best[0] + k, best[1]) for k in (-1, 1)
        ]
        inside = [(a, b) for a, b in around if 0 <= a < len(_LENGTHS) and 0 <= b < len(_NOISES)]
        at = min([best, *inside], key=error_at)
    return best if errors[best] < float(np.sum(held.value_Q**2)) else None


def _fit(pairs: PairResiduals, rank: int, rounds: int, seed: int) -> tuple[Floats, float, float]:
    """Mean of f [E, E], its length and its noise."""
    matrix, most = pairs.dense(), min(rank, pairs.edit_count)
    known, held = a_tenth_apart(pairs, seed)
    penalty, start_EE = select_penalty(known, held, greatest_value(matrix), most)
    place = _search(known, held, start_EE) if start_EE.any() else None
    if place is None:
        return np.zeros_like(start_EE), 0.0, 0.0
    length, noise = _LENGTHS[place[0]], _NOISES[place[1]]
    profile_EE = complete(matrix, start_EE, penalty, most).matrix()
    for _ in range(rounds):
        profile_EE = posterior_mean(pairs, edit_covariance(profile_EE, length), noise)
    return profile_EE, length, noise


def fit_profile_gp(rows: Observations, *, rank: int = 200, rounds: int = 2) -> ProfileGp:
    """Select length and noise, and condition on all pairs.

    Raises:
        ValueError: no row has a label.
    """
    pairs = pair_residuals(rows)
    used_E = pairs.used()
    factors, length, noise = Factors(np.zeros((len(used_E), 0)), np.zeros(0)), 0.0, 0.0
    if len(pairs.value_Q) >= LEAST_PAIRS and np.any(pairs.value_Q):
        f_EE, length, noise = _fit(pairs.among(used_E), rank, rounds, rows.seed)
        value_R, vector_ER = largest(f_EE, min(rank, len(used_E)))
        factors = Factors(vector_ER, value_R)
    return ProfileGp(
        intercept=pairs.effects.intercept,
        weight_E=pairs.effects.weight_E,
        vector_ER=placed(factors.vector_ER, used_E, rows.edit_count),
        value_R=factors.value_R,
        length=np.array(length),
        noise=np.array(noise),
    )
