"""A paired bootstrap, clustered: what shares a gene set is drawn together.

Designs of one set of genes (levels, variants, replicates of a family) err alike. Drawn one by
one they would count as independent, and intervals would be too narrow.
Source: Field and Welsh 2007, J. R. Statist. Soc. B 69, 369-390,
doi 10.1111/j.1467-9868.2007.00593.x (the cluster bootstrap; here with weights in place of copies).
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

_RESAMPLES = 1000
_CHUNK_VALUES = 2_000_000
_FEWEST_CLUSTERS = 5


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


def weighted_spearman(first_N: Floats, second_N: Floats, weight_RN: Floats) -> Floats:
    """Spearman of each resample [R]; 0 where one side does not vary."""
    total_R = weight_RN.sum(axis=1, keepdims=True)
    ranks = [_weighted_ranks(values_N, weight_RN) for values_N in (first_N, second_N)]
    a_RN, b_RN = (r - (weight_RN * r).sum(axis=1, keepdims=True) / total_R for r in ranks)
    norm_R = np.sqrt((weight_RN * a_RN**2).sum(axis=1) * (weight_RN * b_RN**2).sum(axis=1))
    product_R: Floats = (weight_RN * a_RN * b_RN).sum(axis=1)
    rho_R: Floats = np.divide(product_R, norm_R, out=np.zeros_like(product_R), where=norm_R > 0)
    return rho_R


def _draws(rng: np.random.Generator, cluster_N: Codes, clusters: int, rows: int) -> Floats:
    drawn = rng.integers(0, clusters, (rows, clusters))
    count_RC = np.stack([np.bincount(row, minlength=clusters) for row in drawn])
    weight_RN: Floats = count_RC[:, cluster_N].astype(np.float64)
    return weight_RN


def spearman_differences(
    model_N: Floats,
    nulls: Mapping[str, Floats],
    truth_N: Floats,
    seed: int,
    cluster_N: Codes | None = None,
) -> dict[str, tuple[float, float, float]]:
    """Spearman of the model less that of each null: value, and a paired bootstrap 95 % interval.

    Clusters of designs are resampled with all predictions, so that what they share cancels; None
    takes each design as its own. A constant prediction counts as rank correlation 0. Empty with
    fewer than 5 clusters.
    """
    count = len(truth_N)
    own_N = np.arange(count) if cluster_N is None else cluster_N
    kept, cluster_N = np.unique(own_N, return_inverse=True)
    if len(kept) < _FEWEST_CLUSTERS:
        return {}
    rng = np.random.default_rng(seed)
    found: dict[str, list[Floats]] = {name: [] for name in nulls}
    done, step = 0, max(1, _CHUNK_VALUES // count)
    chunks = [np.ones((1, count))]  # the sample itself comes first
    while chunks or done < _RESAMPLES:
        if chunks:
            weight_RN = chunks.pop()
        else:
            rows = min(step, _RESAMPLES - done)
            weight_RN = _draws(rng, cluster_N.reshape(-1), len(kept), rows)
            done += rows
        model_R = weighted_spearman(model_N, truth_N, weight_RN)
        for name, null_N in nulls.items():
            found[name].append(model_R - weighted_spearman(null_N, truth_N, weight_RN))
    return {name: _interval(np.concatenate(parts)) for name, parts in found.items()}


def _interval(difference_R: Floats) -> tuple[float, float, float]:
    low, high = np.quantile(difference_R[1:], [0.025, 0.975])
    return float(difference_R[0]), float(low), float(high)
