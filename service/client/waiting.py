"""What waits: a pause, and the work of a disk. `service.client.aio.waiting` is for asyncio."""

import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def pause(seconds: float) -> None:
    """Let time pass."""
    time.sleep(seconds)


def apart(work: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """Do what may block."""
    return work(*arguments, **options)
