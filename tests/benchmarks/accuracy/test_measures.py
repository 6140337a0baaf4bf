"""Figures by hand and by an independent library; the paired bootstrap."""

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr

from benchmarks.accuracy_rows.measures import (
    HeldOut,
    beyond_pairs,
    differences,
    joined,
    measure,
    r2,
    weighted_metric,
    within_cycles,
)
from benchmarks.accuracy_rows.rows import ROWS


def held_out(truth, *, cluster=None, bound=None, cycle=None):
    count = len(truth)
    return HeldOut(
        truth_K=np.asarray(truth, dtype=float),
        cluster_K=np.arange(count) if cluster is None else np.asarray(cluster),
        bound_K=np.full(count, np.nan) if bound is None else np.asarray(bound, dtype=float),
        design_N=np.arange(count),
        truth_N=np.asarray(truth, dtype=float),
        cycle_N=np.full(count, -1) if cycle is None else np.asarray(cycle),
    )


@pytest.mark.parametrize("metric", ["spearman", "pearson", "r2"])
def test_weights_are_copies(metric):
    rng = np.random.default_rng(0)
    value_K, truth_K = rng.normal(size=(2, 30))
    weight_RK = rng.integers(0, 4, size=(5, 30)).astype(float)
    found_R = weighted_metric(metric, value_K, truth_K, weight_RK)
    for found, weight_K in zip(found_R, weight_RK.astype(int), strict=True):
        copies = [np.repeat(x, weight_K) for x in (value_K, truth_K)]
        oracle = {"spearman": spearmanr, "pearson": pearsonr}.get(metric)
        expected = r2(*copies) if oracle is None else oracle(*copies).statistic
        assert found == pytest.approx(expected, abs=1e-12)


def test_a_constant_correlates_with_nothing():
    weight_RK = np.ones((2, 10))
    found_R = weighted_metric("pearson", np.full(10, 0.3), np.arange(10.0), weight_RK)
    assert found_R.tolist() == [0.0, 0.0]


def test_the_difference_to_oneself_is_nothing_and_to_noise_is_something():
    rng = np.random.default_rng(1)
    truth = rng.normal(size=200)
    nulls = {"same": truth + 0.1, "noise": rng.normal(size=200)}
    found = differences("pearson", truth + 0.1, nulls, held_out(truth))
    assert found["same"] == pytest.approx({"difference": 0, "low": 0, "high": 0}, abs=1e-12)
    assert found["noise"]["low"] > 0.7


def test_copies_of_a_gene_set_do_not_narrow_the_interval():
    rng = np.random.default_rng(2)
    truth = rng.normal(size=40)
    noisy, null = truth + rng.normal(size=40), rng.normal(size=40)
    one = differences("pearson", noisy, {"null": null}, held_out(truth))["null"]
    copies = [np.tile(x, 5) for x in (truth, noisy, null)]
    cluster = np.tile(np.arange(40), 5)
    five = differences(
        "pearson", copies[1], {"null": copies[2]}, held_out(copies[0], cluster=cluster)
    )
    width, wide = (d["high"] - d["low"] for d in (one, five["null"]))
    assert wide == pytest.approx(width, rel=0.1)


def test_within_cycles_by_hand():
    truth = [1, 2, 3, 4, 5, 11, 12, 13, 14, 15, 0]
    value = np.array([1, 2, 3, 4, 5, 5, 4, 3, 2, 1, 9.0])
    found = within_cycles(value, held_out(truth, cycle=[0] * 5 + [1] * 5 + [2]))
    assert found == pytest.approx(0.0)  # 1 and -1; one observation makes no rank


def test_what_lies_beyond_the_pairs():
    truth, bound = np.array([1.0, 0.5, 0.2, 0.9]), np.array([1.0, 0.5, 0.6, 0.9])
    perfect = beyond_pairs(truth, held_out(truth, bound=bound))
    assert perfect == {
        "r2_beyond_bound": 1.0, "average_precision": 1.0, "base_rate": 0.25, "event_count": 1.0,
    }  # fmt: skip
    blind = beyond_pairs(bound, held_out(truth, bound=bound))
    assert blind["r2_beyond_bound"] < 0
    assert blind["average_precision"] == 0.25


def test_folds_are_joined_with_their_designs():
    both = joined([held_out([1.0, 2.0]), held_out([3.0])])
    assert both.design_N.tolist() == [0, 1, 2]
    assert both.truth_K[both.design_N].tolist() == [1.0, 2.0, 3.0]


def test_strong_negative_scores_are_found_from_below():
    truth = np.array([-3.0, -2.6, 0.0, 1.0, 3.0])
    found = measure(ROWS["emap_random"], truth, held_out(truth))
    assert found["average_precision"] == 1.0
    assert found["base_rate"] == 0.4
