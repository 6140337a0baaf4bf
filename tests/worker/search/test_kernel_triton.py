"""The kernel of a GPU: interpreted on the CPU, compiled for a GPU, and on one if it is here."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.worker.search.networks import random_case
from tests.worker.search.test_kernel import RAISE, plain_tables
from worker.search.kernel import Screener, kernel_names
from worker.search.kernel_objective import RankTerm, ScreenObjective

FOLDER = Path(__file__).parent
NEEDS_TRITON = pytest.mark.skipif(
    sys.platform != "linux", reason="Triton runs on Linux alone: its search kernel is NOT TESTED"
)
NEEDS_GPU = pytest.mark.skipif(
    "triton" not in kernel_names()[:1],
    reason="no GPU that Triton can use: the search kernel is NOT TESTED ON A GPU",
)
UNASKED = """
import sys
import numpy as np
from worker.search.kernel import Screener
from worker.search.kernel_objective import RankTerm, ScreenObjective
from worker.search.tables import ScreenLabel, ScreenTables

label = ScreenLabel("y", 1.0, 0.0, is_log=False)
singles = np.zeros((1, 1, 900))
tables = ScreenTables(3, (label,), np.zeros((1, 1)), singles, {}, {}, None, None)
rank = ScreenObjective((RankTerm(0),))
assert Screener(tables, rank, keep=1).kernel.startswith(("c-", "numba"))
assert "triton" not in sys.modules
try:
    Screener(tables, rank, keep=1, kernel="triton")
except ValueError as error:
    assert "no kernel triton here: take one of" in str(error)
else:
    raise AssertionError
"""


def run(*arguments, **environment):
    """Triton decides when it is imported whether to interpret: not in a process that has it."""
    done = subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def run_cases(*files, **environment):
    """Run test files in a process of their own; some test has to have run."""
    options = ("-q", "-p", "no:cacheprovider", "--timeout", "3600", "-k", "triton")
    said = run("-m", "pytest", *options, *(str(FOLDER / name) for name in files), **environment)
    assert " passed" in said
    assert "skipped" not in said


@NEEDS_TRITON
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_interpreted_it_equals_every_design_and_the_compiled_kernel():
    run_cases("triton_cases.py", TRITON_INTERPRET="1")


@NEEDS_TRITON
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_interpreted_it_does_what_every_kernel_does():
    options = ["-p tests.worker.search.interpreted"]
    options += [f"-W 'ignore:{what}:RuntimeWarning'" for what in ("overflow", "invalid value")]
    files = ("test_kernel.py", "test_tables.py")
    run_cases(*files, TRITON_INTERPRET="1", PYTEST_ADDOPTS=" ".join(options))


@NEEDS_TRITON
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_it_compiles_for_a_gpu_that_is_not_here(tmp_path):
    run("-m", "tests.worker.search.triton_source", TRITON_CACHE_DIR=str(tmp_path))


@pytest.mark.slow
def test_without_a_gpu_it_is_not_imported():
    run("-c", UNASKED, CUDA_VISIBLE_DEVICES="")


@pytest.mark.gpu
@NEEDS_GPU
def test_a_gpu_is_taken_where_it_is_worth_it():
    singles = np.zeros(800)
    large, small = (Screener(plain_tables(n, singles), RAISE, keep=1) for n in (3, 2))
    assert large.kernel == "triton"
    assert small.kernel == kernel_names()[1]


@pytest.mark.gpu
@NEEDS_GPU
@pytest.mark.timeout(3600)
def test_on_a_gpu_it_equals_every_design_and_the_compiled_kernel():
    """The tests of every kernel are run on it by `-m gpu`, too."""
    run_cases("triton_cases.py", TRITON_INTERPRET="0")


@pytest.mark.gpu
@NEEDS_GPU
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "head",
    [
        {"head": "linear"},
        {"head": "quadratic"},
        *({"hidden_layers": n, "activation": a} for n in (1, 2) for a in ("relu", "gelu")),
    ],
    ids=str,
)
def test_on_a_gpu_it_finds_what_the_compiled_kernel_finds(head):
    """Tens of millions of triples of an ensemble, with pairs that may not stand together."""
    edits = 600
    case = random_case(6, members=5, edit_count=edits, hidden_dim=64, **head)
    tables = case.tables(3)
    tables = replace(tables, single_MYE=0.2 * tables.single_MYE)
    draw = np.triu(np.random.default_rng(0).random((edits, edits)) < 0.95, 1)
    objective = ScreenObjective((RankTerm(0, caution=1.0),))
    there, here = (
        Screener(tables, objective, keep=2000, allowed_EE=draw | draw.T, kernel=name).run()
        for name in (kernel_names()[1], "triton")
    )
    assert here.evaluated_count == there.evaluated_count
    np.testing.assert_allclose(here.value, there.value, atol=2 * here.error_bound, rtol=0)
    surely = here.value > there.cutoff() + 2 * here.error_bound
    assert surely.sum() > 100
    known = {tuple(edits) for edits in there.edits.tolist()}
    assert {tuple(edits) for edits in here.edits[surely].tolist()} <= known
