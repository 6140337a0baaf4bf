"""What waits: a pause, the work of a disk. `service.client.waiting` has them without asyncio."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def pause(seconds: float) -> None:
    """Let time pass."""
    await asyncio.sleep(seconds)


async def apart(work: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """Do what may block in a thread of its own."""
    return await asyncio.to_thread(work, *arguments, **options)
