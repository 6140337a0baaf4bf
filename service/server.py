"""The composition root of the api and rpc processes: one door or both over one context and loop."""

import asyncio
import gc
import logging
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import uvicorn
import uvloop
from fastapi import FastAPI

from service.contract.settings import Settings
from service.handlers.access import require_keys
from service.handlers.context import Context
from service.rest.app import create_rest
from service.rest.heads import bounded_protocol
from service.rpc.server import RpcServer, start_server

logger = logging.getLogger(__name__)

# Streams have ended by then; what is left is slow requests.
SHUTDOWN_SECONDS = 10


def create_app(settings: Settings | None = None) -> FastAPI:
    """The app that a server runs; its lifespan starts and stops everything else.

    Raises:
        ValueError: the settings lack a broker, or would open the service to the network without a
            key.
        SQLAlchemyError: they would open it, and the database cannot be asked for keys.
    """
    context = Context.of(settings or Settings())

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(context.close)
            await context.start()
            if context.settings.api_serves_grpc:
                app.state.rpc = await _open_rpc(stack, context)
            _settle()
            yield

    app = create_rest(context, lifespan)
    app.state.rpc = None
    return app


async def _open_rpc(stack: AsyncExitStack, context: Context) -> RpcServer:
    rpc = await start_server(context, context.settings)
    stack.push_async_callback(rpc.stop)
    return rpc


def _settle() -> None:
    """What is loaded now stays: a full collection would stop the loop for 100 ms."""
    gc.collect()
    gc.freeze()


class ApiServer(uvicorn.Server):
    """Ends streams first: uvicorn waits for open requests before it ends the lifespan."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._state = app.state

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End streams, then calls and requests side by side, then everything else."""
        rpc: RpcServer | None = self._state.rpc
        if rpc is not None:
            await rpc.drain()
        self._state.context.end_streams()
        await asyncio.gather(super().shutdown(sockets), *([rpc.stop()] if rpc else []))


def serve(settings: Settings | None = None) -> None:
    """Run the api process until it is told to stop. The caller has set logging up."""
    chosen = settings or Settings()
    app = create_app(chosen)
    config = uvicorn.Config(
        app,
        host=chosen.host,
        port=chosen.port,
        http=bounded_protocol(chosen.slow_sender_seconds),
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    ApiServer(config, app).run()


def serve_rpc(settings: Settings) -> None:
    """Run the rpc process until SIGTERM or SIGINT. The caller has set logging up.

    Raises:
        ValueError: the settings lack a broker, would open the service to the network without a
            key, or name a file for TLS that is not one to use.
        SQLAlchemyError: they would open it, and the database cannot be asked for keys.
        OSError: the port is taken, or the host is not an address of this machine.
    """
    require_keys(settings)
    uvloop.run(_serve_rpc(Context.of(settings)))


async def _serve_rpc(context: Context) -> None:
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(context.close)
        await context.start()
        rpc = await _open_rpc(stack, context)
        _settle()
        logger.info("gRPC on port %d", rpc.port)
        await told.wait()
