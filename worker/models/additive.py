"""The additive model: ridge regression on edits, in closed form.

y = b + sum_e r_kind(level_e) * w_e. The penalty is chosen by leave-one-out error, which a ridge
regression gives without refitting: e_i / (1 - h_ii).

Source: Golub, Heath and Wahba 1979, doi:10.1080/00401706.1979.10489751 (leave-one-out form; the
intercept is not penalised here, so that its leverage w_i / sum(w) is added).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Floats = NDArray[np.float64]

PENALTIES: Floats = np.logspace(-2, 4, 13)
_CHUNK_ROWS = 8192


@dataclass(frozen=True)
class RidgeFit:
    """A fitted ridge regression of one label; `weight_F` where it is one of features."""

    intercept: float
    weight_E: Floats
    penalty: float
    leave_one_out_rmse: float
    weight_F: Floats | None = None

    def predict(self, effect_NE: csr_matrix) -> Floats:
        """Predictions [N]."""
        values: Floats = effect_NE @ self.weight_E + self.intercept
        return values


@dataclass(frozen=True)
class _Spectrum:
    """Centred, weighted problem in its eigenbasis: X~ = sqrt(w) (X - mean), X~'X~ = V d V'."""

    effect_NE: csr_matrix
    root_weight_N: Floats
    mean_E: Floats
    target_N: Floats
    vectors_ER: Floats
    values_R: Floats
    projection_R: Floats

    def rotated(self, rows: slice) -> Floats:
        """X~ V for some rows."""
        product: Floats = self.effect_NE[rows] @ self.vectors_ER - self.mean_E @ self.vectors_ER
        return self.root_weight_N[rows, None] * product


def _eigen(effect_NE: csr_matrix, root_N: Floats, mean_E: Floats) -> tuple[Floats, Floats]:
    """Eigenvectors [E, R] and eigenvalues [R] of X~'X~, from the smaller of the two Gram sides."""
    rows, edits = effect_NE.shape
    if edits <= rows:
        weighted: Any = effect_NE.multiply((root_N**2)[:, None])
        gram_EE = (effect_NE.T @ weighted.tocsr()).toarray()
        gram_EE -= np.sum(root_N**2) * np.outer(mean_E, mean_E)
        values, vectors = np.linalg.eigh(gram_EE)
        return vectors, np.maximum(values, 0.0)
    centred_NE = root_N[:, None] * (effect_NE.toarray() - mean_E)
    values, left_NR = np.linalg.eigh(centred_NE @ centred_NE.T)
    kept = values > max(values[-1], 0.0) * 1e-12
    scale = np.sqrt(values[kept])
    return centred_NE.T @ left_NR[:, kept] / scale, values[kept]


def _feature_eigen(
    effect_NE: csr_matrix, root_N: Floats, mean_E: Floats, feature_EF: Floats
) -> tuple[Floats, Floats]:
    """Eigenvectors [F, R] and eigenvalues [R] of F'X~'X~F: sums of features for effects."""
    weighted: Any = effect_NE.multiply((root_N**2)[:, None])
    gram_EE = (effect_NE.T @ weighted.tocsr()).toarray()
    gram_EE -= np.sum(root_N**2) * np.outer(mean_E, mean_E)
    values, vectors = np.linalg.eigh(feature_EF.T @ gram_EE @ feature_EF)
    return vectors, np.maximum(values, 0.0)


def _decompose(
    effect_NE: csr_matrix, label_N: Floats, weight_N: Floats, feature_EF: Floats | None
) -> tuple[_Spectrum, Floats]:
    """The problem, and its eigenvectors among the features (or the edits, without features)."""
    total = weight_N.sum()
    root_N = np.sqrt(weight_N)
    mean_E = np.asarray(effect_NE.T @ weight_N).ravel() / total
    target_N = root_N * (label_N - (weight_N @ label_N) / total)
    if feature_EF is None:
        own, values = _eigen(effect_NE, root_N, mean_E)
        vectors = own
    else:
        own, values = _feature_eigen(effect_NE, root_N, mean_E, feature_EF)
        vectors = feature_EF @ own
    moment_E = effect_NE.T @ (root_N * target_N) - mean_E * np.sum(root_N * target_N)
    problem = _Spectrum(
        effect_NE, root_N, mean_E, target_N, vectors, values, vectors.T @ np.asarray(moment_E)
    )
    return problem, own


def _leave_one_out_mse(problem: _Spectrum, penalties: Floats) -> Floats:
    """Weighted mean squared leave-one-out error of each penalty [L]."""
    total = np.sum(problem.root_weight_N**2)
    inverse_RL = 1.0 / (problem.values_R[:, None] + penalties[None, :])
    error_L = np.zeros(len(penalties))
    for start in range(0, len(problem.target_N), _CHUNK_ROWS):
        rows = slice(start, start + _CHUNK_ROWS)
        rotated_NR = problem.rotated(rows)
        fitted_NL = rotated_NR @ (problem.projection_R[:, None] * inverse_RL)
        leverage_NL = rotated_NR**2 @ inverse_RL + (problem.root_weight_N[rows, None] ** 2) / total
        left_out_NL = (problem.target_N[rows, None] - fitted_NL) / np.maximum(
            1.0 - leverage_NL, 1e-9
        )
        error_L += np.sum(left_out_NL**2, axis=0)
    mean_L: Floats = error_L / total
    return mean_L


def fit_ridge(
    effect_NE: csr_matrix,
    label_N: Floats,
    weight_N: Floats | None = None,
    penalty: float | None = None,
    feature_EF: Floats | None = None,
) -> RidgeFit:
    """Fit one label; rows whose label is NaN are left out.

    Args:
        effect_NE: effects of edits, from `EditIndex.matrix`.
        label_N: labels on the scale on which they add up.
        weight_N: weight of each row; all 1 without it.
        penalty: ridge's lambda on the standardised label; None takes the one of `PENALTIES` with
            the least leave-one-out error (the largest of them where equal).
        feature_EF: features of the edits: the weight of an edit is then a sum over its features,
            and it is their weights that the penalty is on.

    Raises:
        ValueError: no row has a label.
    """
    weights = np.ones(len(label_N)) if weight_N is None else weight_N
    present_N = ~np.isnan(label_N) & (weights > 0)
    if not present_N.any():
        raise ValueError("a ridge regression needs at least one label")
    problem, own = _decompose(
        effect_NE[present_N], label_N[present_N], weights[present_N], feature_EF
    )
    candidates = PENALTIES if penalty is None else np.array([penalty])
    error_L = _leave_one_out_mse(problem, candidates)
    best = len(error_L) - 1 - int(np.argmin(error_L[::-1]))
    chosen = float(candidates[best])
    solution_R = problem.projection_R / (problem.values_R + chosen)
    weight_E = problem.vectors_ER @ solution_R
    total = weights[present_N].sum()
    center = float(weights[present_N] @ label_N[present_N] / total)
    intercept = center - float(problem.mean_E @ weight_E)
    weight_F = None if feature_EF is None else own @ solution_R
    return RidgeFit(intercept, weight_E, chosen, float(np.sqrt(error_L[best])), weight_F)
