"""Figures of the table that are no sums, in samples whose values count with weights [R, N].

Law: whole weights are copies. Where a figure cannot be measured in a resample it is NaN: without a
good design among those drawn there is no average precision, and with fewer than k designs no
precision among the first k.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from worker.training.bootstrap import Resamples

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_SORTED_VALUES = 5_000_000
_LEAST_RESAMPLES = 200


def _from_the_top(
    prediction_N: Floats, is_good_N: Flags, weight_RN: Floats
) -> tuple[Floats, Floats]:
    """Good ones, and all, down to each distinct score [R, U], from high to low."""
    order_N = np.argsort(-prediction_N, kind="stable")
    ends = np.flatnonzero(np.r_[np.diff(prediction_N[order_N]) != 0, True])
    sorted_RN = weight_RN[:, order_N]
    hits_RU = np.cumsum(sorted_RN * is_good_N[order_N], axis=1)[:, ends]
    return hits_RU, np.cumsum(sorted_RN, axis=1)[:, ends]


def weighted_precisions(
    prediction_N: Floats, is_good_N: Flags, k: int, weight_RN: Floats
) -> tuple[Floats, Floats]:
    """`metrics.average_precision` and `metrics.precision_at` of each sample [R]."""
    hits_RU, seen_RU = _from_the_top(prediction_N, is_good_N, weight_RN)
    return _average_precision(hits_RU, seen_RU), _precision_at(hits_RU, seen_RU, k)


def _average_precision(hits_RU: Floats, seen_RU: Floats) -> Floats:
    precision_RU = np.divide(hits_RU, seen_RU, out=np.zeros_like(hits_RU), where=seen_RU > 0)
    found_RU = np.diff(hits_RU, axis=1, prepend=0.0)
    return _ratio((found_RU * precision_RU).sum(axis=1), hits_RU[:, -1])


def _precision_at(hits_RU: Floats, seen_RU: Floats, k: int) -> Floats:
    """Ties for the last places share them."""
    last_R1 = np.argmax(seen_RU >= k, axis=1)[:, None]
    hits_R, seen_R = (np.take_along_axis(x, last_R1, 1)[:, 0] for x in (hits_RU, seen_RU))
    before = last_R1 - 1
    above_R, above_hits_R = (
        np.where(before[:, 0] >= 0, np.take_along_axis(x, np.maximum(before, 0), 1)[:, 0], 0.0)
        for x in (seen_RU, hits_RU)
    )
    share_R = _ratio(hits_R - above_hits_R, seen_R - above_R)
    precision_R = (above_hits_R + (k - above_R) * share_R) / k
    return np.where(seen_RU[:, -1] >= k, precision_R, np.nan)


def weighted_wasserstein(prediction_N: Floats, truth_N: Floats, weight_RN: Floats) -> Floats:
    """Wasserstein-1 distance of both distributions in each sample [R]: the area between them."""
    value_2N = np.concatenate([prediction_N, truth_N])
    order_2N = np.argsort(value_2N, kind="stable")
    step_2N = np.diff(value_2N[order_2N])
    signed_R2N = np.concatenate([weight_RN, -weight_RN], axis=1)[:, order_2N]
    between_R = np.abs(np.cumsum(signed_R2N, axis=1)[:, :-1]) @ step_2N
    return _ratio(between_R, weight_RN.sum(axis=1))


def _ratio(above_R: Floats, below_R: Floats) -> Floats:
    return np.divide(above_R, below_R, out=np.full_like(above_R, np.nan), where=below_R > 0)


def sorted_figures(
    predictions: Mapping[str, Floats],
    truth_N: Floats,
    is_good_N: Flags | None,
    k: int,
    resamples: Resamples,
) -> dict[str, dict[str, Floats]]:
    """What takes an order of values, of every prediction, in every resample [R].

    They cost more than a correlation: of more than 5,000 values the first resamples do, 200 at
    least. Without `is_good_N` there is no top to find.
    """
    found: dict[str, dict[str, list[Floats]]] = {name: {} for name in predictions}
    count = max(_LEAST_RESAMPLES, _SORTED_VALUES // max(1, len(truth_N)))
    for weight_RN in resamples.first(count).chunks():
        for name, value_N in predictions.items():
            figures = {"wasserstein": weighted_wasserstein(value_N, truth_N, weight_RN)}
            if is_good_N is not None:
                both = weighted_precisions(value_N, is_good_N, k, weight_RN)
                figures |= zip(("average_precision", "precision_at_k"), both, strict=True)
            for figure, value_R in figures.items():
                found[name].setdefault(figure, []).append(value_R)
    return {
        name: {figure: np.concatenate(parts) for figure, parts in figures.items()}
        for name, figures in found.items()
    }
