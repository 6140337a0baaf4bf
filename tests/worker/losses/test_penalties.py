"""Penalties of parameters: laws and bad input that all of them share, and values by hand."""

import math

import pytest
import torch

from tests.worker.losses.test_families import Unread
from worker.losses.group_lasso import GroupLassoLoss, group_lasso
from worker.losses.hard_concrete import hard_concrete
from worker.losses.l1 import L1Loss, l1
from worker.losses.path_reg import CNodeLoss, PathRegLoss, c_node, path_matrix, path_reg

# Each of one matrix [G, D]; those of several layers of matrices made of it.
PENALTIES = {
    "l1": l1,
    "group_lasso": group_lasso,
    "c_node": lambda weight: c_node([weight, weight.T]),
    "path_reg": lambda weight: path_reg([weight, weight.sum(dim=0), weight]),
    "hard_concrete": hard_concrete,
}
SIZES = {name: call for name, call in PENALTIES.items() if name != "hard_concrete"}
each = pytest.mark.parametrize("penalty", PENALTIES.values(), ids=PENALTIES)
each_size = pytest.mark.parametrize("penalty", SIZES.values(), ids=SIZES)


def weights(groups=4, dim=3, dtype=torch.float64):
    generator = torch.Generator().manual_seed(2)
    return torch.randn(groups, dim, generator=generator).to(dtype).requires_grad_()


@each
def test_gradients_are_those_of_differences(penalty):
    assert torch.autograd.gradcheck(penalty, (weights(),))


@each
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
def test_the_dtype_is_kept_and_the_value_that_of_float64(penalty, dtype):
    weight = weights(dtype=dtype)
    value = penalty(weight)
    value.backward()
    assert value.dtype == weight.grad.dtype == dtype
    error = {torch.float16: 2**-11, torch.bfloat16: 2**-8}.get(dtype, 2e-5)
    exact = penalty(weight.detach().double()).item()
    assert value.item() == pytest.approx(exact, rel=error, abs=1e-6)


@each
def test_no_value_is_looked_at(penalty):
    weight = weights()
    with Unread():
        penalty(weight).backward()


@pytest.mark.gpu
@each
def test_a_gpu_agrees(penalty):
    weight = weights(dtype=torch.float32)
    on_gpu = weight.detach().cuda().requires_grad_()
    penalty(weight).backward()
    value = penalty(on_gpu)
    value.backward()
    assert value.is_cuda
    torch.testing.assert_close(on_gpu.grad.cpu(), weight.grad, rtol=1e-4, atol=1e-6)


@each
@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_without_weights_it_is_zero_with_a_graph(penalty, shape):
    weight = torch.zeros(shape, requires_grad=True)
    value = penalty(weight)
    value.backward()
    assert value.item() == 0


@pytest.mark.parametrize("penalty", [c_node, path_reg])
@pytest.mark.parametrize("dtype", [torch.float16, torch.float64])
def test_layers_of_two_types_are_computed_in_the_wider(penalty, dtype):
    one = weights(dtype=torch.float32)
    other = weights(3, 2, dtype=dtype)
    value = penalty([one, other])
    value.backward()
    assert value.dtype == torch.promote_types(torch.float32, dtype)
    assert (one.grad.dtype, other.grad.dtype) == (torch.float32, dtype)
    exact = penalty([one.detach().double(), other.detach().double()]).item()
    assert value.item() == pytest.approx(exact, rel=1e-6)
    assert path_matrix([one, other]).mean().item() == pytest.approx(exact, rel=1e-6)


@each_size
def test_weights_of_zero_cost_nothing_and_stay_where_they_are(penalty):
    weight = torch.zeros(4, 3, requires_grad=True)
    value = penalty(weight)
    value.backward()
    assert value.item() == 0
    assert (weight.grad == 0).all()


@each_size
def test_the_smallest_weights_have_a_finite_gradient(penalty):
    weight = torch.full((4, 3), 1e-30, requires_grad=True)
    penalty(weight).backward()
    assert torch.isfinite(weight.grad).all()


@each
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_weight_that_is_no_number_shows(penalty, bad):
    changed = weights().detach()
    changed[1] = bad
    value = penalty(changed).item()
    # An infinite log_alpha is a gate that is always open.
    assert not math.isfinite(value) or (penalty is hard_concrete and bad == math.inf)


@each_size
def test_signs_do_not_matter_and_it_grows_with_the_weights(penalty):
    weight = weights().detach()
    assert penalty(-weight).item() == penalty(weight).item()
    assert penalty(2 * weight).item() > penalty(weight).item()


@each
def test_integers_are_refused(penalty):
    with pytest.raises(ValueError, match="floating point"):
        penalty(torch.ones(3, 2, dtype=torch.int64))


def test_l1_by_hand():
    assert l1(torch.tensor([[1.0, -2.0], [0.0, 5.0]])).item() == 2.0
    assert l1(torch.tensor(-3.0)).item() == 3.0  # of any shape
    assert L1Loss()(torch.tensor([1.0, 2.0])).item() == 1.5


def test_group_lasso_by_hand():
    # Lengths 5 and 0, over 2 groups and sqrt(2).
    value = group_lasso(torch.tensor([[3.0, -4.0], [0.0, 0.0]])).item()
    assert value == pytest.approx(5 / 2 / math.sqrt(2))
    assert GroupLassoLoss()(torch.tensor([[3.0, -4.0]])).item() == pytest.approx(5 / math.sqrt(2))


def test_a_group_of_one_weight_is_l1():
    weight = weights().detach()
    assert group_lasso(weight[:, :1]).item() == pytest.approx(l1(weight[:, :1]).item())


def test_a_group_lies_between_l1_and_its_largest():
    weight = weights().detach()
    assert l1(weight) < group_lasso(weight) < math.sqrt(3) * l1(weight)


def test_turning_the_weights_of_a_group_changes_nothing():
    weight = weights().detach()
    turn, _ = torch.linalg.qr(weights(3, 3).detach())
    assert group_lasso(weight @ turn).item() == pytest.approx(group_lasso(weight).item())


def test_a_group_is_drawn_along_itself_by_one_force():
    weight = weights()
    group_lasso(weight).backward()
    lengths = weight.grad.norm(dim=1)
    torch.testing.assert_close(lengths, torch.full_like(lengths, 1 / 4 / math.sqrt(3)))


@pytest.mark.parametrize("shape", [(3,), (), (2, 2, 2)])
def test_groups_have_to_be_rows(shape):
    with pytest.raises(ValueError, match=r"\[G, D\]"):
        group_lasso(torch.ones(shape))


def test_c_node_by_hand():
    # |1| |3| + |-2| |4| = 11; of the other input 0.
    first, second = torch.tensor([[1.0, -2.0], [0.0, 0.0]]), torch.tensor([[3.0], [-4.0]])
    assert c_node([first, second]).item() == 11 / 2
    assert CNodeLoss()([first, second]).item() == 11 / 2


def test_of_one_layer_c_node_is_l1():
    weight = weights().detach()
    assert c_node([weight]).item() == pytest.approx(l1(weight).item())


def test_scaling_a_unit_in_and_out_changes_no_path():
    first, second = weights().detach(), weights(3, 2).detach()
    scale = torch.tensor([0.01, 5.0, 100.0])
    scaled = c_node([first * scale, second / scale[:, None]])
    assert scaled.item() == pytest.approx(c_node([first, second]).item())


def test_unit_gates_give_a_mean_and_sums():
    gates = [torch.tensor([1.0, 0.5]), torch.tensor([1.0, 0.0, 0.5]), torch.tensor([0.25, 1.0])]
    assert path_reg(gates).item() == pytest.approx(0.75 * 1.5 * 1.25)
    assert PathRegLoss()(gates).item() == pytest.approx(0.75 * 1.5 * 1.25)


def test_gates_of_a_unit_are_those_of_all_weights_behind_it():
    units = [weights(4, 1).detach()[:, 0].abs(), weights(3, 1).detach()[:, 0].abs()]
    matrices = [units[0][:, None].expand(4, 3), units[1][:, None].expand(3, 5)]
    whole = path_reg(matrices).item()
    assert path_reg(units).item() == pytest.approx(whole)
    assert path_reg([units[0], matrices[1]]).item() == pytest.approx(whole)
    assert path_reg([matrices[0], units[1]]).item() == pytest.approx(whole)


def test_open_gates_count_the_paths():
    assert path_reg([torch.ones(4, 3), torch.ones(3, 2), torch.ones(2, 5)]).item() == 6


def test_gates_of_weights_cut_single_pairs_where_those_of_units_cut_inputs():
    first, second = torch.eye(2), torch.tensor([[1.0, 0.0], [0.0, 0.0]])
    assert path_reg([first, second]).item() == 1 / 4
    assert path_reg([torch.tensor([1.0, 0.0]), torch.ones(2)]).item() == 1.0


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([], "at least one layer"),
        ([(2, 3), (4, 2)], "layer 1 has 3 outputs and layer 2 has 4 inputs"),
        ([(2, 3), (4,)], "layer 1 has 3 outputs and layer 2 has 4 inputs"),
        ([(2, 3), (3, 2, 1)], r"layer 2 has to be \[I\] or \[I, O\]"),
        ([()], r"layer 1 has to be"),
    ],
)
def test_layers_that_do_not_fit_are_named(layers, message):
    with pytest.raises(ValueError, match=message):
        path_reg([torch.ones(shape) for shape in layers])


def test_weights_of_c_node_are_matrices():
    with pytest.raises(ValueError, match=r"layer 1 has to be \[I, O\]"):
        c_node([torch.ones(3)])
