"""The gRPC server: services, health and reflection on one port of one event loop."""

import asyncio
from dataclasses import dataclass

import grpc
from grpc_health.v1 import health, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from service.contract.settings import Settings
from service.handlers.context import Context
from service.rpc.callers import AccessInterceptor
from service.rpc.guard import MAX_RECEIVED_BYTES, ErrorInterceptor
from service.rpc.health import HealthServicer
from service.rpc.services import SERVICE_NAMES, add_services
from service.rpc.streams import OpenStreams
from service.rpc.tls import server_credentials

PING_ANSWER_SECONDS = 20
# What is written when a drain begins is still sent.
_LAST_WORDS_SECONDS = 0.05


@dataclass(frozen=True)
class RpcServer:
    """A server that listens on `port`."""

    port: int
    server: grpc.aio.Server
    health: HealthServicer
    context: Context
    streams: OpenStreams
    drain_seconds: float

    async def drain(self) -> None:
        """Say NOT_SERVING, and have streams of answers end, UNAVAILABLE; other calls go on."""
        await self.health.enter_graceful_shutdown()
        self.context.end_streams()
        if self.streams:
            await asyncio.sleep(_LAST_WORDS_SECONDS)
        self.streams.end()

    async def stop(self, grace_seconds: float | None = None) -> None:
        """Drain, take no more calls (GOAWAY), and let those in flight end within the grace."""
        await self.drain()
        await self.server.stop(self.drain_seconds if grace_seconds is None else grace_seconds)


async def start_server(context: Context, settings: Settings) -> RpcServer:
    """Listen on `settings.host` and `settings.grpc_port` (0: a free port) of the running loop.

    Raises:
        OSError: the port is taken, or the host is not an address of this machine.
        TlsError: a file that TLS needs is not one to use.
    """
    credentials = server_credentials(settings)
    streams = OpenStreams()
    guard = ErrorInterceptor(
        context.metrics, streams, patience_seconds=settings.slow_sender_seconds
    )
    access = AccessInterceptor(context)
    server = grpc.aio.server(interceptors=[guard, access], options=_options(settings))
    add_services(server, context)
    checks = await _add_health(server)
    port = _bind(server, settings, credentials)
    await server.start()
    return RpcServer(port, server, checks, context, streams, settings.grpc_drain_seconds)


def _options(settings: Settings) -> list[tuple[str, int]]:
    keepalive_ms = round(1000 * settings.grpc_keepalive_seconds)
    answer_ms = min(keepalive_ms, 1000 * PING_ANSWER_SECONDS)
    min_ping_ms = round(1000 * settings.grpc_min_ping_seconds)
    return [
        # Else Linux lets a second server bind the port and hands it half of the calls.
        ("grpc.so_reuseport", 0),
        ("grpc.max_receive_message_length", MAX_RECEIVED_BYTES),
        ("grpc.max_send_message_length", -1),
        ("grpc.keepalive_time_ms", keepalive_ms),
        ("grpc.keepalive_timeout_ms", answer_ms),
        ("grpc.http2.ping_timeout_ms", answer_ms),  # else a minute, whatever the one above says
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", min_ping_ms),
    ]


async def _add_health(server: grpc.aio.Server) -> HealthServicer:
    checks = HealthServicer(SERVICE_NAMES)
    await checks.begin()
    health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    reflection.enable_server_reflection(
        (*SERVICE_NAMES, health.SERVICE_NAME, reflection.SERVICE_NAME), server
    )
    return checks


def _bind(
    server: grpc.aio.Server, settings: Settings, credentials: grpc.ServerCredentials | None
) -> int:
    host, port = settings.host, settings.grpc_port
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        if credentials is not None:
            return server.add_secure_port(address, credentials)
        return server.add_insecure_port(address)
    except RuntimeError:
        raise OSError(
            f"cannot listen for gRPC on {address}: the port is taken or the address is not of "
            "this machine; choose another with CELLGEBRA_GRPC_PORT or CELLGEBRA_HOST"
        ) from None
