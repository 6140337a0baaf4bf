"""The clustered bootstrap: weights stand for copies, and clusters widen intervals."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from worker.training.bootstrap import spearman_differences, weighted_spearman


@pytest.mark.parametrize("seed", range(3))
def test_weights_are_copies(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 6, (2, 30)).astype(float)
    weight_RN = rng.integers(0, 4, (5, 30)).astype(float)
    for weight_N, rho in zip(weight_RN, weighted_spearman(a, b, weight_RN), strict=True):
        copies = np.repeat(np.arange(30), weight_N.astype(int))
        assert rho == pytest.approx(spearmanr(a[copies], b[copies]).statistic, abs=1e-12)
    assert weighted_spearman(np.ones(30), b, weight_RN).tolist() == [0] * 5


def test_copies_of_a_design_add_nothing_when_they_are_one_cluster():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=40)
    model, null = truth + rng.normal(size=40), truth + 2 * rng.normal(size=40)
    alone = spearman_differences(model, {"null": null}, truth, seed=1)["null"]
    fourfold = [np.repeat(x, 4) for x in (model, null, truth)]
    ids = np.repeat(np.arange(40) * 7, 4)
    copied = spearman_differences(fourfold[0], {"null": fourfold[1]}, fourfold[2], 1, ids)["null"]
    assert copied == pytest.approx(alone)
    naive = spearman_differences(fourfold[0], {"null": fourfold[1]}, fourfold[2], 1)["null"]
    assert naive[2] - naive[1] < 0.7 * (alone[2] - alone[1])


def test_fewer_than_five_clusters_have_no_interval():
    x = np.arange(20.0)
    assert spearman_differences(x, {"null": -x}, x, 0, np.arange(20) % 4) == {}
