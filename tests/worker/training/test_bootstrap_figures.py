"""Figures of an order, resampled: weights are copies; what cannot be measured does not count."""

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from worker.training.bootstrap import Resamples, interval
from worker.training.bootstrap_figures import (
    sorted_figures,
    weighted_precisions,
    weighted_wasserstein,
)
from worker.training.metrics import average_precision, metric_row, precision_at

K = 7


@pytest.fixture(params=range(3))
def sample(request):
    """Predictions with ties, truths, and whole weights of some samples."""
    rng = np.random.default_rng(request.param)
    prediction_N = rng.integers(0, 8, 30).astype(float)
    return prediction_N, rng.normal(size=30), rng.integers(0, 4, (6, 30)).astype(float)


def copies(weight_RN):
    return [np.repeat(np.arange(30), weight_N.astype(int)) for weight_N in weight_RN]


def test_weights_are_copies_for_both_precisions(sample):
    prediction_N, truth_N, weight_RN = sample
    is_good_N = truth_N > 0.5
    average_R, among_R = weighted_precisions(prediction_N, is_good_N, K, weight_RN)
    drawn = [(prediction_N[c], is_good_N[c]) for c in copies(weight_RN)]
    assert average_R.tolist() == pytest.approx([average_precision(*one) for one in drawn])
    assert among_R.tolist() == pytest.approx([precision_at(*one, K) for one in drawn])


def test_weights_are_copies_for_the_distance_of_distributions(sample):
    prediction_N, truth_N, weight_RN = sample
    found_R = weighted_wasserstein(prediction_N, truth_N, weight_RN)
    pairs = [(prediction_N[c], truth_N[c]) for c in copies(weight_RN)]
    assert found_R.tolist() == pytest.approx([wasserstein_distance(*pair) for pair in pairs])
    whole = weighted_wasserstein(prediction_N, truth_N, np.ones((1, 30)))
    assert whole[0] == pytest.approx(metric_row(prediction_N, truth_N)["wasserstein"])


def test_what_a_resample_cannot_tell_does_not_count():
    prediction_N = np.arange(4.0)
    is_good_N = np.array([False, False, False, True])
    weight_RN = np.array([[1, 1, 1, 1], [2, 1, 1, 0], [0, 0, 0, 2]], dtype=float)
    precision_R, among_R = weighted_precisions(prediction_N, is_good_N, 3, weight_RN)
    np.testing.assert_array_equal(precision_R, [1.0, np.nan, 1.0])
    np.testing.assert_allclose(among_R, [1 / 3, 0.0, np.nan])
    assert interval(precision_R) == (1.0, 1.0)


def test_the_first_resample_is_the_sample_itself_and_chunks_change_nothing(monkeypatch):
    rng = np.random.default_rng(4)
    truth_N = rng.normal(size=60)
    predictions = {"model": truth_N + rng.normal(size=60), "null": np.zeros(60)}
    draws = Resamples.of(np.arange(60) // 2, 1)
    good_N = truth_N > 1
    whole = sorted_figures(predictions, truth_N, good_N, 10, draws)
    own = whole["model"]
    assert own["average_precision"][0] == pytest.approx(
        average_precision(predictions["model"], good_N)
    )
    monkeypatch.setattr("worker.training.bootstrap._CHUNK_VALUES", 600)
    parts = sorted_figures(predictions, truth_N, good_N, 10, draws)
    for figure, value_R in own.items():
        assert len(value_R) == 1001
        np.testing.assert_allclose(parts["model"][figure], value_R)
    assert set(sorted_figures(predictions, truth_N, None, 1, draws)["null"]) == {"wasserstein"}


def test_many_values_have_fewer_resamples_which_are_the_first(monkeypatch):
    truth_N = np.random.default_rng(5).normal(size=60)
    draws = Resamples.of(np.arange(60), 1)
    whole = sorted_figures({"null": truth_N[::-1]}, truth_N, truth_N > 1, 10, draws)["null"]
    monkeypatch.setattr("worker.training.bootstrap_figures._SORTED_VALUES", 60 * 300)
    part = sorted_figures({"null": truth_N[::-1]}, truth_N, truth_N > 1, 10, draws)["null"]
    for figure, value_R in part.items():
        np.testing.assert_allclose(value_R, whole[figure][:301], rtol=1e-12)
