"""Hurdle likelihood: values by hand, the literal formula, laws."""

import math

import pytest
import torch
from scipy.special import expit
from scipy.stats import norm

from tests.worker.losses.families import batch
from worker.losses.gaussian_nll import gaussian_nll
from worker.losses.hurdle import HurdleLoss, hurdle


def literal(predictions, labels, threshold, sd, scale):
    """The formula in a loop, one column."""
    terms = []
    for p, y in zip(predictions, labels, strict=True):
        alive = expit((p - threshold) / scale)
        if math.isnan(y):
            continue
        if y <= threshold:
            terms.append(-math.log(1 - alive))
        else:
            terms.append(-math.log(alive) - norm.logpdf(y, p, sd))
    return math.fsum(terms) / len(terms)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_equals_the_formula_in_a_loop(dtype):
    prediction, labels = batch(columns=1, dtype=dtype)
    value = hurdle(prediction, labels, threshold=-0.25, sd=0.7, scale=0.3)
    expected = literal(prediction.flatten().tolist(), labels.flatten().tolist(), -0.25, 0.7, 0.3)
    assert value.item() == pytest.approx(expected, rel=1e-9 if dtype == torch.float64 else 2e-5)


def test_value_by_hand():
    # On the hurdle both are one half; alive, 1 sd off.
    dead = hurdle(torch.zeros(1, 1).double(), torch.zeros(1, 1))
    assert dead.item() == pytest.approx(math.log(2))
    alive = hurdle(torch.zeros(1, 1).double(), torch.ones(1, 1), sd=1.0)
    assert alive.item() == pytest.approx(math.log(2) + 0.5 + 0.5 * math.log(2 * math.pi))


def test_without_a_hurdle_it_is_the_gaussian_likelihood():
    prediction, labels = batch()
    value = hurdle(prediction, labels, threshold=torch.tensor(-math.inf), sd=0.4)
    (gradient,) = torch.autograd.grad(value, prediction)
    expected = gaussian_nll(prediction, labels, sd_BY=torch.tensor(0.4, dtype=torch.float64))
    assert value.item() == pytest.approx(expected.item(), rel=1e-12)
    torch.testing.assert_close(gradient, torch.autograd.grad(expected, prediction)[0])


def test_what_the_label_of_a_dead_strain_is_does_not_matter():
    prediction, labels = batch(missing=False)
    dead = labels < 0
    other = torch.where(dead, labels - 5.0, labels)
    value = hurdle(prediction, labels, dead_BY=dead)
    assert value == hurdle(prediction, other, dead_BY=dead) == hurdle(prediction, labels)


def test_a_prediction_far_below_costs_a_dead_strain_nothing_and_far_above_is_finite():
    prediction = torch.tensor([[-1e4], [1e4]], requires_grad=True)  # float32
    hurdle(prediction, torch.zeros(2, 1)).backward()
    assert prediction.grad.flatten().tolist() == [0.0, 1.0]  # 1 / scale over two rows


def test_a_head_of_its_own_takes_the_place_of_the_distance_to_the_hurdle():
    prediction, labels = batch(missing=False)
    logit = ((prediction - 0.1) / 0.3).detach()
    value = hurdle(prediction, labels, threshold=0.1, logit_BY=logit)
    assert value.item() == pytest.approx(
        hurdle(prediction, labels, threshold=0.1, scale=0.3).item(), rel=1e-12
    )


def test_shapes_that_do_not_broadcast_are_refused():
    prediction, labels = batch()
    for name in ("threshold", "dead_BY", "logit_BY", "sd"):
        with pytest.raises(ValueError, match="has the shape"):
            hurdle(prediction, labels, **{name: torch.ones(3)})


def test_the_module_holds_its_parameters():
    prediction, labels = batch()
    options = {"threshold": 0.2, "sd": 0.3, "scale": 0.4}
    assert HurdleLoss(**options)(prediction, labels) == hurdle(prediction, labels, **options)
