"""SupCR in blocks of rows: gradients, threads, memory, and what is imported when."""

import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from tests.worker.losses.implementations import BOTH
from worker.losses import supcr_cpu
from worker.losses.supcr import supcr, supcr_of_views
from worker.losses.supcr_cpu import MergeKernel
from worker.losses.supcr_labels import label_columns
from worker.losses.supcr_rows import row_blocked
from worker.losses.supcr_torch import SortKernel

pytestmark = pytest.mark.slow  # numba compiles

SIMILARITIES = pytest.mark.parametrize("similarity", ["cosine", "neg_l2"])
KERNELS = pytest.mark.parametrize("kernel", [SortKernel, MergeKernel])


def batch(rows, dims=4, dtype=torch.float64, columns=2):
    generator = torch.Generator().manual_seed(rows)
    z = torch.randn(rows, dims, dtype=dtype, generator=generator).requires_grad_()
    labels = torch.randint(0, 2 * rows, (rows, columns), generator=generator).double()
    labels[torch.rand(rows, columns, generator=generator) < 0.1] = math.nan
    return z, labels


@BOTH
@pytest.mark.parametrize("ties", ["exact", "upstream"])
@SIMILARITIES
def test_gradients_are_those_of_finite_differences(similarity, ties, implementation):
    z, labels = batch(9)
    settings = {"similarity": similarity, "ties": ties, "implementation": implementation}
    assert torch.autograd.gradcheck(lambda x: supcr(x, labels, temperature=0.6, **settings), z)


@BOTH
@pytest.mark.parametrize("ties", ["exact", "upstream"])
@pytest.mark.parametrize("temperature", [1e-3, 0.5])
@SIMILARITIES
def test_views_are_summed_and_each_has_its_own_rows(similarity, temperature, ties, implementation):
    options = {"similarity": similarity, "ties": ties, "temperature": temperature}
    z, labels = batch(41)
    other = z.detach().flip(1).requires_grad_()
    some = torch.arange(41) % 3 > 0
    rest = labels.masked_fill(~some[:, None], math.nan)
    alone = supcr(z, rest, **options, implementation="torch")
    alone = alone + supcr(other, labels, **options, implementation="torch")
    views = [(z, some), (other, None)]
    both = supcr_of_views(views, labels, **options, implementation=implementation)
    torch.testing.assert_close(both, alone, rtol=1e-9, atol=1e-12)
    grads = [torch.autograd.grad(value, (z, other)) for value in (alone, both)]
    torch.testing.assert_close(*grads, rtol=1e-9, atol=1e-12)


def test_no_view_is_refused():
    with pytest.raises(ValueError, match="at least one view"):
        supcr_of_views([], torch.zeros(3, 1))


@pytest.mark.parametrize(
    "some",
    [torch.ones(1, dtype=torch.bool), torch.ones(9, 1, dtype=torch.bool), torch.ones(9)],
    ids=["another length", "another shape", "no booleans"],
)
def test_rows_of_a_view_have_to_be_told_one_by_one(some):
    z, labels = batch(9)
    with pytest.raises(ValueError, match="which rows take part"):
        supcr_of_views([(z, None), (z, some)], labels)


def test_a_row_that_is_left_out_of_a_view_is_not_read():
    z, labels = batch(9)
    hole = z.detach().clone()
    hole[4] = math.nan
    some = torch.arange(9) != 4
    value = supcr_of_views([(hole, some), (z, None)], labels)
    assert value.isfinite()


def test_wider_indices_change_nothing(monkeypatch):
    z, labels = batch(140, dtype=torch.float32)
    narrow = supcr(z, labels, implementation="numba")
    monkeypatch.setattr(supcr_cpu, "_SHORT", 0)
    assert supcr(z, labels, implementation="numba").item() == narrow.item()


@pytest.mark.parametrize("scale", [1e-22, 1.0, 1e22])
def test_float32_distances_keep_the_gradient_of_near_rows(scale):
    generator = torch.Generator().manual_seed(3)
    z = torch.randn(40, 6, generator=generator)
    z = torch.cat([z, z + 1e-3 * torch.randn(40, 6, generator=generator), z[:5]])
    z[-6] = z[0] + 3e-7  # as near as float32 has digits
    z = z * scale
    labels = torch.randn(85, 1, dtype=torch.float64, generator=generator)
    grads = []
    for dtype in (torch.float64, torch.float32):
        latent = z.to(dtype).requires_grad_()
        supcr(latent, labels, temperature=scale, similarity="neg_l2").backward()
        grads.append(latent.grad.double() * scale)
    torch.testing.assert_close(grads[1], grads[0], rtol=1e-4, atol=1e-7)


def test_a_second_derivative_is_refused():
    z, labels = batch(6)
    (grad,) = torch.autograd.grad(supcr(z, labels), z, create_graph=True)
    with pytest.raises(RuntimeError, match="no second derivative"):
        grad.sum().backward()


def test_without_grad_there_is_no_graph():
    z, labels = batch(6)
    with torch.no_grad():
        value = supcr(z, labels)
    assert not value.requires_grad
    assert value.item() == supcr(z, labels).item()


@KERNELS
@SIMILARITIES
def test_a_call_in_inference_mode_leaves_no_trace(kernel, similarity):
    z, labels = batch(21, dtype=torch.float32)
    columns = [label_columns(labels)]
    with ThreadPoolExecutor(1) as fresh:  # a new thread has no memory yet
        alone = fresh.submit(row_blocked_in_inference_mode, z, columns, kernel, similarity)
    value, after = alone.result()
    after.backward()
    assert value.item() == after.item()
    assert z.grad.isfinite().all()


def row_blocked_in_inference_mode(z, columns, kernel, similarity):
    with torch.inference_mode():
        value = row_blocked([z], similarity, 0.3, kernel(columns))
    return value, row_blocked([z], similarity, 0.3, kernel(columns))


@KERNELS
@SIMILARITIES
def test_blocks_change_rounding_alone(kernel, similarity):
    results = []
    for block_rows in (1, 7, 64):
        z, labels = batch(23)
        blocked = kernel([label_columns(labels)])
        blocked.block_rows = block_rows
        value = row_blocked([z], similarity, 0.3, blocked)
        value.backward()
        results.append((value.detach(), z.grad))
    for other in results[1:]:
        torch.testing.assert_close(other, results[0], rtol=1e-11, atol=1e-13)


@SIMILARITIES
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_compiled_and_plain_agree_on_a_larger_batch(similarity, dtype):
    z, labels = batch(530, 16, dtype)
    results = []
    for implementation in ("torch", "numba"):
        z.grad = None
        value = supcr(z, labels, similarity=similarity, implementation=implementation)
        value.backward()
        results.append((value.detach(), z.grad))
    rtol, atol = (1e-10, 1e-12) if dtype is torch.float64 else (1e-4, 1e-6)
    torch.testing.assert_close(results[0], results[1], rtol=rtol, atol=atol)


@SIMILARITIES
def test_threads_do_not_change_a_bit(similarity):
    results = []
    for threads in (1, 2, 3, 20):
        z, labels = batch(520, dtype=torch.float32)
        columns = label_columns(labels.nan_to_num())
        value = row_blocked([z], similarity, 0.1, MergeKernel([columns], threads=threads))
        value.backward()
        results.append((value.item(), z.grad))
    for value, grad in results[1:]:
        assert value == results[0][0]
        assert (grad == results[0][1]).all()


def test_calls_at_once_do_not_disturb_each_other():
    batches = [batch(520 + rows, dtype=torch.float32) for rows in range(4)]
    alone = [supcr(z, labels).item() for z, labels in batches]
    with ThreadPoolExecutor(4) as pool:
        at_once = pool.map(lambda one: supcr(*one).item(), batches * 3)
        assert [*at_once] == alone * 3


def test_threads_leave_the_number_of_threads_as_it_was():
    before = torch.get_num_threads()
    z, labels = batch(520, dtype=torch.float32)
    supcr(z, labels, implementation="numba").backward()
    assert torch.get_num_threads() == before
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(torch.get_num_threads).result() == before


def test_the_threads_are_those_of_pytorch():
    _, labels = batch(20)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        assert MergeKernel([label_columns(labels)]).threads == 1
    finally:
        torch.set_num_threads(before)
    assert MergeKernel([label_columns(labels)], threads=5).threads == 5


def test_two_runs_are_the_same_to_the_bit():
    runs = []
    for _ in range(2):
        z, labels = batch(700, dtype=torch.float32)
        value = supcr(z, labels)
        value.backward()
        runs.append((value.item(), z.grad))
    assert runs[0][0] == runs[1][0]
    assert (runs[0][1] == runs[1][1]).all()


def test_a_small_batch_needs_no_numba():
    code = (
        "import sys, torch\n"
        "from worker.losses.supcr import supcr\n"
        "supcr(torch.randn(64, 4), torch.randn(64, 2))\n"
        "assert not {'numba', 'triton'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.slow
def test_memory_of_a_large_batch():
    code = (
        "import torch\n"
        "from pathlib import Path\n"
        "from worker.losses.supcr import supcr\n"
        "def memory(line):\n"
        "    text = Path('/proc/self/status').read_text()\n"
        "    return int(text.split(line)[1].split()[0]) / 2**20\n"
        "supcr(torch.randn(300, 64, requires_grad=True), torch.randn(300, 2)).backward()\n"
        "z = torch.randn(16384, 64, requires_grad=True)\n"
        "before = memory('VmRSS:')\n"
        "supcr(z, torch.randn(16384, 2)).backward()\n"
        "print(memory('VmHWM:') - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    # GiB. One matrix of all pairs alone would take 1.
    assert 0 < float(done.stdout) < 0.5
