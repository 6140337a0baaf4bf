"""What a design cannot exceed: by hand, in loops, and what bounds nothing."""

from itertools import combinations

import numpy as np
import pytest

from tests.worker.models.rows import Rows
from worker.models.upper_bound import LARGEST_SUBSET, UpperBound, fit_upper_bound

MEASURED = {"": 1.0, "a": 0.9, "b": 0.6, "c": 1.2, "ab": 0.7, "ac": 0.5, "abc": 0.4, "bcd": 0.1}


@pytest.fixture(scope="module")
def rows():
    return Rows(list(MEASURED), list(MEASURED.values()))


@pytest.fixture(scope="module")
def bound(rows):
    return fit_upper_bound(rows.rows)


@pytest.mark.parametrize(
    ("design", "value"),
    [
        ("", np.inf),  # nothing is below the reference
        ("a", 1.0),  # not its own label
        ("ab", 0.6),
        ("abc", 0.5),
        ("abcd", 0.1),
        ("d", 1.0),
        ("bd", 0.6),
    ],
)
def test_by_hand(rows, bound, design, value):
    assert rows.ask(bound, design) == value


def test_in_loops():
    rng = np.random.default_rng(0)
    designs = ["".join(c) for n in range(5) for c in combinations("abcde", n)]
    labels = dict(zip(designs, rng.normal(size=len(designs)), strict=True))
    kept = [design for design in designs if rng.random() < 0.7 or len(design) == 1]
    rows = Rows(kept, [labels[design] for design in kept])
    bound = fit_upper_bound(rows.rows)
    for design in designs:
        sizes = range(min(len(design), LARGEST_SUBSET + 1))
        lower = ["".join(c) for size in sizes for c in combinations(design, size)]
        expected = min((labels[c] for c in lower if c in kept), default=np.inf)
        assert rows.ask(bound, design) == expected, design


def test_repeated_measurements_are_averaged_and_missing_ones_bound_nothing():
    rows = Rows(["", "a", "a", "b"], [1.0, 0.2, 0.4, np.nan])
    assert rows.ask(fit_upper_bound(rows.rows), "ab") == pytest.approx(0.3)


def test_without_a_measured_lower_order_there_is_no_bound():
    rows = Rows(["ab", "cd"], [1.0, 2.0])
    bound = fit_upper_bound(rows.rows)
    assert rows.ask(bound, "ac") == np.inf
    assert rows.ask(bound, "abc") == 1.0


def test_arrays_and_back_change_nothing(rows, bound):
    again = UpperBound.from_arrays(bound.arrays())
    sets = rows.rows.sets
    np.testing.assert_array_equal(again.predict_sets(sets), bound.predict_sets(sets))


def test_no_label_is_refused():
    with pytest.raises(ValueError, match="at least one label"):
        fit_upper_bound(Rows(["a"], [np.nan]).rows)
