"""Figures of a ranking, with bootstrap intervals over clusters."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]

Interval = dict[str, float]
# A figure of designs, for each of R weightings of them: [R, K] to [R]; NaN where it has none.
Figure = Callable[[Floats], Floats]

RESAMPLES = 1000
_CHUNK_VALUES = 4_000_000
_DIGITS = 9  # rounding must not rank designs


def share_found(score_K: Floats, count: int) -> Floats:
    """How surely each design is among the `count` of highest score [K]: 1, 0, or a share of a tie.

    Ties are broken at random, and this is the expectation: of t designs that share the last s
    places, each is found with s / t.
    """
    rounded_K = np.round(score_K, _DIGITS)
    if count >= len(score_K):
        return np.ones(len(score_K))
    last = np.sort(rounded_K)[::-1][count - 1]
    above_K, tied_K = rounded_K > last, rounded_K == last
    found_K: Floats = above_K + tied_K * ((count - above_K.sum()) / tied_K.sum())
    return found_K


def _weights(cluster_K: Codes, seed: int) -> Iterator[Floats]:
    """The sample itself, then resamples of its clusters, in chunks [R, K]."""
    kept, place_K = np.unique(cluster_K, return_inverse=True)
    yield np.ones((1, len(cluster_K)))
    rng = np.random.default_rng(seed)
    even = np.full(len(kept), 1.0 / len(kept))
    step = max(1, _CHUNK_VALUES // len(cluster_K))
    for first in range(0, RESAMPLES, step):
        count = min(step, RESAMPLES - first)
        drawn_RC = rng.multinomial(len(kept), even, size=count).astype(np.float64)
        yield drawn_RC[:, place_K.reshape(-1)]


def resampled(figure: Figure, cluster_K: Codes, seed: int = 0) -> Interval:
    """A figure of the sample, and the 95 % interval over clusters drawn with replacement."""
    value_R = np.concatenate([figure(weight_RK) for weight_RK in _weights(cluster_K, seed)])
    drawn = value_R[1:][np.isfinite(value_R[1:])]
    low, high = np.quantile(drawn, [0.025, 0.975]) if len(drawn) else (np.nan, np.nan)
    return {"value": float(value_R[0]), "low": float(low), "high": float(high)}


def mean(value_K: Floats, cluster_K: Codes) -> Interval:
    """The mean of a value; of what was found, the recall."""
    return resampled(lambda w_RK: w_RK @ value_K / w_RK.sum(axis=1), cluster_K)


def mean_of_clusters(value_K: Floats, cluster_K: Codes) -> Interval:
    """The mean over clusters of their means, so that a large one counts as a small one."""
    _, place_K, size_C = np.unique(cluster_K, return_inverse=True, return_counts=True)
    share_K = 1.0 / size_C[place_K.reshape(-1)]
    return resampled(lambda w_RK: w_RK @ (share_K * value_K) / (w_RK @ share_K), cluster_K)


def around(figures: Sequence[Interval]) -> Interval:
    """The median of figures of several ensembles, in an interval that holds all of theirs."""
    return {
        "value": float(np.median([one["value"] for one in figures])),
        "low": min(one["low"] for one in figures),
        "high": max(one["high"] for one in figures),
    }


def _in_ties(is_event_K: Flags, score_K: Floats) -> Callable[[Floats], tuple[Floats, Floats]]:
    """Weights of events and of the others in each group of equal scores, the least score first."""
    order_K = np.argsort(np.round(score_K, _DIGITS), kind="stable")
    sorted_K = np.round(score_K, _DIGITS)[order_K]
    first_G = np.flatnonzero(np.r_[True, sorted_K[1:] != sorted_K[:-1]])
    is_event_sorted_K = is_event_K[order_K].astype(np.float64)

    def summed(weight_RK: Floats) -> tuple[Floats, Floats]:
        weight_sorted_RK = weight_RK[:, order_K]
        event_RK = weight_sorted_RK * is_event_sorted_K
        event_RG = np.add.reduceat(event_RK, first_G, axis=1)
        return event_RG, np.add.reduceat(weight_sorted_RK - event_RK, first_G, axis=1)

    return summed


def auroc(is_good_K: Flags, score_K: Floats) -> Figure:
    """How often a good design stands above a bad one; ties count half."""
    summed = _in_ties(is_good_K, score_K)

    def figure(weight_RK: Floats) -> Floats:
        good_RG, bad_RG = summed(weight_RK)
        below_RG = np.cumsum(bad_RG, axis=1) - 0.5 * bad_RG
        with np.errstate(invalid="ignore"):
            found_R: Floats = (good_RG * below_RG).sum(axis=1) / (
                good_RG.sum(axis=1) * bad_RG.sum(axis=1)
            )
        return found_R

    return figure


def average_precision(is_event_K: Flags, score_K: Floats) -> Figure:
    """Of events, those of highest score first; a tie is one step of the curve."""
    summed = _in_ties(is_event_K, score_K)

    def figure(weight_RK: Floats) -> Floats:
        event_RG, other_RG = (part_RG[:, ::-1] for part_RG in summed(weight_RK))
        true_RG = np.cumsum(event_RG, axis=1)
        all_RG = true_RG + np.cumsum(other_RG, axis=1)
        precision_RG = np.divide(true_RG, all_RG, out=np.zeros_like(all_RG), where=all_RG > 0)
        with np.errstate(invalid="ignore"):
            found_R: Floats = (event_RG * precision_RG).sum(axis=1) / true_RG[:, -1]
        return found_R

    return figure


def difference(first: Figure, second: Figure) -> Figure:
    """Paired: both of the same resamples."""
    return lambda weight_RK: first(weight_RK) - second(weight_RK)


def over_seeds(value_S: Floats, seed: int = 0) -> Interval:
    """The mean over seeds, and the 95 % interval of means of seeds drawn with replacement."""
    drawn = np.random.default_rng(seed).choice(value_S, size=(RESAMPLES, len(value_S)))
    low, high = np.quantile(drawn.mean(axis=1), [0.025, 0.975])
    return {"value": float(value_S.mean()), "low": float(low), "high": float(high)}
