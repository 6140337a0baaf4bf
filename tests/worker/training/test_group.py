"""Two processes that train together, over gloo, against one with the same batches."""

import json
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file

from tests.worker.training.group_fits import CASES, fit, table_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A table, and what two processes made of it."""
    folder = tmp_path_factory.mktemp("group")
    table_of(folder)
    command = [sys.executable, "-W", "ignore", "-m", "tests.worker.training.group_fits"]
    processes = [
        subprocess.Popen([*command, str(rank), "2", str(folder)], stderr=subprocess.PIPE)
        for rank in range(2)
    ]
    errors = [process.communicate(timeout=120)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], errors
    return folder


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("case", CASES)
def test_two_processes_train_what_one_does(folder, case):
    told, weights = fit(folder / "t.parquet", case)
    for rank in range(2):
        found = json.loads((folder / f"{case}.{rank}.json").read_text())
        for epoch, alone in zip(found, told, strict=True):
            assert epoch == pytest.approx(alone, rel=1e-9, abs=1e-9)
        for name, value in load_file(folder / f"{case}.{rank}").items():
            torch.testing.assert_close(value, weights[name], rtol=1e-7, atol=1e-8, msg=name)


@pytest.mark.parametrize("case", CASES)
def test_both_processes_have_the_same_weights_to_the_bit(folder, case):
    first, second = (load_file(folder / f"{case}.{rank}") for rank in range(2))
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)
