"""Figures of rankings, against scikit-learn, counting, and hand values."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks.proofs.statistics import (
    auroc,
    average_precision,
    difference,
    mean,
    mean_of_clusters,
    over_seeds,
    resampled,
    share_found,
)

RNG = np.random.default_rng(5)
EVENT = RNG.random(80) < 0.3
SCORE = np.round(RNG.normal(size=80) + EVENT, 1)  # with ties


def test_ties_share_the_last_places() -> None:
    found = share_found(np.array([3.0, 1.0, 2.0, 2.0, 2.0]), 3)
    assert found.tolist() == pytest.approx([1.0, 0.0, 2 / 3, 2 / 3, 2 / 3])
    assert share_found(np.zeros(4), 9).tolist() == [1.0] * 4


def test_a_large_cluster_counts_as_a_small_one() -> None:
    value, cluster = np.array([1.0, 1.0, 1.0, 0.0]), np.array([7, 7, 7, 2])
    assert mean(value, cluster)["value"] == pytest.approx(3 / 4)
    told = mean_of_clusters(value, cluster)
    assert told["value"] == pytest.approx(1 / 2)
    assert (told["low"], told["high"]) == pytest.approx((0.0, 1.0))


def test_areas_are_those_of_scikit_learn() -> None:
    alone = np.arange(80)
    assert resampled(auroc(EVENT, SCORE), alone)["value"] == pytest.approx(
        roc_auc_score(EVENT, SCORE)
    )
    expected = average_precision_score(EVENT, SCORE)
    assert resampled(average_precision(EVENT, SCORE), alone)["value"] == pytest.approx(expected)


def test_a_resample_is_the_weighted_area() -> None:
    seen = []

    def noted(weight_RK: np.ndarray) -> np.ndarray:
        seen.append(weight_RK)
        return weight_RK @ SCORE / weight_RK.sum(axis=1)

    resampled(noted, np.arange(80) // 4)
    weight_K = seen[1][0]
    assert (weight_K.reshape(20, 4) == weight_K.reshape(20, 4)[:, :1]).all()
    assert weight_K.reshape(20, 4)[:, 0].sum() == 20


def test_clusters_widen_an_interval() -> None:
    value = np.repeat(RNG.normal(size=10), 30)
    by_design, by_cluster = mean(value, np.arange(300)), mean(value, np.arange(300) // 30)
    assert by_design["value"] == by_cluster["value"] == pytest.approx(value.mean())
    narrow, wide = (found["high"] - found["low"] for found in (by_design, by_cluster))
    assert wide > 2 * narrow  # a factor sqrt(30) in theory


def test_a_weighted_area_is_that_of_repeated_designs() -> None:
    weight_RK = RNG.integers(0, 3, size=(4, 80)).astype(float)
    for figure, reference in (
        (auroc(EVENT, SCORE), roc_auc_score),
        (average_precision(EVENT, SCORE), average_precision_score),
    ):
        expected = [
            reference(np.repeat(EVENT, w.astype(int)), np.repeat(SCORE, w.astype(int)))
            for w in weight_RK
        ]
        assert figure(weight_RK).tolist() == pytest.approx(expected)


def test_a_difference_is_paired() -> None:
    same = difference(auroc(EVENT, SCORE), auroc(EVENT, 2 * SCORE))
    assert resampled(same, np.arange(80)) == {"value": 0.0, "low": 0.0, "high": 0.0}


def test_one_class_has_no_area() -> None:
    assert np.isnan(resampled(auroc(np.ones(5, dtype=bool), np.arange(5.0)), np.arange(5))["value"])


def test_seeds_have_their_mean_within_their_interval() -> None:
    found = over_seeds(np.array([1.0, 2.0, 6.0]))
    assert found["value"] == pytest.approx(3.0)
    assert 1.0 <= found["low"] <= 3.0 <= found["high"] <= 6.0
