"""Gathering over processes: two of them, over gloo, against one with the joined batch."""

import json
import subprocess
import sys

import pytest
import torch

from worker.losses.gather import gather_rows
from worker.losses.supcr import supcr

# What each process runs: its half of the batch through a layer that all share.
PROCESS = """
import json, sys
from datetime import timedelta
import torch
from torch import distributed, nn
from worker.losses.gather import gather_rows
from worker.losses.supcr import supcr

rank, store = int(sys.argv[1]), sys.argv[2]
torch.set_num_threads(1)
distributed.init_process_group(
    "gloo", init_method=f"file://{store}", rank=rank, world_size=2, timeout=timedelta(seconds=60)
)
x, labels = (
    torch.randn(12, width, dtype=torch.float64, generator=torch.Generator().manual_seed(width))
    for width in (5, 2)
)
layer = nn.Linear(5, 3, dtype=torch.float64)
with torch.no_grad():
    layer.weight.copy_(torch.arange(15.0).reshape(3, 5).sin())
    layer.bias.zero_()
model = nn.parallel.DistributedDataParallel(layer)
mine = slice(6 * rank, 6 * rank + 6)
z = gather_rows(model(x[mine]))
value = supcr(z, gather_rows(labels[mine]), temperature=0.5)
value.backward()
print(json.dumps([value.item(), layer.weight.grad.tolist()]))
distributed.destroy_process_group()
"""


def joined():
    x, labels = (
        torch.randn(12, width, dtype=torch.float64, generator=torch.Generator().manual_seed(width))
        for width in (5, 2)
    )
    weight = torch.arange(15.0).reshape(3, 5).sin().double().requires_grad_()
    value = supcr(x @ weight.T, labels, temperature=0.5)
    value.backward()
    return value.item(), weight.grad


@pytest.mark.slow
def test_two_processes_have_the_gradient_of_the_joined_batch(tmp_path):
    command = [sys.executable, "-W", "ignore", "-c", PROCESS]
    processes = [
        subprocess.Popen([*command, str(rank), str(tmp_path / "store")], stdout=subprocess.PIPE)
        for rank in range(2)
    ]
    outputs = [process.communicate(timeout=90)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    value, grad = joined()
    for output in outputs:
        found, found_grad = json.loads(output)
        assert found == pytest.approx(value, rel=1e-12)
        torch.testing.assert_close(
            torch.tensor(found_grad, dtype=torch.float64), grad, rtol=1e-10, atol=1e-12
        )


def test_without_a_group_rows_are_their_own():
    rows = torch.zeros(2, 3)
    assert gather_rows(rows) is rows
