"""Huber's loss: values by hand, and its two limits."""

import math

import pytest
import torch

from tests.worker.losses.families import batch
from worker.losses.huber import HuberLoss, huber
from worker.losses.mse import mse


def test_value_and_gradient_by_hand():
    # Errors 0.5 and -3 with delta 1: 0.125 and 1 * (3 - 0.5) = 2.5; the third has no label.
    prediction = torch.tensor([[0.5], [-3.0], [9.0]], requires_grad=True)
    value = huber(prediction, torch.tensor([[0.0], [0.0], [math.nan]]))
    value.backward()
    assert value.item() == pytest.approx((0.125 + 2.5) / 2)
    assert prediction.grad.flatten().tolist() == [0.25, -0.5, 0.0]


def test_below_delta_it_is_half_the_mse():
    prediction, labels = batch()
    assert huber(prediction, labels, delta=100.0).item() == pytest.approx(
        0.5 * mse(prediction, labels).item(), rel=1e-12
    )


def test_over_delta_it_tends_to_the_absolute_error():
    prediction, labels = torch.tensor([[1.0], [-2.0]]).double(), torch.zeros(2, 1).double()
    value = huber(prediction, labels, delta=1e-9).item() / 1e-9
    assert value == pytest.approx(1.5, rel=1e-8)


def test_the_module_holds_its_delta():
    prediction, labels = batch()
    assert HuberLoss(delta=0.3)(prediction, labels) == huber(prediction, labels, delta=0.3)
