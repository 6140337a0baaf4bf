"""A Gaussian process on sets of edits, with the covariance of `worker.models.set_kernel`.

Noise / w is added on the diagonal. y is the posterior mean, k(x, X) (K + noise)^-1 y. The nine
hyperparameters maximise the marginal likelihood

    log p(y) = -1/2 y' K^-1 y - 1/2 log |K| - n/2 log(2 pi)

times a wide prior (Gaussian, sd 2 on the logs, around the start: with few designs the likelihood
is flat, and an amplitude that nothing measures would be anything). L-BFGS-B goes from that one
start, within bounds that fit a standardised label.

Source: Rasmussen and Williams 2006, Gaussian Processes for Machine Learning, equations 2.25, 5.8
and 5.9.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.optimize import minimize

from worker.models.observations import EditSets, Observations
from worker.models.set_kernel import (
    BOUNDS,
    NAMES,
    PLAIN,
    START,
    Products,
    covariance,
    products,
    slopes,
)
from worker.models.stored import Floats, StoredModel

if TYPE_CHECKING:
    from worker.models.gp_shared import Holders

_PRIOR_SD = 2.0
_JITTER = 1e-10
_CHUNK_ROWS = 1024
_COMPILED_ROWS = 512  # so many designs pay for compiling


@dataclass(frozen=True)
class GaussianProcess(StoredModel):
    """Training designs, their coefficients (K + noise)^-1 y, and the parameters (see `NAMES`)."""

    edit_NP: NDArray[np.int64]
    effect_NP: Floats
    coefficient_N: Floats
    parameters: Floats
    edit_count: NDArray[np.int64]

    def predict_sets(self, sets: EditSets) -> Floats:
        """Posterior mean [B]."""
        count = int(self.edit_count)
        if len(sets.edit_BP) >= _COMPILED_ROWS:
            from worker.models.gp_shared import posterior_mean  # it imports numba

            return posterior_mean(self.parameters, self._holders, self.coefficient_N, sets)
        known = EditSets(self.edit_NP, self.effect_NP).matrix(count)
        asked = sets.matrix(count)
        parts = [
            covariance(self.parameters, products(asked[start : start + _CHUNK_ROWS], known))
            @ self.coefficient_N
            for start in range(0, len(sets.edit_BP), _CHUNK_ROWS)
        ]
        return np.concatenate([np.zeros(0), *parts])

    @cached_property
    def _holders(self) -> "Holders":
        from worker.models.gp_shared import holders

        return holders(EditSets(self.edit_NP, self.effect_NP), int(self.edit_count))


def negative_log_likelihood(
    parameters: Floats, of: Products, label_N: Floats, weight_N: Floats
) -> tuple[float, Floats]:
    """Minus the log marginal likelihood, and its gradient by the parameters."""
    diagonal_N = np.exp(parameters[-1]) / weight_N
    gram = covariance(parameters, of) + np.diag(diagonal_N + _JITTER)
    try:
        factor = cho_factor(gram, lower=True)
    except LinAlgError:
        return 1e25, np.zeros_like(parameters)  # the line search steps back
    alpha_N = cho_solve(factor, label_N)
    half_log_determinant = float(np.log(np.diag(factor[0])).sum())
    constant = 0.5 * len(label_N) * np.log(2.0 * np.pi)
    value = 0.5 * float(label_N @ alpha_N) + half_log_determinant + constant
    inner = cho_solve(factor, np.eye(len(label_N))) - np.outer(alpha_N, alpha_N)
    noise_slope = float((np.diag(inner) * diagonal_N).sum())
    return value, 0.5 * np.append(slopes(parameters, of, inner), noise_slope)


def _with_prior(
    parameters: Floats, of: Products, label_N: Floats, weight_N: Floats
) -> tuple[float, Floats]:
    value, slope = negative_log_likelihood(parameters, of, label_N, weight_N)
    away = (parameters - START) / _PRIOR_SD
    return value + 0.5 * float(away @ away), slope + away / _PRIOR_SD


def _select(rows: Observations, *, sizes: bool) -> Floats:
    start, bounds = START.copy(), BOUNDS.copy()
    for name, value in () if sizes else PLAIN.items():
        start[NAMES.index(name)] = bounds[NAMES.index(name)] = value
    matrix = rows.matrix()
    found = minimize(
        _with_prior,
        start,
        args=(products(matrix, matrix), rows.label_N, rows.weight_N),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
    )
    return np.asarray(found.x, dtype=np.float64)


def fit_gp(
    rows: Observations,
    *,
    sizes: bool = True,
    max_rows: int = 2000,
    max_selection_rows: int = 500,
) -> GaussianProcess:
    """Select the hyperparameters on few observations, and condition on more of them.

    Without `sizes` the kernel has no term of them: bias, linear and rough alone.

    Raises:
        ValueError: no row has a label.
    """
    known = rows.labelled().drawn(max_rows)
    parameters = _select(known.drawn(max_selection_rows), sizes=sizes)
    matrix = known.matrix()
    gram = covariance(parameters, products(matrix, matrix))
    noise_N = np.exp(parameters[-1]) / known.weight_N + _JITTER
    coefficient_N = cho_solve(cho_factor(gram + np.diag(noise_N), lower=True), known.label_N)
    return GaussianProcess(
        edit_NP=known.sets.edit_BP,
        effect_NP=known.sets.effect_BP,
        coefficient_N=coefficient_N,
        parameters=parameters,
        edit_count=np.array(rows.edit_count),
    )
