"""Batch mixing: hand values, the literal formula, laws, gradients, and what it mends."""

import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.worker.losses.implementations import BOTH
from tests.worker.losses.test_families import Unread
from worker.losses import batch_mixing_cpu
from worker.losses.batch_mixing import BatchMixingLoss, batch_mixing
from worker.losses.batch_mixing_cpu import NeighborKernel
from worker.losses.batch_mixing_rows import TorchKernel, cells

pytestmark = pytest.mark.slow  # numba compiles


def cloud(rows=40, dims=3, batches=3, clusters=1, dtype=torch.float64):
    """Cells of a few types, in batches of unequal size."""
    generator = torch.Generator().manual_seed(rows + dims)
    center = 5 * torch.randn(clusters, dims, generator=generator, dtype=torch.float64)
    z = torch.randn(rows, dims, generator=generator, dtype=torch.float64)
    z = (z + center[torch.arange(rows) % clusters]).to(dtype).requires_grad_()
    return z, torch.randint(0, batches + 1, (rows,), generator=generator).clamp(max=batches - 1)


def literal(z, batch, batches, neighbors, temperature):
    """The formula, one cell and one other at a time."""
    total = 0.0
    for i in range(len(z)):
        distance = [(z[i] - z[j]).square().sum() for j in range(len(z)) if j != i]
        others = [int(b) for j, b in enumerate(batch) if j != i]
        edge = sorted(distance, key=lambda d: d.item())[neighbors - 1]
        weight = [torch.sigmoid((1 - d / edge) / temperature) for d in distance]
        for b in range(batches):
            inside = [w for w, other in zip(weight, others, strict=True) if other == b]
            if inside:
                share = sum(inside) / sum(weight)
                total = total - share * share.log()
    shares = [(batch == b).double().mean() for b in range(batches)]
    return -(total / len(z)) / -sum(q * q.log() for q in shares if q > 0)


@BOTH
@pytest.mark.parametrize("neighbors", [1, 4, 11])
@pytest.mark.parametrize("temperature", [0.03, 0.7])
def test_it_is_the_formula(neighbors, temperature, implementation):
    z, batch = cloud(12)
    options = {"n_neighbors": neighbors, "temperature": temperature}
    value = batch_mixing(z, batch, n_batches=3, implementation=implementation, **options)
    expected = literal(z, batch, 3, neighbors, temperature)
    assert value.item() == pytest.approx(expected.item(), rel=1e-12)
    found = torch.autograd.grad(value, z)
    torch.testing.assert_close(found, torch.autograd.grad(expected, z), rtol=1e-9, atol=1e-13)


@BOTH
def test_on_a_line_the_neighbours_are_counted_by_hand(implementation):
    z = torch.tensor([[0.0], [1.0], [3.0], [7.0], [12.0], [18.0]])
    batch = torch.tensor([0, 1, 0, 0, 1, 1])
    # Two nearest: (1 0), (0 0), (1 0), (0 1), (0 1), (1 0): all but the second see both batches.
    value = batch_mixing(
        z, batch, n_batches=2, n_neighbors=2, temperature=1e-3, implementation=implementation
    )
    # The edge itself is where the sigmoid is 1/2: shares are 2/3 and 1/3.
    entropy = -(2 / 3) * math.log(2 / 3) - (1 / 3) * math.log(1 / 3)
    assert value.item() == pytest.approx(-(5 / 6) * entropy / math.log(2), rel=1e-6)


@BOTH
@pytest.mark.parametrize(("rows", "clusters", "dims"), [(300, 1, 2), (600, 12, 4), (530, 1, 40)])
def test_float32_is_float64_rounded(rows, clusters, dims, implementation):
    z, batch = cloud(rows, dims, clusters=clusters)
    exact = batch_mixing(z, batch, n_batches=3, implementation="torch")
    (reference,) = torch.autograd.grad(exact, z)
    for dtype, rel in ((torch.float64, 1e-11), (torch.float32, 2e-5)):
        x = z.detach().to(dtype).requires_grad_()
        value = batch_mixing(x, batch, n_batches=3, implementation=implementation)
        value.backward()
        assert value.dtype == x.grad.dtype == dtype
        assert value.item() == pytest.approx(exact.item(), rel=rel)
        largest = reference.abs().max().item()
        torch.testing.assert_close(x.grad.double(), reference, rtol=rel, atol=rel * largest)


@pytest.mark.parametrize("dense", [1, 10**9])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_weighing_all_or_only_the_near_is_the_same(dense, dtype, monkeypatch):
    z, batch = cloud(500, 6, clusters=4, dtype=dtype)
    exact = batch_mixing(z, batch, n_batches=3, implementation="torch")
    monkeypatch.setattr(batch_mixing_cpu, "_DENSE", dense)
    value = batch_mixing(z, batch, n_batches=3, implementation="numba")
    rel = 1e-11 if dtype is torch.float64 else 2e-5
    assert value.item() == pytest.approx(exact.item(), rel=rel)
    found, reference = (torch.autograd.grad(v, z)[0] for v in (value, exact))
    atol = rel * reference.abs().max().item()
    torch.testing.assert_close(found, reference, rtol=rel, atol=atol)


@BOTH
@pytest.mark.parametrize("neighbors", [1, 3, 20])
def test_gradients_are_those_of_differences(neighbors, implementation):
    z, batch = cloud(12)
    batch[5] = -1

    def loss(x):
        return batch_mixing(
            x, batch, n_batches=3, n_neighbors=neighbors, temperature=0.5,
            implementation=implementation,
        )  # fmt: skip

    assert torch.autograd.gradcheck(loss, z)


def test_the_gradient_of_diffbios_form_is_that_of_differences():
    z, batch = cloud(7, 2)
    settings = {"n_batches": 3, "n_neighbors": 2, "temperature": 1.0, "compat": "diffbio"}
    # The sentinel of 1e10 takes ten digits from differences.
    assert torch.autograd.gradcheck(lambda x: batch_mixing(x, batch, **settings), z, rtol=0.01)


@BOTH
def test_a_second_derivative_is_refused(implementation):
    z, batch = cloud(8)
    value = batch_mixing(z, batch, n_batches=3, implementation=implementation)
    (first,) = torch.autograd.grad(value, z, create_graph=True)
    with pytest.raises(RuntimeError, match="no second"):
        first.sum().backward()


@BOTH
@pytest.mark.parametrize("scale", [1e-12, 0.01, 1.0, 100.0, 1e12])
def test_scaling_changes_nothing_and_no_gradient_points_along_it(scale, implementation):
    z, batch = cloud(60)
    x = (scale * z.detach()).requires_grad_()
    value = batch_mixing(x, batch, n_batches=3, implementation=implementation)
    value.backward()
    plain = batch_mixing(z, batch, n_batches=3, implementation=implementation)
    assert value.item() == pytest.approx(plain.item(), rel=1e-11)
    assert (x.grad * x).sum().item() == pytest.approx(0, abs=1e-12)


@BOTH
@pytest.mark.parametrize("power", [-70, 83])
def test_float32_holds_any_scale(power, implementation):
    z, batch = cloud(60)
    grads = []
    for scale in (1.0, 2.0**power):
        x = (z.detach().float() * scale).requires_grad_()
        batch_mixing(x, batch, n_batches=3, implementation=implementation).backward()
        grads.append(x.grad.double() * scale)
    assert (grads[0] != 0).any()
    torch.testing.assert_close(grads[1], grads[0], rtol=1e-6, atol=0)


@pytest.mark.parametrize("scale", [1.0, 0.01])
def test_diffbios_form_takes_shrinking_for_mixing(scale):
    z, _ = cloud(60, batches=2)
    batch = torch.arange(60) % 2
    apart = scale * (z + 10.0 * batch[:, None])
    settings = {"n_batches": 2, "temperature": 1.0}
    assert batch_mixing(apart, batch, **settings, compat="diffbio").item() == pytest.approx(
        {1.0: 0.0, 0.01: -1.0}[scale], abs=0.01
    )
    assert batch_mixing(apart, batch, n_batches=2).item() == pytest.approx(0.0, abs=1e-6)


def test_the_number_of_neighbours_matters_here_and_hardly_in_diffbio():
    z, batch = cloud(40, 4, clusters=8)
    few, many = (batch_mixing(z, batch, n_batches=3, n_neighbors=k).item() for k in (2, 20))
    assert few - many > 0.2
    settings = {"n_batches": 3, "temperature": 1.0, "compat": "diffbio"}
    few, many = (batch_mixing(z, batch, n_neighbors=k, **settings).item() for k in (2, 20))
    assert few == pytest.approx(many, abs=0.01)


@BOTH
def test_moving_turning_and_renaming_change_nothing(implementation):
    z, batch = cloud(60)
    options = {"n_batches": 3, "implementation": implementation}
    plain = batch_mixing(z, batch, **options).item()
    turn = torch.linalg.qr(torch.randn(3, 3, dtype=z.dtype)).Q
    order = torch.randperm(60)
    assert batch_mixing(z + 7.0, batch, **options).item() == pytest.approx(plain, rel=1e-10)
    assert batch_mixing(z @ turn, batch, **options).item() == pytest.approx(plain, rel=1e-10)
    assert batch_mixing(z, (batch + 1) % 3, **options).item() == pytest.approx(plain, rel=1e-10)
    shuffled = batch_mixing(z[order], batch[order], **options).item()
    assert shuffled == pytest.approx(plain, rel=1e-10)
    assert batch_mixing(z, batch, n_batches=9).item() == pytest.approx(plain, rel=1e-10)


@pytest.mark.parametrize("rare", [0.5, 0.1])
def test_random_mixing_is_nearly_minus_one_whatever_the_shares(rare):
    generator = torch.Generator().manual_seed(2)
    z = torch.randn(3000, 2, generator=generator)
    batch = (torch.rand(3000, generator=generator) < rare).long()
    value = batch_mixing(z, batch, n_batches=2, n_neighbors=40).item()
    entropy = -rare * math.log(rare) - (1 - rare) * math.log(1 - rare)
    assert value == pytest.approx(-1 + 1 / (2 * 40 * entropy), abs=0.02)


def test_descent_mixes_two_batches_and_does_not_shrink_them():
    generator = torch.Generator().manual_seed(0)
    batch = torch.arange(200) % 2
    z = torch.randn(200, 2, generator=generator) + 2.0 * batch[:, None] * torch.tensor([1.0, 0])
    offset = torch.zeros(2, requires_grad=True)
    optimizer = torch.optim.Adam([offset], lr=0.05)
    for _ in range(100):
        optimizer.zero_grad()
        moved = z + batch[:, None] * offset
        batch_mixing(moved, batch, n_batches=2, n_neighbors=30, temperature=0.2).backward()
        optimizer.step()
    assert offset[0].item() == pytest.approx(-2.0, abs=0.5)


def test_neither_threads_nor_repetition_change_a_bit():
    z, batch = cloud(1100, 5, clusters=3, dtype=torch.float32)
    prepared = cells(z.detach(), batch, 3)
    results = [
        NeighborKernel(15, 0.05, threads=threads)(prepared, gradient=True) for threads in (1, 2, 3)
    ]
    for total, grad in results[1:]:
        assert total == results[0][0]
        assert torch.equal(grad, results[0][1])


def test_the_number_of_torchs_threads_is_left_as_it_was():
    before = torch.get_num_threads()
    z, batch = cloud(1100)
    batch_mixing(z, batch, n_batches=3, implementation="numba")
    assert torch.get_num_threads() == before


def test_without_a_gradient_none_is_computed():
    z, batch = cloud(600)
    for implementation in ("torch", "numba"):
        with torch.no_grad():
            bare = batch_mixing(z, batch, n_batches=3, implementation=implementation)
        full = batch_mixing(z, batch, n_batches=3, implementation=implementation)
        assert not bare.requires_grad
        assert bare.item() == full.item()


def test_blocks_of_any_size_give_the_same(monkeypatch):
    z, batch = cloud(50)
    batch[7] = -1
    whole = batch_mixing(z, batch, n_batches=3, implementation="torch")
    monkeypatch.setattr("worker.losses.batch_mixing_rows._BLOCK", {"cpu": 150})
    blocks = batch_mixing(z, batch, n_batches=3, implementation="torch")
    assert blocks.item() == pytest.approx(whole.item(), rel=1e-14)
    found = [torch.autograd.grad(v, z)[0] for v in (blocks, whole)]
    torch.testing.assert_close(*found, rtol=1e-12, atol=1e-16)


def test_the_path_of_a_gpu_never_makes_the_host_wait():
    z, batch = cloud(30)
    batch[3] = -1
    with Unread():
        prepared = cells(z.detach(), batch, 3)
        TorchKernel(15, 0.05)(prepared, gradient=True)


@pytest.mark.gpu
def test_a_gpu_agrees():
    z, batch = cloud(600, 5, dtype=torch.float32)
    batch[::7] = -1
    on_gpu = z.detach().cuda().requires_grad_()
    value = batch_mixing(on_gpu, batch.cuda(), n_batches=3)
    expected = batch_mixing(z, batch, n_batches=3)
    value.backward()
    expected.backward()
    assert value.is_cuda
    assert value.item() == pytest.approx(expected.item(), rel=2e-5)
    torch.testing.assert_close(on_gpu.grad.cpu(), z.grad, rtol=1e-4, atol=1e-7)


MEMORY = """
import sys
from pathlib import Path
import torch
from worker.losses.batch_mixing import batch_mixing
z = torch.randn(int(sys.argv[1]), 8, generator=torch.Generator().manual_seed(0)).requires_grad_()
batch = torch.arange(len(z)) % 3
batch_mixing(z[:600], batch[:600], n_batches=3).backward()
def kibibytes(line):
    return int(Path("/proc/self/status").read_text().split(f"{line}:")[1].split()[0])
Path("/proc/self/clear_refs").write_text("5")
before = kibibytes("VmRSS")
batch_mixing(z, batch, n_batches=3).backward()
print((kibibytes("VmHWM") - before) / 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc: memory is NOT TESTED")
def test_twenty_thousand_cells_need_no_square_matrix():
    command = [sys.executable, "-c", MEMORY, "20000"]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[3]
    )
    assert float(done.stdout) < 200  # MiB; one matrix of all pairs has 1,526 in float32


def test_numba_is_imported_for_large_batches_alone():
    script = (
        "import sys, torch\n"
        "from worker.losses.batch_mixing import batch_mixing\n"
        "batch_mixing(torch.randn(200, 3), torch.arange(200) % 2, n_batches=2)\n"
        "assert 'numba' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(__file__).parents[3])


def test_the_module_is_the_function():
    z, batch = cloud(20)
    settings = {"n_batches": 3, "n_neighbors": 4, "temperature": 0.2}
    for compat in (None, "diffbio"):
        loss = BatchMixingLoss(compat=compat, **settings)
        assert loss(z, batch).item() == batch_mixing(z, batch, compat=compat, **settings).item()
