"""How good predictions are, and how sure that is."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Floats = NDArray[np.float64]

_RESAMPLES = 2000


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


def spearman_difference(
    model_N: Floats, null_N: Floats, truth_N: Floats, seed: int
) -> tuple[float, float, float] | None:
    """Spearman of the model less that of a null: value, and a paired bootstrap 95 % interval.

    Designs are resampled with both predictions, so that what both share cancels. A constant
    prediction counts as rank correlation 0. None with fewer than 5 designs.
    """
    count = len(truth_N)
    if count < 5:
        return None

    def difference(rows: NDArray[np.int64]) -> float:
        truth = truth_N[rows]
        return (spearman(model_N[rows], truth) or 0.0) - (spearman(null_N[rows], truth) or 0.0)

    rng = np.random.default_rng(seed)
    draws = [difference(rng.integers(0, count, count)) for _ in range(_RESAMPLES)]
    low, high = np.quantile(draws, [0.025, 0.975])
    return difference(np.arange(count)), float(low), float(high)
