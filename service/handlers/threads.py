"""The one bounded pool of threads in which a front end's SQL and file writes run."""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, ParamSpec, TypeVar

THREAD_COUNT = 16

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class Threads:
    """Runs sync functions off the event loop, at most `THREAD_COUNT` at once."""

    def __init__(self, count: int = THREAD_COUNT) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="handler")
        self._shared: dict[Callable[..., Any], asyncio.Task[Any]] = {}

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

    async def run_shared(self, function: Callable[[T], R], argument: T, /) -> R:
        """Await `function` in a thread; who asks while it runs for another has that answer.

        So that what anybody may ask for, however often, takes one thread. The argument is of the
        process: the same whoever asks.
        """
        task = self._shared.get(function)
        if task is None:
            task = asyncio.create_task(self.run(function, argument))
            task.add_done_callback(lambda _: self._shared.pop(function))
            self._shared[function] = task
        answer: R = await asyncio.shield(task)
        return answer

    def close(self) -> None:
        """Let running functions end; take no more."""
        self._pool.shutdown(wait=True, cancel_futures=True)
