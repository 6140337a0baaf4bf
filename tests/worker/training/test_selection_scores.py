"""Scores on the inner folds, their standard errors, and the one-standard-error rule."""

import math

import numpy as np
import pytest
from scipy.stats import spearmanr

from worker.training.selection_scores import (
    Comparison,
    FoldAnswers,
    compare,
    group_count,
    score_of,
    simplest_of,
)


def fold(truth, groups=None, **predicted):
    truth_KY = np.array(truth, float).reshape(len(truth), -1)
    group_K = np.arange(len(truth)) if groups is None else np.array(groups)
    given = {k: np.array(v, float).reshape(truth_KY.shape) for k, v in predicted.items()}
    return FoldAnswers(truth_KY, group_K, given)


def test_a_score_is_the_mean_over_folds_by_their_designs_and_then_over_labels():
    first = fold([[1, 5], [2, 4], [3, np.nan]], a=[[1, 5], [2, 4], [3, 0]])
    second = fold([[1, 1], [2, 2], [3, 3], [4, 4], [5, 5], [6, 6]], a=[[-x, x] for x in range(6)])
    # Label 0: (3 * 1 + 6 * -1) / 9; label 1 has too few designs in the first fold: 1.
    assert score_of([first, second], "a", "spearman") == pytest.approx((-1 / 3 + 1) / 2)
    assert score_of([first], "a", "mse") == 0.0


def test_ties_take_mean_ranks_and_a_constant_prediction_ranks_nothing():
    truth = [1, 2, 2, 4, 5]
    answers = fold(truth, tied=[1, 1, 3, 3, 2], same=[7] * 5)
    assert score_of([answers], "tied", "spearman") == pytest.approx(
        spearmanr(truth, [1, 1, 3, 3, 2]).statistic
    )
    assert score_of([answers], "same", "spearman") == 0.0


def test_what_says_nothing_has_no_score():
    assert score_of([], "a", "spearman") is None
    assert score_of([fold([3, 3, 3, 3], a=[1, 2, 3, 4])], "a", "spearman") is None
    assert score_of([fold([1, 2], a=[1, 2])], "a", "spearman") is None
    assert compare([fold([3, 3, 3, 3], a=[1, 2, 3, 4])], ["a"], "spearman", 0) is None


def mse_error_by_hand(difference_K):
    """Jackknife of a mean with single designs is its ordinary standard error."""
    return float(np.std(difference_K, ddof=1) / math.sqrt(len(difference_K)))


def test_the_standard_error_is_that_of_the_paired_difference():
    rng = np.random.default_rng(0)
    truth, noise = rng.normal(size=40), rng.normal(size=40)
    answers = fold(truth, good=truth + 0.1 * noise, bad=truth + rng.normal(size=40))
    found = compare([answers], ["good", "bad"], "mse", 0)
    difference = (answers.predicted["bad"] - answers.truth_KY) ** 2
    difference = (difference - (answers.predicted["good"] - answers.truth_KY) ** 2).ravel()
    assert found.best == "good"
    assert found.behind["bad"] == pytest.approx(difference.mean())
    assert found.standard_error["bad"] == pytest.approx(mse_error_by_hand(difference))
    assert found.standard_error["good"] == 0.0


def test_copies_of_a_design_group_make_nothing_surer():
    rng = np.random.default_rng(1)
    truth, bad = rng.normal(size=30), rng.normal(size=30)
    once = fold(truth, good=truth, bad=bad)
    often = fold(
        np.repeat(truth, 9),
        np.repeat(np.arange(30), 9),
        good=np.repeat(truth, 9),
        bad=np.repeat(bad, 9),
    )
    first, second = (compare([f], ["good", "bad"], "mse", 0) for f in (once, often))
    assert second.standard_error["bad"] == pytest.approx(first.standard_error["bad"])
    assert group_count([often, often]) == 30


@pytest.mark.parametrize("criterion", ["spearman", "mse"])
def test_the_best_is_the_best_by_either_criterion(criterion):
    truth = np.arange(20.0)
    answers = fold(truth, far=-truth, near=truth + 0.1)
    found = compare([answers], ["far", "near"], criterion, 0)
    assert found.best == "near"
    assert found.behind["far"] > 0
    assert found.behind["near"] == 0


@pytest.mark.parametrize(
    ("behind", "error", "chosen"),
    [
        ({"a": 0.01, "b": 0.0, "c": 0.02}, {"a": 0.02, "b": 0.0, "c": 0.05}, "a"),
        ({"a": 0.03, "b": 0.01, "c": 0.0}, {"a": 0.02, "b": 0.02, "c": 0.0}, "b"),
        ({"a": 0.03, "b": 0.03, "c": 0.0}, {"a": 0.02, "b": 0.02, "c": 0.0}, "c"),
        ({"a": 0.02, "b": 0.0, "c": 0.0}, {"a": 0.02, "b": 0.1, "c": 0.0}, "a"),
    ],
)
def test_the_simplest_within_one_standard_error_is_taken(behind, error, chosen):
    best = next(kind for kind, value in reversed(behind.items()) if value == 0)
    comparison = Comparison(best, dict.fromkeys(behind, 0.5), behind, error)
    assert simplest_of(comparison, ["a", "b", "c"]) == chosen
