"""Where a training runs, and on how many threads."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from service.contract.errors import FailedPreconditionError

# Below this many multiplications a step, waking a second thread costs more than it brings.
_SMALL_STEP = 1 << 24


def device_of(name: str) -> torch.device:
    """The device of a spec; ``auto`` is CUDA where there is one.

    Raises:
        FailedPreconditionError: CUDA is asked for and this worker has none.
    """
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise FailedPreconditionError(
            "device cuda: this worker has no CUDA device; use auto or cpu, or start a GPU worker"
        )
    return torch.device("cuda" if name != "cpu" and available else "cpu")


@contextmanager
def threads_for(step_size: int) -> Iterator[None]:
    """One thread for small steps, as many as torch has for others; puts them back after."""
    before = torch.get_num_threads()
    torch.set_num_threads(1 if step_size < _SMALL_STEP else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
