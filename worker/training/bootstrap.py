"""A paired bootstrap, clustered: what shares a gene set is drawn together.

Designs of one set of genes (levels, variants, replicates of a family) err alike. Drawn one by
one they would count as independent, and intervals would be too narrow.
Source: Field and Welsh 2007, J. R. Statist. Soc. B 69, 369-390,
doi 10.1111/j.1467-9868.2007.00593.x (the cluster bootstrap; here with weights in place of copies).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

MOST_RESAMPLES = 1000
_LEAST_RESAMPLES = 200
_DRAWN_VALUES = 20_000_000
_CHUNK_VALUES = 2_000_000
_FEWEST_CLUSTERS = 5


@dataclass(frozen=True)
class Resamples:
    """How often each cluster is in each resample [R, C]; the first is the sample itself."""

    cluster_N: Codes
    count_RC: NDArray[np.int32]

    @classmethod
    def of(cls, cluster_N: Codes, seed: int) -> Self | None:
        """1,000 resamples, fewer (at least 200) of more than 20,000 values; None below 5 clusters.

        The same seed and clusters give the same resamples, so that statistics are paired.
        """
        kept, place_N = np.unique(cluster_N, return_inverse=True)
        clusters = len(kept)
        if clusters < _FEWEST_CLUSTERS:
            return None
        wanted = _DRAWN_VALUES // len(cluster_N)
        resamples = min(MOST_RESAMPLES, max(_LEAST_RESAMPLES, wanted))
        rng = np.random.default_rng(seed)
        count_RC = np.ones((resamples + 1, clusters), dtype=np.int32)
        for row in count_RC[1:]:
            row[:] = np.bincount(rng.integers(0, clusters, clusters), minlength=clusters)
        return cls(place_N.reshape(-1), count_RC)

    def first(self, count: int) -> Self:
        """The sample itself and some of the resamples."""
        return replace(self, count_RC=self.count_RC[: count + 1])

    def chunks(self) -> Iterator[Floats]:
        """Weights of the values in some resamples at a time [r, N]."""
        step = max(1, _CHUNK_VALUES // max(1, len(self.cluster_N)))
        for start in range(0, len(self.count_RC), step):
            yield self.count_RC[start : start + step][:, self.cluster_N].astype(np.float64)

    def sums(self, value_N: Floats) -> Floats:
        """Sum of the values in each resample [R]."""
        clusters = self.count_RC.shape[1]
        total_C = np.bincount(self.cluster_N, weights=value_N, minlength=clusters)
        return np.asarray(self.count_RC @ total_C, dtype=np.float64)


def _weighted_ranks(value_N: Floats, weight_RN: Floats) -> Floats:
    """Mean ranks in the sample that holds value n weight_RN[r, n] times [R, N]."""
    order = np.argsort(value_N, kind="stable")
    sorted_N = value_N[order]
    starts = np.flatnonzero(np.r_[True, sorted_N[1:] != sorted_N[:-1]])
    tied_RU = np.add.reduceat(weight_RN[:, order], starts, axis=1)
    rank_RU = np.cumsum(tied_RU, axis=1) - tied_RU / 2
    unit_N = np.empty(len(value_N), dtype=np.int64)
    unit_N[order] = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(value_N)]))
    ranks_RN: Floats = rank_RU[:, unit_N]
    return ranks_RN


def _centred_ranks(value_N: Floats, weight_RN: Floats) -> Floats:
    rank_RN = _weighted_ranks(value_N, weight_RN)
    total_R = np.maximum(weight_RN.sum(axis=1, keepdims=True), 1e-300)
    centred_RN: Floats = rank_RN - (weight_RN * rank_RN).sum(axis=1, keepdims=True) / total_R
    return centred_RN


def _correlation(a_RN: Floats, b_RN: Floats, weight_RN: Floats) -> Floats:
    norm_R = np.sqrt((weight_RN * a_RN**2).sum(axis=1) * (weight_RN * b_RN**2).sum(axis=1))
    product_R: Floats = (weight_RN * a_RN * b_RN).sum(axis=1)
    rho_R: Floats = np.divide(product_R, norm_R, out=np.zeros_like(product_R), where=norm_R > 0)
    return rho_R


def weighted_spearman(first_N: Floats, second_N: Floats, weight_RN: Floats) -> Floats:
    """Spearman of each resample [R]; 0 where one side does not vary."""
    a_RN, b_RN = (_centred_ranks(value_N, weight_RN) for value_N in (first_N, second_N))
    return _correlation(a_RN, b_RN, weight_RN)


def spearmans(
    predictions: Mapping[str, Floats], truth_N: Floats, resamples: Resamples
) -> dict[str, Floats]:
    """Spearman of every prediction in every resample [R]; 0 where one side does not vary."""
    found: dict[str, list[Floats]] = {name: [] for name in predictions}
    for weight_RN in resamples.chunks():
        truth_RN = _centred_ranks(truth_N, weight_RN)
        for name, value_N in predictions.items():
            rank_RN = _centred_ranks(value_N, weight_RN)
            found[name].append(_correlation(rank_RN, truth_RN, weight_RN))
    return {name: np.concatenate(parts) for name, parts in found.items()}


def interval(value_R: Floats) -> tuple[float, float]:
    """The middle 95 % of the resamples; the first is the sample itself and does not count.

    Neither do those in which it could not be measured (NaN); there has to be one of the others.
    """
    low, high = np.nanquantile(value_R[1:], [0.025, 0.975])
    return float(low), float(high)


def paired_difference(model_R: Floats, null_R: Floats) -> tuple[float, float, float]:
    """A statistic of the model less that of a null: value, and the ends of its interval of 95 %."""
    difference_R = model_R - null_R
    return float(difference_R[0]), *interval(difference_R)
