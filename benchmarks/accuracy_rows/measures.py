"""What is measured of predictions, and how sure the difference of two models is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from benchmarks.accuracy_rows.rows import Event, Metric, Row
from worker.training.bootstrap import weighted_spearman
from worker.training.metrics import pearson, spearman

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

_RESAMPLES = 1000
_CHUNK_VALUES = 4_000_000
_FEWEST_IN_CYCLE = 5


@dataclass(frozen=True)
class HeldOut:
    """The test designs of all folds: K designs, and N observations of them.

    `cluster_K` numbers the gene sets; `bound_K` is the least measured lower order (NaN where none
    was), and `cycle_N` is -1 where no cycle is known. Labels are in their unit.
    """

    truth_K: Floats
    cluster_K: Codes
    bound_K: Floats
    design_N: Codes
    truth_N: Floats
    cycle_N: Codes

    def __len__(self) -> int:
        return len(self.truth_K)


def joined(parts: list[HeldOut]) -> HeldOut:
    """Folds as one; a gene set of two folds is one cluster."""
    starts = np.cumsum([0, *(len(part) for part in parts)])
    return HeldOut(
        truth_K=np.concatenate([part.truth_K for part in parts]),
        cluster_K=np.concatenate([part.cluster_K for part in parts]),
        bound_K=np.concatenate([part.bound_K for part in parts]),
        design_N=np.concatenate([p.design_N + s for p, s in zip(parts, starts, strict=False)]),
        truth_N=np.concatenate([part.truth_N for part in parts]),
        cycle_N=np.concatenate([part.cycle_N for part in parts]),
    )


def r2(value_K: Floats, truth_K: Floats) -> float | None:
    """Explained share of the variance around the test part's own mean."""
    total = float(np.sum((truth_K - truth_K.mean()) ** 2))
    return 1.0 - float(np.sum((value_K - truth_K) ** 2)) / total if total > 0 else None


def within_cycles(value_K: Floats, tested: HeldOut) -> float | None:
    """Spearman within each cycle of five observations or more, weighed by their number."""
    found: list[tuple[float, int]] = []
    for cycle in np.unique(tested.cycle_N[tested.cycle_N >= 0]):
        rows_N = tested.cycle_N == cycle
        value = spearman(value_K[tested.design_N[rows_N]], tested.truth_N[rows_N])
        if rows_N.sum() >= _FEWEST_IN_CYCLE:
            found.append((value or 0.0, int(rows_N.sum())))
    total = sum(count for _, count in found)
    return sum(value * count for value, count in found) / total if total else None


def _events(event: Event, tested: HeldOut) -> tuple[NDArray[np.bool_], float]:
    """Which designs are events, and the sign that puts those first."""
    if event.share is not None:
        return tested.truth_K >= np.quantile(tested.truth_K, 1.0 - event.share), 1.0
    return tested.truth_K <= (event.below if event.below is not None else -np.inf), -1.0


def _precision(is_event_K: NDArray[np.bool_], score_K: Floats) -> dict[str, float | None]:
    rate = float(is_event_K.mean())
    known = 0 < rate < 1
    value = float(average_precision_score(is_event_K, score_K)) if known else None
    return {"average_precision": value, "base_rate": rate}


def beyond_pairs(value_K: Floats, tested: HeldOut, gap: float = 0.05) -> dict[str, float | None]:
    """What a prediction says of growth less the least lower order, and of the largest gaps."""
    is_event_K = tested.bound_K - tested.truth_K > gap
    return {
        "r2_beyond_bound": r2(value_K - tested.bound_K, tested.truth_K - tested.bound_K),
        # Rounded: a bound that comes back with another last bit must not rank designs.
        **_precision(is_event_K, np.round(tested.bound_K - value_K, 9)),
        "event_count": float(is_event_K.sum()),
    }


def measure(row: Row, value_K: Floats, tested: HeldOut) -> dict[str, float | None]:
    """All figures of a row, its own metric among them."""
    found: dict[str, float | None] = {
        "spearman": spearman(value_K, tested.truth_K),
        "pearson": pearson(value_K, tested.truth_K),
        "r2": r2(value_K, tested.truth_K),
        "design_count": float(len(tested)),
        "gene_set_count": float(len(np.unique(tested.cluster_K))),
    }
    if row.cycles:
        found["spearman_within_cycles"] = within_cycles(value_K, tested)
    if row.data == "fba_ecoli_core":
        return found | beyond_pairs(value_K, tested)
    return found | _precision(*_scored(row.event, tested, value_K))


def _scored(event: Event, tested: HeldOut, value_K: Floats) -> tuple[NDArray[np.bool_], Floats]:
    is_event_K, sign = _events(event, tested)
    return is_event_K, sign * value_K


def _weights(cluster_K: Codes, seed: int) -> Iterator[Floats]:
    """The sample itself, then resamples of its clusters, in chunks [R, K]."""
    kept, place_K = np.unique(cluster_K, return_inverse=True)
    yield np.ones((1, len(cluster_K)))
    rng = np.random.default_rng(seed)
    step = max(1, _CHUNK_VALUES // len(cluster_K))
    even = np.full(len(kept), 1.0 / len(kept))
    for first in range(0, _RESAMPLES, step):
        count = min(step, _RESAMPLES - first)
        drawn_RC = rng.multinomial(len(kept), even, size=count).astype(np.float64)
        yield drawn_RC[:, place_K.reshape(-1)]


def weighted_metric(metric: Metric, value_K: Floats, truth_K: Floats, weight_RK: Floats) -> Floats:
    """The metric of each resample [R]; a constant prediction correlates with nothing: 0."""
    if metric == "spearman":
        ranked_R: Floats = weighted_spearman(value_K, truth_K, weight_RK)
        return ranked_R
    p_K, t_K = value_K - value_K.mean(), truth_K - truth_K.mean()
    sums = weight_RK @ np.stack([np.ones_like(p_K), p_K, t_K, p_K**2, t_K**2, p_K * t_K], axis=1)
    n, p, t, pp, tt, pt = sums.T
    total_R = tt - t * t / n
    if metric == "r2":
        error_R = weight_RK @ (value_K - truth_K) ** 2
        result: Floats = 1.0 - error_R / total_R
        return result
    norm_R = np.sqrt(np.maximum(pp - p * p / n, 0.0) * total_R)
    covariance_R = pt - p * t / n
    pearson_R: Floats = np.divide(
        covariance_R, norm_R, out=np.zeros_like(n), where=norm_R > 1e-9 * total_R
    )
    return pearson_R


def differences(
    metric: Metric, value_K: Floats, nulls: Mapping[str, Floats], tested: HeldOut, seed: int = 0
) -> dict[str, dict[str, float]]:
    """The metric less that of each null, with a paired bootstrap 95 % interval over gene sets."""
    found: dict[str, list[Floats]] = {name: [] for name in nulls}
    for weight_RK in _weights(tested.cluster_K, seed):
        own_R = weighted_metric(metric, value_K, tested.truth_K, weight_RK)
        for name, null_K in nulls.items():
            other_R = weighted_metric(metric, null_K, tested.truth_K, weight_RK)
            found[name].append(own_R - other_R)
    return {name: _interval(np.concatenate(parts)) for name, parts in found.items()}


def _interval(difference_R: Floats) -> dict[str, float]:
    low, high = np.quantile(difference_R[1:], [0.025, 0.975])
    return {"difference": float(difference_R[0]), "low": float(low), "high": float(high)}
