"""Threads for the parts of a large request. There are none, until a process asks for them.

Members are read by compiled loops and by PyTorch, and neither holds the interpreter's lock.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

T = TypeVar("T")
R = TypeVar("R")

_pools: list[ThreadPoolExecutor] = []


def use_threads(count: int) -> None:
    """Have parts read by so many threads from now on; 1 is the caller's own."""
    while _pools:
        _pools.pop().shutdown()
    if count > 1:
        # What PyTorch does in a thread of ours is one of the parts already.
        _pools.append(ThreadPoolExecutor(count, "parts", torch.set_num_threads, (1,)))


def mapped(function: Callable[[T], R], parts: Sequence[T]) -> list[R]:
    """What a function gives of each part, in order.

    Raises:
        Exception: what it raised of the first part of which it did; later ones are left out.
    """
    if len(parts) > 1 and _pools:
        return list(_pools[0].map(function, parts))
    return list(map(function, parts))
