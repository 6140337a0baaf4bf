"""Intervals and courses by hand; charts."""

import math

import numpy as np
import pytest

from benchmarks.charts import Axis, Panel, axis_around
from benchmarks.studies.loss_conflict.arms import MSE
from benchmarks.studies.loss_conflict.results import Results, interval
from benchmarks.studies.loss_conflict.trials import Outcome, Trial

T_2 = 4.302652729911275  # Student's 97.5 % quantile with two degrees of freedom


def results(*looks, final=None):
    outcomes = {
        Trial("a", seed, MSE, 3): Outcome(each, final or {}) for seed, each in enumerate(looks)
    }
    return Results(outcomes, ("a",), range(len(looks)), 3)


def test_an_interval_by_hand():
    found = interval(np.array([1.0, 2.0, 3.0, math.nan]))
    assert (found.mean, found.sd) == (2.0, 1.0)
    assert found.high - 2.0 == pytest.approx(T_2 / math.sqrt(3))
    assert found.low == pytest.approx(4.0 - found.high)


def test_held_out_intervals_are_widened_for_their_overlap():
    found = interval(np.array([1.0, 2.0, 3.0]), held_out=True)
    assert found.high - 2.0 == pytest.approx(T_2 * math.sqrt(1 / 3 + 0.3 / 0.7))


def test_too_few_values_have_no_interval():
    assert math.isnan(interval(np.array([math.nan])).mean)
    assert interval(np.array([1.0])).text() == "+1.000"
    assert interval(np.array([])).text() == "not defined"


def test_a_mean_over_training_weighs_epochs_as_long_as_they_last():
    found = results({0: {"x": math.nan}, 1: {"x": 1.0}, 3: {"x": 4.0}})
    # Epoch 1 stands for 1.5 epochs of 0 to 3, epoch 3 for 2 (numpy's gradient at the end).
    assert found.over_training("a", MSE, "x") == pytest.approx([(1.5 * 1.0 + 2.0 * 4.0) / 3.5])


def test_courses_keep_to_the_epochs_that_all_seeds_have():
    found = results({0: {"x": 1.0}, 2: {"x": 3.0}}, {0: {"x": 5.0}, 1: {"x": 0.0}})
    epochs, value_ES = found.course("a", MSE, "x")
    assert epochs == [0]
    assert value_ES.tolist() == [[1.0, 5.0]]
    assert found.last("a", MSE, "x").tolist() == [3.0, 0.0]
    assert np.isnan(found.final("a", MSE, "none")).all()


@pytest.mark.parametrize(
    ("axis", "value", "share"),
    [
        (Axis(0, 4, ()), 1, 0.25),
        (Axis(0, 4, (), scale="sqrt"), 1, 0.5),
        (Axis(0.01, 1, (), scale="log"), 0.1, 0.5),
        (Axis(0, 4, ()), 9, 1.0),
    ],
)
def test_where_a_value_stands_on_an_axis(axis, value, share):
    assert axis.share(value) == pytest.approx(share)


def test_an_axis_has_round_ticks_around_its_values():
    axis = axis_around([0.13, 0.48, math.nan], zero=True)
    assert (axis.low, axis.high) == (0.0, 0.5)
    assert list(axis.ticks) == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]


def test_up_is_up():
    panel = Panel(10, 20, 100, 50, Axis(0, 1, ()), Axis(0, 1, ()))
    assert panel.at((0, 0)) == (10, 70)
    assert panel.at((1, 1)) == (110, 20)
