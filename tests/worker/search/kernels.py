"""The kernels that can be had here, as parameters of tests."""

import pytest

from worker.search.kernel import kernel_names

COMPILED = [name for name in kernel_names() if name.startswith("c-")]
# `test_kernel_triton.py` runs these tests in Triton's interpreter; a GPU compiles for minutes.
IS_GPU = kernel_names()[0] == "triton"
ON_GPU = [pytest.mark.gpu, pytest.mark.timeout(3600)] if IS_GPU else []
TRITON = [pytest.param("triton", marks=ON_GPU)] if "triton" in kernel_names() else []
NUMBA = pytest.param("numba", marks=[pytest.mark.slow, pytest.mark.timeout(900)])
KERNELS = [*COMPILED, *TRITON, NUMBA]
# All compiled ones at once: what they are compared with takes longer than they do.
TOGETHER = [
    pytest.param(COMPILED, id="compiled"),
    *(pytest.param(["triton"], id="triton", marks=kernel.marks) for kernel in TRITON),
    pytest.param(["numba"], id="numba", marks=NUMBA.marks),
]
