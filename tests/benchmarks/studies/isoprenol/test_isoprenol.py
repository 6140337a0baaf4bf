"""Who is simplest, ceilings and numbers of designs by hand, and a training part's own folds."""

import numpy as np
import pytest

from benchmarks.accuracy_rows.measures import HeldOut
from benchmarks.studies.isoprenol.ceiling import ceiling, error_within_builds
from benchmarks.studies.isoprenol.figures import Inner, gain, times
from benchmarks.studies.isoprenol.inner import MODELS
from benchmarks.studies.isoprenol.power import needed, spread

ERRORS = [0.03, 0.02, 0.02, 0.0, 0.02]


def test_the_simplest_is_at_most_one_standard_error_behind():
    first = Inner.of([0.60, 0.69, 0.60, 0.70, 0.69, *ERRORS])
    second = Inner.of([0.60, 0.67, 0.65, 0.70, 0.75, 0.03, 0.02, 0.02, 0.04, 0.0])
    assert list(first.score) == list(MODELS)
    assert (first.best, first.simplest) == ("gp", "saturating")
    assert (second.best, second.simplest) == ("average", "average")
    assert times([first, second], lambda i: i.simplest) == {"saturating": 1, "average": 1}
    value, error, ahead = gain([first, second], "average", "gp")
    assert (value, error, ahead) == pytest.approx((0.02, 0.03, 1))


def test_a_ceiling_is_that_of_two_normal_values():
    """Of normal values with correlation r, Spearman is 6 / pi asin(r / 2)."""
    assert ceiling(0.0, 1.0, 50) == pytest.approx(1.0)
    r = np.sqrt(1 - 0.6**2)
    assert ceiling(0.6, 1.0, 2000) == pytest.approx(6 / np.pi * np.arcsin(r / 2), abs=0.01)


def test_the_error_of_a_build_is_that_of_its_mean():
    row = {"targets": "a", "isoprenol_sd": "20", "isoprenol_mg_l": "100", "n_rep": "4"}
    others = [row | {"targets": ""}, row | {"n_rep": "1"}, row | {"isoprenol_mg_l": "1"}]
    assert error_within_builds([row, *others]) == pytest.approx(0.1)


def test_designs_that_are_needed_by_hand():
    assert needed(100, difference=0.1, below=0.2) == 400
    assert needed(100, difference=0.1, below=0.2, power=True) == 817  # (2.8 / 1.96)^2 times
    assert needed(100, difference=0.1, below=0.1) == 100


def test_intervals_narrow_with_the_root_of_the_designs():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=120)
    good, bad = truth + rng.normal(size=120), truth + rng.normal(0, 2, size=120)
    none = np.zeros(0, dtype=np.int64)
    tested = HeldOut(truth, np.arange(120), truth, none, truth[:0], none)
    few, many = (spread(good, bad, tested, count) for count in (60, 240))
    assert few[0] == many[0] > 0
    assert (few[2] - few[1]) / (many[2] - many[1]) == pytest.approx(2.0, rel=0.15)
