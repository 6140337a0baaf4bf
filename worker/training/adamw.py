"""AdamW for steps that no compiler traces.

torch tells its compiler to leave methods of optimizers alone, and imports the compiler for that at
their first call (`torch/_compile.py`, `torch/optim/optimizer.py`): 2.7 s of processor time in every
job that trains a network, which is a process of its own. Here nothing of it is imported. What is
computed, and kept in checkpoints, is the same.
"""

import inspect
from collections.abc import Iterable
from typing import Any

import torch

_MARKED = ("add_param_group", "load_state_dict", "state_dict", "zero_grad")
_step = inspect.unwrap(torch.optim.Adam.step)


class AdamW(torch.optim.AdamW):
    """What `torch.optim.AdamW` is."""

    def __init__(self, groups: Iterable[dict[str, Any]], **options: Any) -> None:  # noqa: ANN401
        _unmark()
        super().__init__(groups, **options)

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Take a step along the gradients."""
        _step(self, closure)


def _unmark() -> None:
    """Have the methods called as they are: `torch._compile` looks there before it imports."""
    for name in _MARKED:
        method = inspect.unwrap(getattr(torch.optim.Optimizer, name))
        method.__dynamo_disable = method
