"""Gaussian likelihood with measured sds, against scipy and by its laws."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import norm

from tests.worker.losses.families import batch
from worker.losses.gaussian_nll import GaussianNllLoss, gaussian_nll
from worker.losses.mse import mse


def test_equals_scipys_density():
    prediction, labels = batch(missing=False)
    sd = torch.linspace(0.2, 2.0, 16).double().reshape(8, 2)
    expected = -norm.logpdf(labels.numpy(), prediction.detach().numpy(), sd.numpy()).mean()
    assert gaussian_nll(prediction, labels, sd_BY=sd).item() == pytest.approx(expected, rel=1e-9)
    narrow = gaussian_nll(prediction.float(), labels, sd_BY=sd).item()
    assert narrow == pytest.approx(expected, rel=2e-5)


def test_value_by_hand():
    # Error 1 at sd 0.5: 1/2 * 4 + log 0.5 + log(2 pi) / 2.
    value = gaussian_nll(torch.ones(1, 1).double(), torch.zeros(1, 1), sd_BY=torch.tensor(0.5))
    assert value.item() == pytest.approx(2 - math.log(2) + 0.5 * math.log(2 * math.pi))


def test_the_floor_holds_small_negative_and_zero_sds():
    prediction, labels = batch(rows=3, columns=1)
    sd = torch.tensor([[0.0], [-1.0], [1e-9]])
    value = gaussian_nll(prediction, labels, sd_BY=sd, floor=0.25)
    assert value == gaussian_nll(prediction, labels, sd_BY=torch.full((3, 1), 0.25), floor=0.1)


def test_a_row_without_its_sd_carries_no_weight():
    prediction, labels = batch(missing=False)
    sd = torch.full((8, 2), 0.5)
    sd[3:, 1] = math.nan
    missing = labels.clone()
    missing[3:, 1] = math.nan
    value = gaussian_nll(prediction, labels, sd_BY=sd)
    value.backward()
    assert value == gaussian_nll(prediction, missing, sd_BY=torch.tensor(0.5))
    assert (prediction.grad[3:, 1] == 0).all()


def test_with_one_sd_the_gradient_is_that_of_the_mse():
    prediction, labels = batch()
    sd = torch.tensor(0.7, dtype=torch.float64)
    (ours,) = torch.autograd.grad(gaussian_nll(prediction, labels, sd_BY=sd), prediction)
    (of_mse,) = torch.autograd.grad(mse(prediction, labels) / (2 * 0.7**2), prediction)
    torch.testing.assert_close(ours, of_mse, rtol=1e-12, atol=0)


def test_another_unit_adds_its_logarithm():
    prediction, labels = batch()
    sd = torch.full((8, 2), 0.5).double()
    value = gaussian_nll(prediction, labels, sd_BY=sd).item()
    scaled = gaussian_nll(3 * prediction, 3 * labels, sd_BY=3 * sd, floor=0.3).item()
    assert scaled == pytest.approx(value + np.log(3), rel=1e-12)


def test_sds_that_do_not_broadcast_are_refused():
    prediction, labels = batch()
    with pytest.raises(ValueError, match="sd has the shape"):
        gaussian_nll(prediction, labels, sd_BY=torch.ones(3))


def test_the_module_holds_its_floor():
    prediction, labels = batch()
    sd = torch.full((8, 2), 0.01)
    assert GaussianNllLoss(floor=0.3)(prediction, labels, sd) == gaussian_nll(
        prediction, labels, sd_BY=sd, floor=0.3
    )
