"""How good predictions are, and how sure that is."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Floats = NDArray[np.float64]

_RESAMPLES = 1000


def pearson(first_N: Floats, second_N: Floats) -> float | None:
    """Correlation; None where one side does not vary or fewer than 3 values are given."""
    if len(first_N) < 3:
        return None
    a_N, b_N = first_N - first_N.mean(), second_N - second_N.mean()
    norm = math.sqrt(float(a_N @ a_N) * float(b_N @ b_N))
    scale = np.abs(first_N).max() * np.abs(second_N).max() * len(first_N)
    return None if norm <= 1e-12 * scale else float(a_N @ b_N) / norm


def spearman(first_N: Floats, second_N: Floats) -> float | None:
    """Rank correlation, ties at their mean rank; None as in `pearson`."""
    return pearson(rankdata(first_N), rankdata(second_N))


def metric_row(prediction_N: Floats, truth_N: Floats) -> dict[str, float | None]:
    """One row of a report's table; r2 against the test part's own mean."""
    if not len(truth_N):
        return dict.fromkeys(("spearman", "pearson", "rmse", "mae", "r2"))
    error_N = prediction_N - truth_N
    variance = float(np.mean((truth_N - truth_N.mean()) ** 2))
    mean_square = float(np.mean(error_N**2))
    return {
        "spearman": spearman(prediction_N, truth_N),
        "pearson": pearson(prediction_N, truth_N),
        "rmse": math.sqrt(mean_square),
        "mae": float(np.mean(np.abs(error_N))),
        "r2": 1.0 - mean_square / variance if variance > 0 else None,
    }


def _row_spearman(first_RN: Floats, second_RN: Floats) -> Floats:
    """Spearman of each row [R]; 0 where one side does not vary."""
    ranks = [rankdata(values_RN, axis=1) for values_RN in (first_RN, second_RN)]
    a_RN, b_RN = (r - r.mean(axis=1, keepdims=True) for r in ranks)
    norm_R = np.sqrt((a_RN**2).sum(axis=1) * (b_RN**2).sum(axis=1))
    product_R: Floats = (a_RN * b_RN).sum(axis=1)
    rho_R: Floats = np.divide(product_R, norm_R, out=np.zeros_like(product_R), where=norm_R > 0)
    return rho_R


def spearman_differences(
    model_N: Floats, nulls: Mapping[str, Floats], truth_N: Floats, seed: int
) -> dict[str, tuple[float, float, float]]:
    """Spearman of the model less that of each null: value, and a paired bootstrap 95 % interval.

    Designs are resampled with all predictions, so that what they share cancels. A constant
    prediction counts as rank correlation 0. Empty with fewer than 5 designs.
    """
    count = len(truth_N)
    if count < 5:
        return {}
    rng = np.random.default_rng(seed)
    # The first row is the sample itself.
    rows_RN = np.vstack([np.arange(count), rng.integers(0, count, (_RESAMPLES, count))])
    truth_RN = truth_N[rows_RN]
    model_R = _row_spearman(model_N[rows_RN], truth_RN)
    differences = {}
    for name, null_N in nulls.items():
        difference_R = model_R - _row_spearman(null_N[rows_RN], truth_RN)
        low, high = np.quantile(difference_R[1:], [0.025, 0.975])
        differences[name] = (float(difference_R[0]), float(low), float(high))
    return differences
