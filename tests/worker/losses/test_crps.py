"""CRPS of a Gaussian and of samples: integrals, loops and laws."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from tests.worker.losses.families import batch
from worker.losses.crps import CrpsLoss, EnsembleCrpsLoss, crps, ensemble_crps


@pytest.mark.parametrize(("label", "sd"), [(0.3, 0.5), (-2.0, 1.5), (0.0, 0.1)])
def test_equals_the_integral_that_defines_it(label, sd):
    # Integral of (F(x) - 1[x >= y])^2, F that of N(0, sd^2).
    parts = [
        quad(lambda x: norm.cdf(x, 0, sd) ** 2, -20 * sd, label, epsabs=1e-13)[0],
        quad(lambda x: norm.sf(x, 0, sd) ** 2, label, 20 * sd, epsabs=1e-13)[0],
    ]
    labels = torch.tensor([[label]], dtype=torch.float64)
    assert crps(torch.zeros(1, 1).double(), labels, sd=sd).item() == pytest.approx(sum(parts))
    narrow = crps(torch.zeros(1, 1), labels, sd=sd).item()
    assert narrow == pytest.approx(sum(parts), rel=2e-5)


def test_value_by_hand():
    # On the label: sd (2 phi(0) - 1 / sqrt(pi)).
    value = crps(torch.zeros(1, 1).double(), torch.zeros(1, 1), sd=2.0)
    assert value.item() == pytest.approx(2 * (math.sqrt(2) - 1) / math.sqrt(math.pi))


def test_the_slope_is_that_of_the_distribution_function():
    prediction, labels = batch(columns=1, missing=False)
    (gradient,) = torch.autograd.grad(crps(prediction, labels, sd=0.5), prediction)
    expected = (1 - 2 * norm.cdf(labels.numpy(), prediction.detach().numpy(), 0.5)) / 8
    np.testing.assert_allclose(gradient.numpy(), expected, rtol=1e-9)


def test_it_tends_to_the_absolute_error():
    prediction, labels = batch(missing=False)
    error = (prediction - labels).abs().mean().item()
    assert crps(prediction, labels, sd=1e-9).item() == pytest.approx(error, rel=1e-6)


def test_another_unit_scales_it():
    prediction, labels = batch()
    scaled = crps(3 * prediction, 3 * labels, sd=1.5).item()
    assert scaled == pytest.approx(3 * crps(prediction, labels, sd=0.5).item(), rel=1e-12)


def literal(samples, label, *, fair):
    """The formula in loops, one label."""
    size = len(samples)
    pairs = math.fsum(abs(a - b) for a in samples for b in samples)
    error = math.fsum(abs(a - label) for a in samples) / size
    return error - 0.5 * pairs / (size * (size - 1) if fair else size**2)


@given(
    samples=st.lists(st.floats(-4, 4), min_size=2, max_size=9),
    label=st.floats(-4, 4),
    fair=st.booleans(),
)
def test_of_samples_it_equals_the_formula_in_loops(samples, label, fair):
    draws = torch.tensor(samples, dtype=torch.float64)[:, None, None]
    labels = torch.tensor([[label]], dtype=torch.float64)
    value = ensemble_crps(draws, labels, fair=fair).item()
    assert value == pytest.approx(literal(samples, label, fair=fair), rel=1e-9, abs=1e-12)


def test_of_equal_samples_it_is_the_absolute_error():
    draws = torch.full((3, 1, 1), 2.0)
    assert ensemble_crps(draws, torch.zeros(1, 1)).item() == 2
    assert ensemble_crps(draws[:1], torch.zeros(1, 1), fair=False).item() == 2


def test_of_many_samples_it_is_that_of_their_distribution():
    generator = torch.Generator().manual_seed(0)
    draws = 0.5 * torch.randn(20_000, 1, 1, generator=generator, dtype=torch.float64)
    labels = torch.full((1, 1), 0.4).double()
    expected = crps(torch.zeros(1, 1).double(), labels, sd=0.5).item()
    assert ensemble_crps(draws, labels).item() == pytest.approx(expected, abs=0.01)


def test_samples_of_another_shape_or_too_few_are_refused():
    labels = torch.zeros(4, 1)
    with pytest.raises(ValueError, match=r"\[S, B, Y\]"):
        ensemble_crps(torch.zeros(4, 1), labels)
    with pytest.raises(ValueError, match="1 samples; at least 2"):
        ensemble_crps(torch.zeros(1, 4, 1), labels)
    with pytest.raises(ValueError, match="0 samples; at least 1"):
        ensemble_crps(torch.zeros(0, 4, 1), labels, fair=False)


def test_the_modules_hold_their_parameters():
    prediction, labels = batch()
    draws = torch.stack([prediction, prediction + 1])
    assert CrpsLoss(sd=0.3)(prediction, labels) == crps(prediction, labels, sd=0.3)
    assert EnsembleCrpsLoss(fair=False)(draws, labels) == ensemble_crps(draws, labels, fair=False)
