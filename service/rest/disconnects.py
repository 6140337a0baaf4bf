"""Stop work for a client that has gone away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import ClientDisconnect
from starlette.types import Receive

# Most answers are out by then; to listen costs more than to answer.
_SOON_SECONDS = 0.1


@asynccontextmanager
async def while_connected(receive: Receive) -> AsyncIterator[None]:
    """Cancel the block when the client closes its connection; its body has to be read already.

    Raises:
        ClientDisconnect: the client went away.
    """
    loop = asyncio.get_running_loop()
    worker = asyncio.current_task()
    listener: asyncio.Task[None] | None = None
    is_gone = False

    async def listen() -> None:
        nonlocal is_gone
        while (await receive())["type"] != "http.disconnect":
            pass
        is_gone = True
        if worker is not None:
            worker.cancel()

    def start() -> None:
        nonlocal listener
        listener = loop.create_task(listen())

    timer = loop.call_later(_SOON_SECONDS, start)
    try:
        yield
    except asyncio.CancelledError:
        if worker is None or not is_gone or worker.uncancel():
            raise
        raise ClientDisconnect from None
    finally:
        timer.cancel()
        if listener is not None:
            listener.cancel()
