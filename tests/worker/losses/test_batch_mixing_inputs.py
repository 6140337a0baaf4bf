"""What batch mixing answers to input that is empty, degenerate or wrong."""

import math

import pytest
import torch

from tests.worker.losses.implementations import BOTH
from worker.losses.batch_mixing import batch_mixing
from worker.losses.batch_mixing_rows import TorchKernel, cells

pytestmark = pytest.mark.slow  # numba compiles


def latents(rows, dims=3, dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(rows, dims, generator=generator, dtype=dtype).requires_grad_()


@BOTH
@pytest.mark.parametrize(
    ("batch", "n_batches"),
    [
        ([], 2),
        ([0], 2),
        ([-1, -1, -1], 2),
        ([-1, 1, -1], 2),
        ([1, 1, 1, 1], 2),
        ([0, 0, 0, 0], 1),
        ([0, 0, -1, 0], 3),
    ],
    ids=["no cells", "one cell", "none has one", "one has one", "all equal", "K = 1", "one left"],
)
def test_where_nothing_can_be_mixed_it_is_zero_with_a_graph(batch, n_batches, implementation):
    z = latents(len(batch))
    codes = torch.tensor(batch, dtype=torch.int64)
    value = batch_mixing(z, codes, n_batches=n_batches, implementation=implementation)
    value.backward()
    assert value.item() == 0
    assert (z.grad == 0).all()


@BOTH
def test_a_cell_without_a_batch_is_not_there(implementation):
    z = latents(30, dtype=torch.float64)
    batch = torch.arange(30) % 3
    batch[4] = batch[20] = -1
    hole = z.detach().clone()
    hole[4] = math.nan
    hole[20] = math.inf
    hole.requires_grad_()
    value = batch_mixing(hole, batch, n_batches=3, n_neighbors=5, implementation=implementation)
    value.backward()
    keep = batch >= 0
    alone = batch_mixing(z[keep], batch[keep], n_batches=3, n_neighbors=5)
    assert value.item() == pytest.approx(alone.item(), rel=1e-12)
    alone.backward()
    torch.testing.assert_close(hole.grad, z.grad, rtol=1e-9, atol=1e-14)
    assert (hole.grad[~keep] == 0).all()


def test_cells_without_a_batch_are_left_out_on_a_gpu_without_counting_them():
    z = latents(30, dtype=torch.float64).detach()
    batch = torch.arange(30) % 3
    batch[4] = batch[20] = -1
    keep = batch >= 0
    for neighbors in (5, 29, 100):
        kernel = TorchKernel(neighbors, 0.3)
        blanked, grad = kernel(cells(z, batch, 3), gradient=True)
        removed, alone = kernel(cells(z[keep], batch[keep], 3), gradient=True)
        torch.testing.assert_close(blanked, removed, rtol=1e-12, atol=0)
        torch.testing.assert_close(grad[keep], alone, rtol=1e-9, atol=1e-13)
        assert (grad[~keep] == 0).all()


@BOTH
def test_with_too_few_others_all_are_neighbours(implementation):
    z, batch = latents(6, dtype=torch.float64), torch.tensor([0, 1, 0, 1, 0, 1])
    options = {"n_batches": 2, "implementation": implementation}
    most = batch_mixing(z, batch, n_neighbors=5, **options).item()
    assert batch_mixing(z, batch, n_neighbors=50, **options).item() == most


@BOTH
def test_cells_at_one_place_count_alike_and_stay(implementation):
    z = torch.full((9, 3), 1.7, requires_grad=True)
    value = batch_mixing(z, torch.arange(9) % 3, n_batches=3, implementation=implementation)
    value.backward()
    # Of eight others two are of one's own batch, and three of each other one.
    entropy = -sum(p * math.log(p) for p in (2 / 8, 3 / 8, 3 / 8))
    assert value.item() == pytest.approx(-entropy / math.log(3), rel=1e-6)
    assert (z.grad == 0).all()


@BOTH
def test_copies_of_few_cells_have_a_finite_gradient(implementation):
    z = latents(4).detach().repeat(6, 1).requires_grad_()
    batch = torch.arange(24) % 2
    value = batch_mixing(z, batch, n_batches=2, n_neighbors=3, implementation=implementation)
    value.backward()
    assert math.isfinite(value.item())
    assert torch.isfinite(z.grad).all()


@pytest.mark.parametrize("gap", [1e3, 1e6])
def test_neighbours_are_told_apart_far_from_the_mean(gap):
    """Squared distances of 1 between squared lengths of 1e12 are measured, not subtracted."""
    z = latents(300, dtype=torch.float64).detach()
    batch = torch.arange(300) % 3
    both = torch.cat([z, z + gap])
    value = batch_mixing(both, batch.repeat(2), n_batches=3, implementation="numba")
    alone = batch_mixing(z, batch, n_batches=3, implementation="numba")
    assert value.item() == pytest.approx(alone.item(), rel=1e-6)


@BOTH
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_latents_that_are_not_finite_make_it_so(bad, implementation):
    z = latents(20).detach()
    z[3, 1] = bad
    z.requires_grad_()
    value = batch_mixing(z, torch.arange(20) % 2, n_batches=2, implementation=implementation)
    assert math.isnan(value.item())


@BOTH
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_latents_are_worked_on_in_float32(dtype, implementation):
    z = (300 * latents(30)).detach().to(dtype).requires_grad_()  # 300^2 is beyond float16
    batch = torch.arange(30) % 3
    value = batch_mixing(z, batch, n_batches=3, implementation=implementation)
    value.backward()
    assert value.dtype is z.grad.dtype is dtype
    assert value.item() == pytest.approx(batch_mixing(z.float(), batch, n_batches=3).item(), 1e-2)
    assert torch.isfinite(z.grad).all()


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int32, torch.int64])
def test_codes_of_any_integer_type_are_codes(dtype):
    z, batch = latents(12), torch.arange(12) % 3
    expected = batch_mixing(z, batch, n_batches=3).item()
    assert batch_mixing(z, batch.to(dtype), n_batches=3).item() == expected


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bool, torch.complex64])
def test_codes_that_are_no_integers_are_refused(dtype):
    with pytest.raises(ValueError, match="integer codes"):
        batch_mixing(latents(4), torch.ones(4, dtype=dtype), n_batches=2)


def test_a_batch_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="batch 3 is none of the 3"):
        batch_mixing(latents(4), torch.tensor([0, 1, 2, 3]), n_batches=3)


def test_on_a_gpu_a_batch_that_is_not_there_makes_the_loss_nan():
    z = latents(4).detach()
    prepared = cells(z, torch.tensor([0, 1, 2, 3]), 3)
    total, _ = TorchKernel(2, 0.1)(prepared, gradient=False)
    assert math.isnan(total.item())


@pytest.mark.parametrize(
    ("z", "batch"), [((4,), (4,)), ((4, 2), (3,)), ((4, 2), (4, 1)), ((2, 2, 2), (2,))]
)
def test_shapes_that_do_not_match_are_refused(z, batch):
    with pytest.raises(ValueError, match=r"\[N, D\]"):
        batch_mixing(torch.zeros(z), torch.zeros(batch, dtype=torch.int64), n_batches=2)


def test_latents_without_dimensions_are_refused():
    with pytest.raises(ValueError, match="at least one dimension"):
        batch_mixing(torch.zeros(4, 0), torch.zeros(4, dtype=torch.int64), n_batches=2)


def test_integer_latents_are_refused():
    codes = torch.zeros(4, dtype=torch.int64)
    with pytest.raises(ValueError, match="floating point"):
        batch_mixing(torch.zeros(4, 2, dtype=torch.int64), codes, n_batches=2)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"n_neighbors": 0}, "n_neighbors"),
        ({"n_neighbors": -1}, "n_neighbors"),
        ({"n_neighbors": 1.5}, "n_neighbors"),
        ({"n_batches": 0}, "n_batches"),
        ({"temperature": 0.0}, "temperature"),
        ({"temperature": -1.0}, "temperature"),
        ({"temperature": math.nan}, "temperature"),
        ({"temperature": math.inf}, "temperature"),
        ({"compat": "scib"}, "compat"),
        ({"implementation": "jax"}, "implementation"),
    ],
)
def test_settings_out_of_range_are_refused_by_name(settings, name):
    with pytest.raises(ValueError, match=name):
        batch_mixing(latents(4), torch.tensor([0, 1, 0, 1]), **{"n_batches": 2, **settings})
