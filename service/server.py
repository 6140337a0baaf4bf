"""The composition root of the api process: both doors over one context, in one event loop."""

import gc
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import uvicorn
from fastapi import FastAPI

from service.contract.settings import Settings
from service.handlers.context import Context
from service.rest.app import create_rest
from service.rpc.server import start_server

# Streams have ended by then; what is left is slow requests.
SHUTDOWN_SECONDS = 10


def create_app(settings: Settings | None = None) -> FastAPI:
    """The app that a server runs; its lifespan starts and stops everything else.

    Raises:
        ValueError: the settings lack a broker, or would open the service to the network.
    """
    context = Context.of(settings or Settings())

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(context.close)
            await context.start()
            rpc = await start_server(context, context.settings)
            stack.push_async_callback(rpc.stop)
            app.state.rpc_port = rpc.port
            # What is loaded now stays: a full collection would stop the loop for 100 ms.
            gc.collect()
            gc.freeze()
            yield

    return create_rest(context, lifespan)


class ApiServer(uvicorn.Server):
    """Ends event streams first: uvicorn waits for open requests before it ends the lifespan."""

    def __init__(self, config: uvicorn.Config, context: Context) -> None:
        super().__init__(config)
        self._context = context

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End streams, then everything else."""
        self._context.events.end_streams()
        await super().shutdown(sockets)


def serve(settings: Settings | None = None) -> None:
    """Run the api process until it is told to stop. The caller has set logging up."""
    chosen = settings or Settings()
    app = create_app(chosen)
    config = uvicorn.Config(
        app,
        host=chosen.host,
        port=chosen.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    ApiServer(config, app.state.context).run()
