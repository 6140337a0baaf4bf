"""Hard-concrete gates: shares by drawing, laws, the layer of gates, and bad input."""

import math

import pytest
import torch

from worker.losses.hard_concrete import (
    HardConcreteGates,
    gate_samples,
    gate_values,
    hard_concrete,
)


def draws(count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("log_alpha", [-3.0, 0.0, 2.0])
@pytest.mark.parametrize(("temperature", "low", "high"), [(2 / 3, -0.1, 1.1), (0.3, -0.5, 1.2)])
def test_the_penalty_is_the_share_of_open_gates(log_alpha, temperature, low, high):
    settings = {"temperature": temperature, "low": low, "high": high}
    alpha = torch.full((200_000,), log_alpha, dtype=torch.float64)
    drawn = gate_samples(alpha, draws(200_000), **settings)
    share = (drawn > 0).double().mean().item()
    assert hard_concrete(alpha[:3], **settings).item() == pytest.approx(share, abs=0.004)
    assert drawn.min() == 0
    assert (drawn <= 1).all()


def test_by_hand():
    zero = torch.zeros(1, dtype=torch.float64)
    # sigmoid(-2/3 log(1/11)) = 11^(2/3) / (1 + 11^(2/3)).
    odds = 11 ** (2 / 3)
    assert hard_concrete(zero).item() == pytest.approx(odds / (1 + odds))
    assert gate_samples(zero, torch.tensor([0.5])).item() == pytest.approx(0.5)
    assert gate_values(zero).item() == pytest.approx(0.5)
    assert gate_values(torch.tensor([5.0])).item() == 1
    assert gate_values(torch.tensor([-5.0])).item() == 0


def test_it_rises_with_every_gate_and_every_draw():
    alpha = torch.linspace(-4, 4, 9, dtype=torch.float64)
    one = [hard_concrete(a[None]).item() for a in alpha]
    assert one == sorted(one)
    u = torch.linspace(0.01, 0.99, 9, dtype=torch.float64)
    drawn = gate_samples(torch.zeros(9).double(), u)
    assert (drawn.diff() >= 0).all()
    assert (gate_values(alpha).diff() >= 0).all()


def test_a_gate_between_0_and_1_has_the_gradient_of_differences():
    alpha = torch.tensor([-0.3, 0.1, 0.4], dtype=torch.float64, requires_grad=True)
    u = torch.tensor([0.4, 0.5, 0.6], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda a: gate_samples(a, u), (alpha,))
    assert torch.autograd.gradcheck(gate_values, (alpha,))


def test_a_gate_at_its_end_has_no_gradient():
    alpha = torch.tensor([-9.0, 9.0], requires_grad=True)
    gate_samples(alpha, torch.tensor([0.5, 0.5])).sum().backward()
    assert alpha.grad.tolist() == [0, 0]


@pytest.mark.parametrize("u", [0.0, 1.0])
def test_the_ends_of_a_draw_give_no_infinite_gradient(u):
    alpha = torch.zeros(1, requires_grad=True)
    gate = gate_samples(alpha, torch.tensor([u]))
    gate.sum().backward()
    assert gate.item() == u
    assert torch.isfinite(alpha.grad).all()


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_an_infinite_gate_is_one_that_does_not_move(value):
    alpha = torch.tensor([value], requires_grad=True)
    penalty = hard_concrete(alpha)
    penalty.backward()
    assert penalty.item() == (value > 0)
    assert alpha.grad.item() == 0


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_gates_keep_their_type(dtype):
    alpha = torch.tensor([0.3, -0.2]).to(dtype)
    u = torch.tensor([0.4, 0.7], dtype=torch.float64)
    assert gate_samples(alpha, u).dtype == gate_values(alpha).dtype == dtype
    exact = gate_samples(alpha.double(), u)
    torch.testing.assert_close(gate_samples(alpha, u).double(), exact, rtol=8e-3, atol=0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": 0.0}, "temperature"),
        ({"temperature": -1.0}, "temperature"),
        ({"temperature": math.nan}, "temperature"),
        ({"low": 0.0}, "low has to be below 0"),
        ({"low": -math.inf}, "low has to be below 0"),
        ({"high": 1.0}, "high has to be above 1"),
        ({"high": math.inf}, "high has to be above 1"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    alpha = torch.zeros(2)
    with pytest.raises(ValueError, match=message):
        hard_concrete(alpha, **settings)
    with pytest.raises(ValueError, match=message):
        gate_samples(alpha, torch.zeros(2), **settings)
    with pytest.raises(ValueError, match=message):
        HardConcreteGates((2,), **settings)


def test_draws_of_another_shape_and_integers_are_refused():
    with pytest.raises(ValueError, match=r"draws of the shape \(3,\) for gates of \(2,\)"):
        gate_samples(torch.zeros(2), torch.zeros(3))
    with pytest.raises(ValueError, match="floating point"):
        gate_values(torch.zeros(2, dtype=torch.int64))


def source(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("shape", [(3,), (3, 2)])
def test_gates_of_units_or_weights_multiply_the_weights(shape):
    gates = HardConcreteGates(shape, generator=source())
    weight = torch.ones(3, 2)
    expected = gates.gates() if len(shape) == 2 else gates.gates()[:, None].expand(3, 2)
    assert torch.equal(gates(weight), expected)
    drawn = gates(weight, source(1))
    assert torch.equal(drawn, gates(weight, source(1)))
    assert not torch.equal(drawn, gates(weight, source(2)))
    drawn.sum().backward()
    assert gates.log_alpha.grad.shape == shape
    assert gates.penalty().item() == hard_concrete(gates.log_alpha).item()


def test_gates_start_as_closed_as_asked():
    gates = HardConcreteGates((1000,), closed=0.2, generator=source())
    start = gates.log_alpha.detach()
    assert start.mean().item() == pytest.approx(math.log(4), abs=0.002)
    assert start.std().item() == pytest.approx(0.01, rel=0.1)
    alike = HardConcreteGates((4,), closed=0.05).log_alpha
    assert len(set(alike.tolist())) == 1
    assert HardConcreteGates((4,), closed=0.05).gates().tolist() == [1, 1, 1, 1]


def test_the_penalty_closes_what_nothing_holds_open():
    # y = 2 x_0: of four gated inputs three are noise.
    x = torch.randn(256, 4, generator=source(3))
    gates = HardConcreteGates((4,), closed=0.2, generator=source())
    weight = torch.nn.Parameter(torch.full((4, 1), 0.5))
    optimizer = torch.optim.Adam([weight, gates.log_alpha], lr=0.05)
    draw = source(7)
    for _ in range(300):
        optimizer.zero_grad()
        error = (x @ gates(weight, draw) - 2 * x[:, :1]).square().mean()
        (error + 0.1 * gates.penalty()).backward()
        optimizer.step()
    found = gates.gates()
    assert found[0].item() == 1
    assert (found[1:] == 0).all()


@pytest.mark.parametrize(
    ("shape", "weight"), [((3,), (2, 4)), ((3, 2), (3, 4)), ((3,), (3,)), ((3, 2), (3,))]
)
def test_weights_that_do_not_fit_the_gates_are_refused(shape, weight):
    with pytest.raises(ValueError, match="do not fit gates"):
        HardConcreteGates(shape)(torch.ones(weight))


@pytest.mark.parametrize("shape", [(), (2, 2, 2)])
def test_gates_of_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match=r"gates are \[I\] or \[I, O\]"):
        HardConcreteGates(shape)


@pytest.mark.parametrize("closed", [0.0, 1.0, -1.0, math.nan])
def test_a_share_of_closed_gates_is_between_0_and_1(closed):
    with pytest.raises(ValueError, match="closed has to be between 0 and 1"):
        HardConcreteGates((2,), closed=closed)
