"""Velocity consistency: hand values, the literal formula, laws, and bad input."""

import math

import pytest
import torch

from tests.worker.losses.test_families import Unread
from worker.losses.velocity_consistency import VelocityConsistencyLoss, velocity_consistency


def cells(rows=8, genes=5, dtype=torch.float64):
    """Expression, velocity and the expression after 0.1."""
    generator = torch.Generator().manual_seed(rows)
    now, velocity, noise = (
        torch.randn(rows, genes, generator=generator, dtype=torch.float64) for _ in range(3)
    )
    future = now + 0.1 * velocity + 0.05 * noise
    return tuple(x.to(dtype).requires_grad_() for x in (now, velocity, future))


def literal(now, velocity, future, *, dt, cosine_weight, magnitude_weight):
    """The formula, a cell at a time."""
    direction, error, square = 0.0, 0.0, 0.0
    for x, v, y in zip(now, velocity, future, strict=True):
        p, a = v * dt, y - x
        direction += 1 - (p @ a) / (p.norm() * a.norm())
        error += (p.norm() - a.norm()) ** 2
        square += a.norm() ** 2
    return cosine_weight * direction / len(now) + magnitude_weight * error / square


@pytest.mark.parametrize("weights", [(1.0, 1.0), (2.0, 0.5), (1.0, 0.0), (0.0, 3.0)])
def test_it_is_the_formula(weights):
    x = cells()
    settings = {"dt": 0.2, "cosine_weight": weights[0], "magnitude_weight": weights[1]}
    value = velocity_consistency(*x, **settings)
    expected = literal(*x, **settings)
    assert value.item() == pytest.approx(expected.item(), rel=1e-12)
    found, reference = (torch.autograd.grad(v, x) for v in (value, expected))
    torch.testing.assert_close(found, reference, rtol=1e-9, atol=1e-12)


def test_two_cells_by_hand():
    now = torch.zeros(2, 2)
    velocity = torch.tensor([[3.0, 0.0], [0.0, 20.0]])
    future = torch.tensor([[0.0, 1.0], [0.0, 2.0]])
    # With dt = 0.1: (0.3, 0) against (0, 1), a right angle; (0, 2) against (0, 2), a match.
    expected = (1 + 0) / 2 + (0.7**2 + 0) / (1 + 4)
    assert velocity_consistency(now, velocity, future).item() == pytest.approx(expected, rel=1e-6)


def test_a_match_is_exactly_zero_and_an_about_turn_two():
    now = torch.zeros(6, 5)
    velocity = torch.randn(6, 5, generator=torch.Generator().manual_seed(0))
    assert velocity_consistency(now, velocity, velocity * 0.1).item() == 0
    value = velocity_consistency(now, velocity, velocity * -0.1)
    assert value.item() == pytest.approx(2, rel=1e-6)


def test_gradients_are_those_of_differences():
    x = cells(4, 3)
    assert torch.autograd.gradcheck(velocity_consistency, x)
    assert torch.autograd.gradcheck(lambda *y: velocity_consistency(*y, compat="diffbio"), x)


@pytest.mark.parametrize("scale", [1e-6, 1e-2, 1e6])
def test_the_unit_changes_nothing(scale):
    now, velocity, future = cells()
    plain = velocity_consistency(now, velocity, future).item()
    scaled = velocity_consistency(scale * now, scale * velocity, scale * future)
    assert scaled.item() == pytest.approx(plain, rel=1e-9)
    slower = velocity_consistency(now, velocity * scale, future, dt=0.1 / scale).item()
    assert slower == pytest.approx(plain, rel=1e-9)


def test_shifting_both_states_and_reordering_change_nothing():
    now, velocity, future = cells()
    plain = velocity_consistency(now, velocity, future).item()
    for other in (
        velocity_consistency(now + 10.0, velocity, future + 10.0),
        velocity_consistency(now.flip(0), velocity.flip(0), future.flip(0)),
        velocity_consistency(now.flip(1), velocity.flip(1), future.flip(1)),
    ):
        assert other.item() == pytest.approx(plain, rel=1e-9)


@pytest.mark.parametrize("still", ["velocity", "step", "both"])
def test_a_cell_that_stands_still_has_no_direction(still):
    now, velocity, future = (x.detach().clone() for x in cells(3))
    if still != "step":
        velocity[0] = 0
    if still != "velocity":
        future[0] = now[0]
    x = [t.requires_grad_() for t in (now, velocity, future)]
    value = velocity_consistency(*x, magnitude_weight=0.0)
    alone = velocity_consistency(now[1:], velocity[1:], future[1:], magnitude_weight=0.0)
    assert value.item() == pytest.approx(alone.item(), rel=1e-12)
    velocity_consistency(*x).backward()
    for t in x:
        assert t.grad.abs().max().item() < 1e2


def test_in_diffbio_it_is_at_a_right_angle_and_steep():
    now, velocity, future = (x.detach().clone() for x in cells(3))
    future[0] = now[0]
    future.requires_grad_()
    velocity_consistency(now, velocity, future, compat="diffbio").backward()
    assert future.grad.abs().max().item() > 1e3


def test_a_step_below_a_thousandth_of_the_others_has_no_direction():
    now = torch.zeros(2, 1)
    velocity = torch.tensor([[10.0], [-10.0]])
    future = torch.tensor([[1.0], [1e-4]])
    value = velocity_consistency(now, velocity, future, magnitude_weight=0.0)
    assert value.item() == pytest.approx(0, abs=1e-7)


def test_where_nothing_moves_lengths_keep_their_unit():
    now = torch.zeros(2, 2)
    velocity = torch.tensor([[3.0, 4.0], [0.0, 0.0]], requires_grad=True)
    value = velocity_consistency(now, velocity, now)
    value.backward()
    assert value.item() == pytest.approx(0.5**2 / 2, rel=1e-6)
    assert torch.isfinite(velocity.grad).all()
    assert velocity_consistency(now, now, now).item() == 0


def test_without_cells_it_is_zero_with_a_graph():
    x = [torch.zeros(0, 3, requires_grad=True) for _ in range(3)]
    value = velocity_consistency(*x)
    value.backward()
    assert value.item() == 0
    assert x[1].grad.shape == (0, 3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_the_dtype_is_kept_and_the_value_that_of_float64(dtype):
    x = cells(dtype=dtype)
    value = velocity_consistency(*x)
    value.backward()
    assert value.dtype is x[0].grad.dtype is dtype
    exact = velocity_consistency(*(t.double() for t in x)).item()
    assert value.item() == pytest.approx(exact, rel=2e-5 if dtype is torch.float32 else 2**-7)


def test_half_precision_does_not_overflow_inside():
    now = torch.full((3, 4), -300.0, dtype=torch.float16, requires_grad=True)
    future = torch.full((3, 4), 300.0, dtype=torch.float16)
    velocity_consistency(now, future, future).backward()
    assert torch.isfinite(now.grad).all()


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("which", [0, 1, 2])
def test_what_is_not_finite_is_not_hidden(which, bad):
    x = [t.detach().clone() for t in cells()]
    x[which][2, 1] = bad
    assert not math.isfinite(velocity_consistency(*x).item())


def test_no_value_is_looked_at():
    x = cells()
    with Unread():
        velocity_consistency(*x).backward()
        velocity_consistency(*x, compat="diffbio").backward()


@pytest.mark.parametrize(
    "shapes", [((4, 2), (4, 3), (4, 2)), ((4, 2), (4, 2), (3, 2)), ((4,), (4,), (4,))]
)
def test_shapes_that_do_not_match_are_refused(shapes):
    with pytest.raises(ValueError, match=r"\[N, G\]"):
        velocity_consistency(*(torch.zeros(shape) for shape in shapes))


def test_no_gene_is_refused():
    with pytest.raises(ValueError, match="at least one gene"):
        velocity_consistency(*(torch.zeros(4, 0) for _ in range(3)))


def test_integers_are_refused():
    counts = torch.ones(4, 2, dtype=torch.int64)
    with pytest.raises(ValueError, match="floating point"):
        velocity_consistency(counts, torch.ones(4, 2), torch.ones(4, 2))


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"dt": 0.0}, "dt"),
        ({"dt": -0.1}, "dt"),
        ({"dt": math.nan}, "dt"),
        ({"cosine_weight": -1.0}, "cosine_weight"),
        ({"magnitude_weight": math.inf}, "magnitude_weight"),
        ({"compat": "scvelo"}, "compat"),
    ],
)
def test_settings_out_of_range_are_refused_by_name(settings, name):
    with pytest.raises(ValueError, match=name):
        velocity_consistency(*cells(), **settings)


def test_the_module_is_the_function():
    x = cells()
    settings = {"dt": 0.3, "cosine_weight": 2.0, "magnitude_weight": 0.5}
    for compat in (None, "diffbio"):
        loss = VelocityConsistencyLoss(compat=compat, **settings)
        assert loss(*x).item() == velocity_consistency(*x, compat=compat, **settings).item()
