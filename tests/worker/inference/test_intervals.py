"""Intervals: their quantiles by hand, and the laws of coverage on exchangeable designs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.contract.manifests import IntervalCalibration, ManifestLabel
from worker.inference.intervals import MOST_RESIDUALS, Intervals, Residuals, stored

CALIBRATION = IntervalCalibration(method="m", calibrated_on="folds", design_count=9)


def label_of(**changes):
    values = {
        "name": "y",
        "kind": "rate",
        "scale": "linear",
        "unit": "1/h",
        "transform": "identity",
        "center": 0.0,
        "spread": 1.0,
        "neutral_model": "additive",
        "train_count": 9,
        "interval": CALIBRATION,
    }
    return ManifestLabel.model_validate(values | changes)


def intervals_of(residuals, members=None, **changes):
    member_Q = np.zeros(len(residuals), dtype=np.int64) if members is None else np.array(members)
    found = Residuals(member_Q, np.array(residuals, dtype=float)).thinned()
    return Intervals([label_of(**changes)], stored(0, found))


def test_ends_are_order_statistics_of_prediction_plus_residual():
    intervals = intervals_of(range(-4, 5))  # nine residuals: 0.8 needs ranks 1 and 9
    low, high = intervals.ends(0, np.array([[10.0, 20.0]]), 0.8)
    assert (low.tolist(), high.tolist()) == ([6, 16], [14, 24])
    assert intervals.ends(0, np.array([[10.0]]), 0.6)[0].tolist() == [7]
    assert intervals.ends(0, np.array([[10.0]]), 0.9) is None  # ten ranks are too few


def test_members_that_disagree_widen_it():
    members = [0] * 5 + [1] * 4
    intervals = intervals_of([0.0] * 9, members)
    low, high = intervals.ends(0, np.array([[1.0, 0.0], [1.0, 8.0]]), 0.8)
    assert (low.tolist(), high.tolist()) == ([1, 0], [1, 8])


def test_a_log_label_stays_above_its_detection_limit():
    intervals = intervals_of(
        np.linspace(-1, 1, 19), transform="log", scale="log", detection_limit=2.0
    )
    low, high = intervals.ends(0, np.array([[1.0, 100.0]]), 0.9)
    np.testing.assert_allclose(low, [2.0, 100 * np.exp(-1)])
    np.testing.assert_allclose(high, np.array([1.0, 100.0]) * np.exp(1))


def test_a_mixed_difference_below_its_order_is_0():
    intervals = intervals_of(range(-9, 10), kind="interaction", measure="epsilon")
    low, high = intervals.ends(0, np.array([[0.0, 0.5], [0.0, 0.5]]), 0.9)
    assert (low.tolist(), high.tolist()) == ([0, -8.5], [0, 9.5])


def test_a_label_without_calibration_has_none():
    intervals = Intervals([label_of(interval=None)], {})
    assert intervals.ends(0, np.zeros((1, 3)), 0.5) is None
    assert intervals.below(0, np.zeros((1, 3)), np.zeros(3)) is None


def test_thinning_keeps_the_distribution_of_every_member():
    rng = np.random.default_rng(0)
    members = rng.integers(0, 3, 20_000)
    residuals = rng.normal(members, 1.0)
    few = Residuals(members, residuals).thinned()
    assert len(few.residual_Q) == MOST_RESIDUALS
    for member in range(3):
        whole, thin = residuals[members == member], few.residual_Q[few.member_Q == member]
        assert len(thin) / MOST_RESIDUALS == pytest.approx(len(whole) / 20_000, abs=0.01)
        assert np.median(thin) == pytest.approx(np.median(whole), abs=0.03)
        assert np.quantile(thin, 0.9) == pytest.approx(np.quantile(whole, 0.9), abs=0.05)


@pytest.mark.parametrize("level", [0.8, 0.9, 0.95])
@pytest.mark.parametrize("count", [60, 400])
def test_on_exchangeable_designs_it_holds_its_level(level, count):
    """Members are means of what they kept, of a skewed label: no model is right."""
    rng = np.random.default_rng(count)
    held, levels_below = [], []
    for _ in range(60):
        value = rng.exponential(size=count + 100)
        known, asked = value[:count], value[count:]
        fold = np.arange(count) % 5
        member_M = np.array([known[fold != m].mean() for m in range(5)])
        intervals = intervals_of(known - member_M[fold], fold)
        predicted = np.repeat(member_M[:, None], 100, axis=1)
        low, high = intervals.ends(0, predicted, level)
        held.append(np.mean((low <= asked) & (asked <= high)))
        levels_below.append(intervals.below(0, predicted, asked))
    assert np.mean(held) >= level - 0.02
    assert np.mean(held) <= level + 0.03 + 2 / count
    bins = np.histogram(np.concatenate(levels_below), 5, (0, 1))[0] / 6000
    np.testing.assert_allclose(bins, 0.2, atol=0.03)


@given(
    residuals=st.lists(
        st.tuples(st.integers(0, 3), st.floats(-5, 5, allow_subnormal=False)), min_size=1
    ),
    shifts=st.lists(st.floats(-3, 3), min_size=4, max_size=4),
    data=st.data(),
)
def test_an_order_statistic_is_that_of_all_values_sorted(residuals, shifts, data):
    rank = data.draw(st.integers(1, len(residuals)))
    found = Residuals(*map(np.array, zip(*residuals, strict=True))).sorted()
    member_MB = np.array([shifts, shifts[::-1]]).T
    for value, column in zip(found.least(member_MB, rank), member_MB.T, strict=True):
        values = sorted(column[member] + residual for member, residual in residuals)
        assert value == values[rank - 1]
