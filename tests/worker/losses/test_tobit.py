"""Censored likelihood, against scipy and by its laws."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from tests.worker.losses.families import batch
from worker.losses.gaussian_nll import gaussian_nll
from worker.losses.tobit import TobitLoss, tobit


def one(prediction, label, *, censored, sd=0.5, dtype=torch.float64):
    values = (torch.tensor([[x]], dtype=dtype) for x in (prediction, label))
    return tobit(*values, censored_BY=torch.tensor([[censored]]), sd=sd).item()


@settings(max_examples=50)
@given(st.floats(-20, 20), st.floats(-3, 3), st.floats(0.1, 3))
def test_a_censored_label_is_scipys_distribution_function(prediction, limit, sd):
    expected = -norm.logcdf(limit, prediction, sd)
    value = one(prediction, limit, censored=True, sd=sd)
    assert value == pytest.approx(expected, rel=1e-9, abs=1e-300)


def test_value_by_hand():
    # At the limit itself, one half: log 2.
    assert one(1.5, 1.5, censored=True) == pytest.approx(math.log(2))
    # Measured, error 1 at sd 0.5.
    measured = one(1.0, 0.0, censored=False)
    assert measured == pytest.approx(2 - math.log(2) + 0.5 * math.log(2 * math.pi))


def test_without_censored_labels_it_is_the_gaussian_likelihood():
    prediction, labels = batch()
    none = torch.zeros(8, 2, dtype=torch.bool)
    value = tobit(prediction, labels, censored_BY=none, sd=0.4)
    expected = gaussian_nll(prediction, labels, sd_BY=torch.tensor(0.4, dtype=torch.float64))
    assert value.item() == pytest.approx(expected.item(), rel=1e-12)


def test_far_below_the_limit_costs_nothing_and_far_above_has_a_finite_gradient():
    prediction = torch.tensor([[-1e3], [1e3]], requires_grad=True)  # float32
    labels, censored = torch.zeros(2, 1), torch.ones(2, 1, dtype=torch.bool)
    tobit(prediction, labels, censored_BY=censored).backward()
    assert one(-1e3, 0.0, censored=True, dtype=torch.float32) == 0
    assert prediction.grad[0].item() == 0
    # For x far above, -log Phi(-x / sd) is x^2 / (2 sd^2): slope x / sd^2, over two rows.
    assert prediction.grad[1].item() == pytest.approx(1e3 / 0.25 / 2, rel=2e-5)


def test_the_loss_of_a_censored_label_rises_with_the_prediction():
    values = [one(p, 0.0, censored=True) for p in (-2.0, -1.0, 0.0, 1.0, 2.0)]
    assert values == sorted(values)
    assert values[0] < values[-1]


def test_below_and_above_the_limit_have_probabilities_that_sum_to_one():
    below = math.exp(-one(0.3, 1.0, censored=True))
    above = math.exp(-one(-0.3, -1.0, censored=True))  # mirrored
    assert below + above == pytest.approx(1)


def test_a_flag_a_column_broadcasts_and_another_shape_is_refused():
    prediction, labels = batch()
    by_column = tobit(prediction, labels, censored_BY=torch.tensor([True, False]))
    full = torch.tensor([[True, False]]).expand(8, 2)
    assert by_column == tobit(prediction, labels, censored_BY=full)
    with pytest.raises(ValueError, match="censored has the shape"):
        tobit(prediction, labels, censored_BY=torch.ones(3, dtype=torch.bool))


def test_the_module_holds_its_sd():
    prediction, labels = batch()
    censored = labels < 0
    assert TobitLoss(sd=0.3)(prediction, labels, censored) == tobit(
        prediction, labels, censored_BY=censored, sd=0.3
    )
