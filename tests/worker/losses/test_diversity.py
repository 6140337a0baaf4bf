"""Diversity losses: hand values, laws, what they mend, and bad input."""

import math

import pytest
import torch

from tests.worker.losses.test_families import Unread
from worker.losses.diversity import (
    ShannonDiversityLoss,
    SimpsonDiversityLoss,
    shannon_diversity,
    simpson_diversity,
)

each = pytest.mark.parametrize("loss", [shannon_diversity, simpson_diversity])


def assignments(rows=7, clusters=5, dtype=torch.float64):
    generator = torch.Generator().manual_seed(rows)
    logits = torch.randn(rows, clusters, generator=generator, dtype=torch.float64)
    return logits.softmax(dim=1).to(dtype).requires_grad_()


def one_hot(*clusters, of=4):
    return torch.nn.functional.one_hot(torch.tensor(clusters), of).double().requires_grad_()


def test_the_mean_assignment_by_hand():
    # Mean assignment (1/2, 1/4, 1/4).
    cells = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]])
    entropy = 0.5 * math.log(2) + 0.5 * math.log(4)
    assert shannon_diversity(cells).item() == pytest.approx(1 - entropy / math.log(3), rel=1e-6)
    chance = 0.25 + 2 / 16
    assert simpson_diversity(cells).item() == pytest.approx((3 * chance - 1) / 2, rel=1e-6)


@each
def test_balanced_is_zero_and_a_single_cluster_one(loss):
    assert loss(one_hot(0, 1, 2, 3)).item() == pytest.approx(0, abs=1e-12)
    assert loss(one_hot(2, 2, 2, 2)).item() == pytest.approx(1, abs=1e-12)
    assert 0 < loss(one_hot(0, 0, 1, 2)).item() < 1


@pytest.mark.parametrize(("loss", "value"), [(shannon_diversity, 0.0), (simpson_diversity, 1.0)])
def test_diffbios_form_cannot_tell_them_apart(loss, value):
    for cells in (one_hot(0, 1, 2, 3), one_hot(2, 2, 2, 2)):
        assert loss(cells, compat="diffbio").item() == pytest.approx(value, abs=1e-12)


@each
def test_descent_balances_the_clusters(loss):
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(60, 4, generator=generator) + torch.tensor([3.0, 0, 0, 0])
    logits.requires_grad_()
    optimizer = torch.optim.Adam([logits], lr=0.1)
    for _ in range(200):
        optimizer.zero_grad()
        loss(logits.softmax(dim=1)).backward()
        optimizer.step()
    shares = logits.softmax(dim=1).mean(dim=0)
    torch.testing.assert_close(shares.detach(), torch.full((4,), 0.25), rtol=0, atol=0.01)


@each
def test_gradients_are_those_of_differences(loss):
    assert torch.autograd.gradcheck(loss, assignments())
    assert torch.autograd.gradcheck(lambda x: loss(x, compat="diffbio"), assignments())


@each
def test_order_and_scale_change_nothing(loss):
    x = assignments()
    plain = loss(x).item()
    for other in (x.flip(0), x.flip(1), 7.0 * x, torch.cat([x, x])):
        assert loss(other).item() == pytest.approx(plain, rel=1e-10)


@each
def test_a_row_counts_as_much_as_it_sums_to(loss):
    x = assignments()
    twice = torch.cat([x, x[2:3]])
    weighted = x * torch.tensor([1.0, 1, 2, 1, 1, 1, 1], dtype=x.dtype)[:, None]
    assert loss(weighted).item() == pytest.approx(loss(twice).item(), rel=1e-10)


@each
def test_an_empty_cluster_has_a_finite_gradient(loss):
    x = one_hot(0, 1, 0, 1)
    loss(x).backward()
    assert torch.isfinite(x.grad).all()
    assert (x.grad[:, 2] < x.grad[:, 0]).all()  # to be filled


@each
@pytest.mark.parametrize("rows", [0, 3])
def test_without_assignments_it_is_zero_with_a_graph(loss, rows):
    x = torch.zeros(rows, 4, requires_grad=True)
    value = loss(x)
    value.backward()
    assert value.item() == 0
    assert (x.grad == 0).all()


@each
def test_one_cluster_is_zero_with_a_graph(loss):
    x = torch.ones(3, 1, requires_grad=True)
    value = loss(x)
    value.backward()
    assert value.item() == 0
    assert (x.grad == 0).all()


@each
def test_one_cell_is_its_own_mean(loss):
    x = torch.tensor([[0.5, 0.5, 0.0, 0.0]])
    expected = {shannon_diversity: 0.5, simpson_diversity: 1 / 3}[loss]
    assert loss(x).item() == pytest.approx(expected, rel=1e-6)


@each
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_the_dtype_is_kept_and_the_value_that_of_float64(loss, dtype):
    x = assignments(dtype=dtype)
    value = loss(x)
    value.backward()
    assert value.dtype is x.grad.dtype is dtype
    exact = loss(x.detach().double()).item()
    rel = 2e-5 if dtype is torch.float32 else 2**-7
    assert value.item() == pytest.approx(exact, rel=rel, abs=1e-6)


@each
def test_many_cells_in_half_precision_do_not_overflow(loss):
    x = torch.full((70000, 2), 0.5, dtype=torch.float16)  # sums to 70,000, beyond float16
    assert loss(x).item() == pytest.approx(0, abs=1e-3)


@each
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_not_finite_is_not_hidden(loss, bad):
    x = assignments().detach()
    x[0, 0] = bad
    assert not math.isfinite(loss(x).item())


@each
def test_no_value_is_looked_at(loss):
    x = assignments()
    with Unread():
        loss(x).backward()
        loss(x, compat="diffbio").backward()


@each
@pytest.mark.parametrize("shape", [(4,), (4, 0), (2, 2, 2)])
def test_other_shapes_are_refused(loss, shape):
    with pytest.raises(ValueError, match=r"\[N, K\]"):
        loss(torch.zeros(shape))


@each
def test_integer_assignments_are_refused(loss):
    with pytest.raises(ValueError, match="floating point"):
        loss(torch.ones(4, 2, dtype=torch.int64))


@each
def test_another_compat_is_refused_by_name(loss):
    with pytest.raises(ValueError, match="compat"):
        loss(assignments(), compat="vegan")


@pytest.mark.parametrize(
    ("module", "loss"),
    [(ShannonDiversityLoss, shannon_diversity), (SimpsonDiversityLoss, simpson_diversity)],
)
def test_the_module_is_the_function(module, loss):
    x = assignments()
    for compat in (None, "diffbio"):
        assert module(compat=compat)(x).item() == loss(x, compat=compat).item()
