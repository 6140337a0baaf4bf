"""How good predictions are."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


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
    return pearson(_ranks(first_N), _ranks(second_N))


def _ranks(value_N: Floats) -> Floats:
    """Places in ascending order, from 1, ties at their mean; NaN for all where there is one.

    Not `scipy.stats.rankdata`: its package takes 0.7 s to import, in every job that trains.
    """
    if np.isnan(value_N).any():
        return np.full(len(value_N), np.nan)
    _, place_N, count_K = np.unique(value_N, return_inverse=True, return_counts=True)
    mean_K: Floats = np.cumsum(count_K) - (count_K - 1) / 2
    return mean_K[place_N]


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


def average_precision(prediction_N: Floats, is_good_N: Flags) -> float | None:
    """Mean over the good ones of the precision at their score; equal scores count at once.

    sum_n (R_n - R_n-1) P_n over the distinct scores from high to low; a random order has the share
    of good ones. None without a good one.
    """
    good = int(is_good_N.sum())
    if not good:
        return None
    order_N = np.argsort(-prediction_N, kind="stable")
    ends = np.flatnonzero(np.r_[np.diff(prediction_N[order_N]) != 0, True])
    hits_E = np.cumsum(is_good_N[order_N])[ends]
    return float(np.sum(np.diff(np.r_[0, hits_E]) * hits_E / (ends + 1)) / good)


def precision_at(prediction_N: Floats, is_good_N: Flags, k: int) -> float | None:
    """Share of good ones among the k highest scores; ties for the last places share them.

    None with fewer than k designs.
    """
    if len(prediction_N) < k:
        return None
    last = np.partition(prediction_N, len(prediction_N) - k)[len(prediction_N) - k]
    above_N, tied_N = prediction_N > last, prediction_N == last
    left = k - int(above_N.sum())
    return float((is_good_N[above_N].sum() + left * is_good_N[tied_N].mean()) / k)
