"""The one bounded pool of threads in which a front end's SQL and file writes run."""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

THREAD_COUNT = 16

P = ParamSpec("P")
R = TypeVar("R")


class Threads:
    """Runs sync functions off the event loop, at most `THREAD_COUNT` at once."""

    def __init__(self, count: int = THREAD_COUNT) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="handler")

    async def run(self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Await `function` in a thread.

        A cancelled caller waits until the thread is done: a transaction or a file write is never
        left running behind the back of the code that cleans up after it.
        """
        call = partial(contextvars.copy_context().run, partial(function, *args, **kwargs))
        future = asyncio.get_running_loop().run_in_executor(self._pool, call)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await asyncio.wait([future])
            raise

    def close(self) -> None:
        """Let running functions end; take no more."""
        self._pool.shutdown(wait=True, cancel_futures=True)
