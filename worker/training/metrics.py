"""How good predictions are."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Floats = NDArray[np.float64]


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


def metric_row(prediction_N: Floats, truth_N: Floats) -> dict[str, Any]:
    """One row of a report's table; r2 against the test part's own mean.

    `wasserstein` is the Wasserstein-1 distance of the two distributions, in the label's unit:
    with as many values on both sides, the mean distance of the sorted values.
    """
    if not len(truth_N):
        return dict.fromkeys(("spearman", "pearson", "rmse", "mae", "r2", "wasserstein"))
    error_N = prediction_N - truth_N
    variance = float(np.mean((truth_N - truth_N.mean()) ** 2))
    mean_square = float(np.mean(error_N**2))
    return {
        "spearman": spearman(prediction_N, truth_N),
        "pearson": pearson(prediction_N, truth_N),
        "rmse": math.sqrt(mean_square),
        "mae": float(np.mean(np.abs(error_N))),
        "r2": 1.0 - mean_square / variance if variance > 0 else None,
        "wasserstein": float(np.mean(np.abs(np.sort(prediction_N) - np.sort(truth_N)))),
    }
