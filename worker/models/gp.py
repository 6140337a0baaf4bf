"""A Gaussian process on sets of edits.

    k(a, b) = bias + linear * a.b + rough * exp(-|a - b|^2 / (2 length^2))

and noise / w on the diagonal. a and b are the effects of two designs. Where all effects are 1,
|a - b|^2 is the Hamming distance of the sets, and the last term an exponentiated Hamming kernel.
y is the posterior mean, k(x, X) (K + noise)^-1 y. The five hyperparameters maximise the marginal
likelihood

    log p(y) = -1/2 y' K^-1 y - 1/2 log |K| - n/2 log(2 pi)

by L-BFGS-B from one fixed start, within bounds that fit a standardised label.

Source: Rasmussen and Williams 2006, Gaussian Processes for Machine Learning, equations 2.25, 5.8
and 5.9.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from worker.models.observations import EditSets, Observations
from worker.models.stored import Floats, StoredModel

# Logs of bias, linear, rough, length and noise.
_START = np.log([1.0, 0.1, 0.5, 2.0, 0.2])
_BOUNDS = np.log([(1e-6, 1e3), (1e-6, 1e3), (1e-6, 1e3), (0.1, 1e2), (1e-4, 1e2)])
_JITTER = 1e-10
_CHUNK_ROWS = 1024


@dataclass(frozen=True)
class GaussianProcess(StoredModel):
    """Training designs, their coefficients (K + noise)^-1 y, and the logs of the parameters."""

    edit_NP: NDArray[np.int64]
    effect_NP: Floats
    coefficient_N: Floats
    log_parameters: Floats
    edit_count: NDArray[np.int64]

    def predict_sets(self, sets: EditSets) -> Floats:
        """Posterior mean [B]."""
        count = int(self.edit_count)
        known = EditSets(self.edit_NP, self.effect_NP).matrix(count)
        asked = sets.matrix(count)
        parts = [
            covariance(self.log_parameters, *_products(asked[start : start + _CHUNK_ROWS], known))
            @ self.coefficient_N
            for start in range(0, len(sets.edit_BP), _CHUNK_ROWS)
        ]
        return np.concatenate([np.zeros(0), *parts])


def _products(first: csr_matrix, second: csr_matrix) -> tuple[Floats, Floats]:
    """Inner products and squared distances of two lists of designs."""
    dot: Floats = (first @ second.T).toarray()
    sizes = [np.asarray(x.multiply(x).sum(axis=1)).ravel() for x in (first, second)]
    return dot, np.maximum(sizes[0][:, None] + sizes[1][None, :] - 2.0 * dot, 0.0)


def covariance(log_parameters: Floats, dot: Floats, distance: Floats) -> Floats:
    """Covariance k of two lists of designs, without noise."""
    bias, linear, rough, length, _ = np.exp(log_parameters).tolist()
    smooth: Floats = rough * np.exp(-0.5 * distance / length**2)
    total: Floats = bias + linear * dot + smooth
    return total


def negative_log_likelihood(
    log_parameters: Floats, dot: Floats, distance: Floats, label_N: Floats, weight_N: Floats
) -> tuple[float, Floats]:
    """Minus the log marginal likelihood, and its gradient by the logs of the hyperparameters."""
    bias, linear, rough, length, noise = np.exp(log_parameters)
    smooth = rough * np.exp(-0.5 * distance / length**2)
    diagonal_N = noise / weight_N
    gram = bias + linear * dot + smooth + np.diag(diagonal_N + _JITTER)
    try:
        factor = cho_factor(gram, lower=True)
    except LinAlgError:
        return 1e25, np.zeros_like(log_parameters)  # the line search steps back
    alpha_N = cho_solve(factor, label_N)
    half_log_determinant = float(np.log(np.diag(factor[0])).sum())
    constant = 0.5 * len(label_N) * np.log(2.0 * np.pi)
    value = 0.5 * float(label_N @ alpha_N) + half_log_determinant + constant
    inner = cho_solve(factor, np.eye(len(label_N))) - np.outer(alpha_N, alpha_N)
    slopes = (
        bias * inner.sum(),
        linear * (inner * dot).sum(),
        (inner * smooth).sum(),
        (inner * smooth * distance).sum() / length**2,
        (np.diag(inner) * diagonal_N).sum(),
    )
    return value, 0.5 * np.array(slopes)


def _select(rows: Observations) -> Floats:
    dot, distance = _products(rows.matrix(), rows.matrix())
    found = minimize(
        negative_log_likelihood,
        _START,
        args=(dot, distance, rows.label_N, rows.weight_N),
        jac=True,
        method="L-BFGS-B",
        bounds=_BOUNDS,
    )
    return np.asarray(found.x, dtype=np.float64)


def fit_gp(
    rows: Observations, *, max_rows: int = 2000, max_selection_rows: int = 500
) -> GaussianProcess:
    """Select the hyperparameters on few observations, and condition on more of them.

    Raises:
        ValueError: no row has a label.
    """
    known = rows.labelled().drawn(max_rows)
    log_parameters = _select(known.drawn(max_selection_rows))
    gram = covariance(log_parameters, *_products(known.matrix(), known.matrix()))
    noise_N = np.exp(log_parameters[-1]) / known.weight_N + _JITTER
    coefficient_N = cho_solve(cho_factor(gram + np.diag(noise_N), lower=True), known.label_N)
    return GaussianProcess(
        edit_NP=known.sets.edit_BP,
        effect_NP=known.sets.effect_BP,
        coefficient_N=coefficient_N,
        log_parameters=log_parameters,
        edit_count=np.array(rows.edit_count),
    )
