"""Gradients of several terms: conflict matrix, PCGrad, uncertainty weighting."""

import math

import pytest
import torch

from worker.losses.conflict import conflict, conflict_of
from worker.losses.pcgrad import pcgrad_backward, project
from worker.losses.uncertainty import LARGEST_FACTOR, UncertaintyWeights, uncertainty_sum


def source(seed=0):
    return torch.Generator().manual_seed(seed)


def test_conflict_by_hand():
    z = torch.tensor([[1.0, 2.0]], requires_grad=True)
    values = {
        "a": 3 * z[0, 0],
        "b": -2 * z[0, 0] + 2 * z[0, 1],
        "c": z[0, 1] * 5,
        "flat": 0 * z.sum(),
    }
    found = conflict(values, [z])
    assert found.names == ("a", "b", "c", "flat")
    torch.testing.assert_close(found.norm_T, torch.tensor([3.0, 8**0.5, 5.0, 0.0]))
    half = 0.5**0.5
    expected = torch.tensor([[1, -half, 0], [-half, 1, half], [0, half, 1]])
    torch.testing.assert_close(found.cosine_TT[:3, :3], expected)
    assert found.cosine_TT[3].isnan().all()
    sum(values.values()).backward()  # the graph is kept
    torch.testing.assert_close(z.grad, torch.tensor([[1.0, 7.0]]))


def test_scaling_a_term_leaves_its_cosines_and_latents_it_does_not_see_count_as_zero():
    z_P, z_I = (torch.randn(3, 2, generator=source(i), requires_grad=True) for i in (1, 2))
    values = {"p": z_P.square().sum(), "both": (z_P * z_I).sum()}
    scaled = {"p": 9 * values["p"], "both": values["both"]}
    one, other = conflict(values, [z_P, z_I]), conflict(scaled, [z_P, z_I])
    torch.testing.assert_close(one.cosine_TT, other.cosine_TT)
    torch.testing.assert_close(other.norm_T, one.norm_T * torch.tensor([9.0, 1.0]))
    assert conflict({"p": values["p"]}, [z_I]).norm_T.tolist() == [0]


@pytest.mark.parametrize(
    ("values", "message"),
    [({}, "at least one"), ({"a": torch.zeros(())}, "term a"), ({"b": torch.zeros(2)}, "term b")],
)
def test_what_has_no_gradient_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        conflict(values, [torch.zeros(2, requires_grad=True)])


def literal(gradients, orders):
    """Algorithm 1 of the paper, in loops over plain lists."""
    projected = []
    for i, own in enumerate(gradients):
        g = list(own)
        for j in orders[i]:
            dot = sum(a * b for a, b in zip(g, gradients[j], strict=True))
            if j != i and dot < 0:
                share = dot / sum(b * b for b in gradients[j])
                g = [a - share * b for a, b in zip(g, gradients[j], strict=True)]
        projected.append(g)
    return [sum(column) for column in zip(*projected, strict=True)]


@pytest.mark.parametrize("seed", range(5))
def test_projection_equals_the_published_algorithm(seed):
    gradients = torch.randn(4, 3, generator=source(seed), dtype=torch.float64)
    orders_source = source(seed + 10)
    orders = [torch.randperm(4, generator=orders_source).tolist() for _ in range(4)]
    expected = torch.tensor(literal(gradients.tolist(), orders), dtype=torch.float64)
    torch.testing.assert_close(project(gradients, source(seed + 10)), expected, rtol=1e-9, atol=0)


def test_two_opposed_gradients_by_hand():
    # (1, 0) against (-1, 1): (1/2, 1/2) and (0, 1).
    found = project(torch.tensor([[1.0, 0.0], [-1.0, 1.0]]), source())
    torch.testing.assert_close(found, torch.tensor([0.5, 1.5]))
    longer = project(torch.tensor([[1.0, 0.0], [-10.0, 10.0]]), source())
    torch.testing.assert_close(longer, torch.tensor([0.5, 10.5]))


def test_gradients_that_agree_are_summed_and_opposite_ones_cancel():
    agreeing = torch.tensor([[1.0, 0.5], [0.2, 3.0], [0.0, 0.0]])
    torch.testing.assert_close(project(agreeing, source()), agreeing.sum(dim=0))
    assert project(torch.tensor([[2.0, 1.0], [-4.0, -2.0]]), source()).tolist() == [0, 0]
    with pytest.raises(ValueError, match=r"\[T, P\]"):
        project(torch.zeros(3), source())


def test_gradients_are_set_in_the_shape_of_the_parameters_and_unseen_ones_get_none():
    matrix, bias, unseen = (
        torch.nn.Parameter(torch.ones(shape, dtype=torch.float64)) for shape in ((2, 2), (2,), (1,))
    )
    matrix.grad = torch.full_like(matrix, 99.0)
    values = [matrix.sum() + bias.sum(), 2 * matrix.sum()]
    pcgrad_backward(values, [matrix, bias, unseen], source())
    assert matrix.grad.tolist() == [[3, 3], [3, 3]]
    assert bias.grad.tolist() == [1, 1]
    assert unseen.grad is None
    pcgrad_backward([torch.zeros(())], [matrix], source())
    assert matrix.grad is None


def test_at_its_optimum_every_weighted_term_is_one_half():
    loss, weight = 0.04, 3.0
    bound = math.log(LARGEST_FACTOR)
    moved = math.log(2 * weight * loss)
    shift = torch.tensor([bound * math.atanh(moved / bound)], dtype=torch.float64)
    shift.requires_grad_()
    total = uncertainty_sum({"a": torch.tensor(loss).double()}, {"a": weight}, shift)
    total.backward()
    assert shift.grad.item() == pytest.approx(0, abs=1e-7)
    assert total.item() == pytest.approx(0.5 + 0.5 * moved, rel=1e-6)


def test_the_weight_of_a_term_that_is_zero_or_negative_stays_within_its_factor():
    weights = UncertaintyWeights({"zero": 0.1, "negative": 0.1})
    values = {"zero": torch.zeros(()), "negative": torch.tensor(-1.0, requires_grad=True)}
    optimizer = torch.optim.SGD(weights.parameters(), lr=100.0)
    for _ in range(30):
        optimizer.zero_grad()
        weights(values).backward()
        optimizer.step()
    slope = torch.autograd.grad(weights(values), values["negative"])[0].item()
    assert 0.1 < slope <= 0.1 * LARGEST_FACTOR * (1 + 1e-5)


def test_uncertainty_has_the_right_gradient():
    shift = torch.tensor([0.3, -2.0], dtype=torch.float64, requires_grad=True)
    a, b = (torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (0.7, 4.0))
    weights = {"a": 1.0, "b": 0.1}
    assert torch.autograd.gradcheck(
        lambda a, b, s: uncertainty_sum({"a": a, "b": b}, weights, s), (a, b, shift)
    )


@pytest.mark.parametrize(
    ("weights", "count", "message"),
    [({"a": 1.0}, 2, "log variances"), ({"a": 0.0}, 1, "above 0"), ({}, 1, "above 0")],
)
def test_weights_that_do_not_fit_are_refused(weights, count, message):
    with pytest.raises(ValueError, match=message):
        uncertainty_sum({"a": torch.ones(())}, weights, torch.zeros(count))


def test_norms_and_cosines_keep_the_type():
    for dtype in (torch.float32, torch.float64):
        norm, cosine = conflict_of(torch.eye(2, dtype=dtype))
        assert norm.dtype == cosine.dtype == dtype
