"""AdamW is torch's own, to the last bit, and imports no compiler."""

import subprocess
import sys
from copy import deepcopy

import pytest
import torch

from worker.training.adamw import AdamW


def parameters():
    draw = torch.Generator().manual_seed(0)
    return [torch.nn.Parameter(torch.randn(size, generator=draw)) for size in ((5, 3), (5,))]


def groups_of(weight, bias):
    return [{"params": [weight], "rate": 2.0}, {"params": [bias], "weight_decay": 0.0}]


def go(optimizer, weight, bias, steps):
    for step in range(steps):
        optimizer.zero_grad()
        ((weight.sum(1) - bias + step) ** 2).sum().backward()
        optimizer.step()


@pytest.mark.parametrize("is_fused", [True, False])
def test_steps_are_those_of_torch(is_fused):
    ours, theirs = parameters(), parameters()
    options = {"lr": 0.1, "weight_decay": 0.5, "fused": is_fused}
    first = AdamW(groups_of(*ours), **options)
    second = torch.optim.AdamW(groups_of(*theirs), **options)
    go(first, *ours, 3)
    go(second, *theirs, 3)
    states = [deepcopy(optimizer.state_dict()) for optimizer in (first, second)]
    for optimizer, state in zip((second, first), states, strict=True):  # one is as good
        optimizer.load_state_dict(state)
    go(first, *ours, 3)
    go(second, *theirs, 3)
    for one, other in zip(ours, theirs, strict=True):
        assert torch.equal(one, other)
        assert not torch.equal(one, parameters()[0 if one.ndim > 1 else 1])


PROGRAM = """
import sys
import torch
import worker.training.run
from worker.training.adamw import AdamW

weight = torch.nn.Parameter(torch.ones(3))
optimizer = AdamW([{"params": [weight]}], lr=0.1, weight_decay=0.0, fused=True)
optimizer.load_state_dict(optimizer.state_dict())
optimizer.zero_grad()
weight.sum().backward()
optimizer.step()
assert weight.detach().max() < 1
slow = {"torch._dynamo", "scipy.stats"}  # 2.7 and 0.7 s of each training
print(sorted(slow & sys.modules.keys()))
"""


def test_a_training_imports_neither_compiler_nor_statistics():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
