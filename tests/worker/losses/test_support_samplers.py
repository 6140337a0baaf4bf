"""Samplers of pairs on the sphere: where they draw, and how dense."""

import math

import pytest
import torch
from scipy.special import ive

from worker.losses.diversity_report import diversity_report
from worker.losses.support_samplers import (
    support_negatives,
    support_positives,
    uniform_directions,
    von_mises_fisher,
)

ROWS = 20_000


def source(seed=0):
    return torch.Generator().manual_seed(seed)


def sphere(dims, rows=ROWS):
    return uniform_directions(torch.empty(rows, dims, dtype=torch.float64), source(1))


def mean_cosine(dims, concentration):
    """Of a von Mises-Fisher draw with its mean: a ratio of Bessel functions."""
    if concentration == 0:
        return 0.0
    return ive(dims / 2, concentration) / ive(dims / 2 - 1, concentration)


@pytest.mark.parametrize("dims", [1, 2, 3, 10])
@pytest.mark.parametrize("concentration", [0.0, 0.5, 3.0, 50.0])
def test_draws_are_unit_and_their_mean_is_that_of_von_mises_and_fisher(dims, concentration):
    mean = sphere(dims)
    drawn = von_mises_fisher(mean, torch.full((ROWS,), concentration).double(), source())
    torch.testing.assert_close(drawn.norm(dim=1), torch.ones(ROWS).double())
    cosine = (drawn * mean).sum(dim=1)
    # Five standard errors; the variance of a cosine is at most 1.
    expected = mean_cosine(dims, concentration)
    assert cosine.mean().item() == pytest.approx(expected, abs=5 * cosine.std().item() / 141 + 1e-9)


@pytest.mark.parametrize("dims", [2, 3])
def test_the_second_moment_too(dims):
    mean = sphere(dims)
    drawn = von_mises_fisher(mean, torch.full((ROWS,), 3.0).double(), source())
    square = (drawn * mean).sum(dim=1).square()
    # E cos^2 = 1 - (dims - 1) / concentration * E cos
    expected = 1 - (dims - 1) / 3.0 * mean_cosine(dims, 3.0)
    assert square.mean().item() == pytest.approx(expected, abs=5 * square.std().item() / 141)


@pytest.mark.parametrize("rule", ["exact", "published"])
@pytest.mark.parametrize(("dims", "fixed"), [(3, 0), (3, 1), (3, 2), (3, 3), (10, 4)])
def test_positives_keep_the_fixed_coordinates_and_the_length(rule, dims, fixed):
    z = sphere(dims, 500)
    settings = {"fixed": fixed, "concentration": 3.0, "rule": rule}
    positive = support_positives(z, generator=source(), **settings)
    assert torch.equal(positive[:, :fixed], z[:, :fixed])
    torch.testing.assert_close(positive.norm(dim=1), torch.ones(500).double())
    report = diversity_report(z, positive)
    assert report.held_count == fixed


@pytest.mark.parametrize("rule", ["exact", "published"])
def test_the_rules_differ_in_the_concentration_that_is_left_on_the_support(rule):
    # All on one circle of radius 0.6: concentration 5 * 0.36 of the published 5.
    z = sphere(3)
    z = torch.cat([torch.full((ROWS, 1), 0.8).double(), 0.6 * uniform_directions(z[:, 1:], source(2))], 1)  # fmt: skip # noqa: E501
    positive = support_positives(z, fixed=1, concentration=5.0, rule=rule, generator=source())
    cosine = (z[:, 1:] * positive[:, 1:]).sum(dim=1) / 0.36
    expected = mean_cosine(2, 5.0 * (0.36 if rule == "exact" else 1.0))
    assert cosine.mean().item() == pytest.approx(expected, abs=5 * cosine.std().item() / 141)


def test_without_fixed_coordinates_the_rules_are_one():
    z = sphere(3, 100)
    drawn = [
        support_positives(z, fixed=0, concentration=3.0, rule=rule, generator=source())
        for rule in ("exact", "published")
    ]
    torch.testing.assert_close(*drawn)


def test_negatives_lie_on_the_support_of_their_own_anchor_as_far_as_asked():
    z = sphere(4, 2000)
    negative = support_negatives(z, 5, fixed=2, constrained=0.7, generator=source())
    inside, outside = negative[:, :3], negative[:, 3:]  # floor(0.7 * 5)
    assert torch.equal(inside[..., :2], z[:, None, :2].expand(2000, 3, 2))
    torch.testing.assert_close(negative.norm(dim=2), torch.ones(2000, 5).double())
    # Uniform on K(z), uniform on the sphere: nothing is left of v, nothing of z.
    kept = (inside[..., 2:] * z[:, None, 2:]).sum(dim=2)
    assert kept.mean().item() == pytest.approx(0, abs=5 * kept.std().item() / math.sqrt(6000))
    far = (outside * z[:, None]).sum(dim=2)
    assert far.mean().item() == pytest.approx(0, abs=5 * far.std().item() / math.sqrt(4000))


def test_a_latent_on_the_axis_has_nothing_to_vary():
    z = torch.tensor([[1.0, 0.0, 0.0]]).double()
    positive = support_positives(z, fixed=1, concentration=3.0, generator=source())
    assert torch.equal(positive, z)
    negative = support_negatives(z, 2, fixed=1, generator=source())
    assert torch.equal(negative, z.expand(1, 2, 3))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_seed_decides_and_the_type_is_kept_and_nothing_has_a_gradient(dtype):
    z = sphere(3, 50).to(dtype).requires_grad_()
    draws = [
        (
            support_positives(z, fixed=1, concentration=3.0, generator=source(seed)),
            support_negatives(z, 4, fixed=1, constrained=0.5, generator=source(seed)),
        )
        for seed in (5, 5, 6)
    ]
    for first, again, other in zip(*draws, strict=True):
        assert first.dtype is dtype
        assert not first.requires_grad
        assert torch.equal(first, again)
        assert not torch.equal(first, other)


def test_a_high_concentration_draws_the_anchor():
    z = sphere(3, 100)
    positive = support_positives(z, fixed=1, concentration=1e12, generator=source())
    torch.testing.assert_close(positive, z, rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fixed": 4}, "4 fixed of 3"),
        ({"fixed": -1}, "-1 fixed"),
        ({"concentration": -1.0}, "at least 0"),
        ({"concentration": math.inf}, "finite"),
        ({"concentration": math.nan}, "finite"),
        ({"rule": "both"}, "'both' is none of exact, published"),
    ],
)
def test_positives_refuse_settings(settings, message):
    known = {"fixed": 1, "concentration": 1.0, "generator": source()}
    with pytest.raises(ValueError, match=message):
        support_positives(torch.zeros(2, 3), **(known | settings))


@pytest.mark.parametrize(
    ("z", "settings", "message"),
    [
        (torch.zeros(2, 3), {"constrained": 1.1}, "from 0 to 1"),
        (torch.zeros(2, 3), {"constrained": math.nan}, "from 0 to 1"),
        (torch.zeros(2, 3), {"count": -1}, "-1 negatives"),
        (torch.zeros(2, 3), {"fixed": 4}, "4 fixed of 3"),
        (torch.zeros(3), {}, r"\[B, D\]"),
        (torch.zeros(2, 3).long(), {}, "float"),
    ],
)
def test_negatives_refuse_settings_and_shapes(z, settings, message):
    known = {"count": 2, "fixed": 1, "generator": source()}
    with pytest.raises(ValueError, match=message):
        support_negatives(z, **(known | settings))


@pytest.mark.parametrize(("rows", "count"), [(0, 3), (4, 0)])
def test_nothing_to_draw_is_nothing(rows, count):
    z = sphere(3, 5)[:rows]
    drawn = support_negatives(z, count, fixed=1, generator=source())
    assert drawn.shape == (rows, count, 3)
    assert support_positives(z, fixed=1, concentration=1.0, generator=source()).shape == (rows, 3)
