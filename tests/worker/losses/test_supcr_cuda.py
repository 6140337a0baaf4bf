"""The Triton kernel: its logic by Triton's interpreter, and on the GPU where there is one."""

import os
import subprocess
import sys

import pytest
import torch

from worker.losses.supcr import supcr

NEEDS_TRITON = pytest.mark.skipif(
    sys.platform != "linux", reason="Triton runs on Linux alone: its SupCR kernel is NOT TESTED"
)

# Values and gradients of small batches against the PyTorch path: ties, missing labels, a low
# temperature, and rows longer than what a program works on at once.
INTERPRETED = """
import itertools, math
import torch
from worker.losses import supcr_cuda
from worker.losses.supcr import supcr

supcr_cuda._CHUNK = 4
z = torch.randn(6, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
labels = torch.tensor([[0, 3], [0, 1], [1, math.nan], [math.nan, 2], [4, 1], [2, 2.5]])
for similarity, ties in itertools.product(("cosine", "neg_l2"), ("exact", "upstream")):
    results = []
    for implementation in ("torch", "triton"):
        latent = z.clone().requires_grad_()
        value = supcr(
            latent, labels, temperature=0.01, similarity=similarity, ties=ties,
            implementation=implementation,
        )
        value.backward()
        results.append((value.detach(), latent.grad))
    torch.testing.assert_close(results[1], results[0], rtol=1e-9, atol=1e-11)
"""

COMPILED = """
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from worker.losses import supcr_scan

types = {name: "*fp32" for name in ("values", "logits", "sides", "out", "grad")}
types |= {name: "*i32" for name in ("order", "place", "count")}
types |= {name: "*fp64" for name in ("label", "scale", "loss")}
types |= {name: "i32" for name in ("start", "rows", "N", "y")}
for kernel, constants in (
    (supcr_scan.scan_sides, {"OUTWARDS": True, "GATHERED": False, "BLOCK": 256}),
    (supcr_scan.log_denominators, {"UPSTREAM": True, "BLOCK": 256, "STEPS": 12}),
    (supcr_scan.slopes, {"BLOCK": 256, "STEPS": 12}),
):
    names = kernel.arg_names
    signature = {name: types.get(name, "constexpr") for name in names}
    places = {(names.index(name),): value for name, value in constants.items()}
    source = ASTSource(kernel, signature, constexprs=places)
    assert triton.compile(source, target=GPUTarget("cuda", 90, 32)).asm["cubin"]
"""


def run(code, **environment):
    # Triton decides when it is imported whether to interpret: not in a process that has it.
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | environment)


@NEEDS_TRITON
@pytest.mark.slow
def test_interpreted_it_equals_the_pytorch_path():
    run(INTERPRETED, TRITON_INTERPRET="1")


@NEEDS_TRITON
@pytest.mark.slow
def test_it_compiles_for_a_gpu_that_is_not_here(tmp_path):
    run(COMPILED, TRITON_CACHE_DIR=str(tmp_path))


@NEEDS_TRITON
def test_the_cpu_is_refused():
    with pytest.raises(ValueError, match="runs on a GPU, not on cpu"):
        supcr(torch.zeros(3, 2), torch.zeros(3, 1), implementation="triton")


@pytest.mark.gpu
@pytest.mark.parametrize("similarity", ["cosine", "neg_l2"])
def test_a_gpu_takes_triton_and_equals_the_cpu(similarity):
    generator = torch.Generator().manual_seed(2)
    z = torch.randn(3000, 32, generator=generator)
    labels = torch.randn(3000, 2, generator=generator)
    results = []
    for device in ("cpu", "cuda"):
        latent = z.clone().to(device).requires_grad_()
        value = supcr(latent, labels.to(device), similarity=similarity)
        value.backward()
        results.append((value.detach().cpu(), latent.grad.cpu()))
    assert "worker.losses.supcr_cuda" in sys.modules
    torch.testing.assert_close(results[1], results[0], rtol=1e-3, atol=1e-6)
