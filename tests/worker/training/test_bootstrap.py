"""The clustered bootstrap: weights stand for copies, and clusters widen intervals."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from worker.training.bootstrap import Resamples, paired_difference, spearmans, weighted_spearman


def difference(model, null, truth, cluster, seed=1):
    found = spearmans({"m": model, "n": null}, truth, Resamples.of(cluster, seed))
    return paired_difference(found["m"], found["n"])


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
    alone = difference(model, null, truth, np.arange(40))
    fourfold = [np.repeat(x, 4) for x in (model, null, truth)]
    copied = difference(*fourfold, np.repeat(np.arange(40) * 7, 4))
    assert copied == pytest.approx(alone)
    naive = difference(*fourfold, np.arange(160))
    assert naive[2] - naive[1] < 0.7 * (alone[2] - alone[1])


def test_fewer_than_five_clusters_have_no_interval():
    assert Resamples.of(np.arange(20) % 4, 0) is None
    assert Resamples.of(np.arange(20) % 5, 0) is not None


def test_sums_are_those_of_the_copies_and_the_first_is_the_sample():
    rng = np.random.default_rng(3)
    cluster, value = rng.integers(0, 9, 50), rng.normal(size=50)
    draws = Resamples.of(cluster, 0)
    weights = np.concatenate(list(draws.chunks()))
    np.testing.assert_allclose(draws.sums(value), weights @ value)
    assert (weights[0] == 1).all()
    assert weights.shape == (1001, 50)
    same = [len(set(row[cluster == c])) == 1 for row in weights[:20] for c in np.unique(cluster)]
    assert all(same)


def test_many_values_have_fewer_resamples(monkeypatch):
    monkeypatch.setattr("worker.training.bootstrap._DRAWN_VALUES", 5000)
    counts = [len(Resamples.of(np.arange(n), 0).count_RC) - 1 for n in (5, 10, 1000)]
    assert counts == [1000, 500, 200]
