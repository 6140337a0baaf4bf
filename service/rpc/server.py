"""The gRPC server: services, health and reflection on one port of one event loop."""

from dataclasses import dataclass

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health_aio  # type: ignore[attr-defined]
from grpc_reflection.v1alpha import reflection

from service.contract.settings import Settings
from service.handlers.context import Context
from service.rpc.errors import ErrorInterceptor
from service.rpc.inference import InferenceServicer
from service.rpc.open_inference import OpenInferenceServicer
from service.rpc.pb.cellgebra.v1 import (
    inference_pb2,
    inference_pb2_grpc,
    sweeps_pb2,
    sweeps_pb2_grpc,
    training_pb2,
    training_pb2_grpc,
)
from service.rpc.pb.inference import open_inference_pb2, open_inference_pb2_grpc
from service.rpc.sweeps import SweepServicer
from service.rpc.training import TrainingServicer

MAX_MESSAGE_BYTES = 16 * 2**20
STOP_SECONDS = 5.0

SERVICE_NAMES = (
    training_pb2.DESCRIPTOR.services_by_name["TrainingService"].full_name,
    sweeps_pb2.DESCRIPTOR.services_by_name["SweepService"].full_name,
    inference_pb2.DESCRIPTOR.services_by_name["InferenceService"].full_name,
    open_inference_pb2.DESCRIPTOR.services_by_name["GRPCInferenceService"].full_name,
)

_OPTIONS = (
    # Else Linux lets a second server bind the port and hands it half of the calls.
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", -1),
)


@dataclass(frozen=True)
class RpcServer:
    """A server that listens on `port`."""

    port: int
    server: grpc.aio.Server
    health: health_aio.HealthServicer

    async def stop(self, grace_seconds: float = STOP_SECONDS) -> None:
        """Say NOT_SERVING, take no more calls, and let those in flight end within the grace."""
        await self.health.enter_graceful_shutdown()
        await self.server.stop(grace_seconds)


async def start_server(context: Context, settings: Settings) -> RpcServer:
    """Listen on `settings.host` and `settings.grpc_port` (0: a free port) of the running loop.

    Raises:
        OSError: the port is taken, or the host is not an address of this machine.
    """
    server = grpc.aio.server(interceptors=[ErrorInterceptor()], options=_OPTIONS)
    training_pb2_grpc.add_TrainingServiceServicer_to_server(TrainingServicer(context), server)
    sweeps_pb2_grpc.add_SweepServiceServicer_to_server(SweepServicer(context), server)
    inference_pb2_grpc.add_InferenceServiceServicer_to_server(InferenceServicer(context), server)
    open_inference_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(
        OpenInferenceServicer(context), server
    )
    checks = await _add_health(server)
    port = _bind(server, settings.host, settings.grpc_port)
    await server.start()
    return RpcServer(port, server, checks)


async def _add_health(server: grpc.aio.Server) -> health_aio.HealthServicer:
    checks = health_aio.HealthServicer()
    for name in SERVICE_NAMES:
        await checks.set(name, health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    reflection.enable_server_reflection(
        (*SERVICE_NAMES, health.SERVICE_NAME, reflection.SERVICE_NAME), server
    )
    return checks


def _bind(server: grpc.aio.Server, host: str, port: int) -> int:
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        return server.add_insecure_port(address)
    except RuntimeError:
        raise OSError(
            f"cannot listen for gRPC on {address}: the port is taken or the address is not of "
            "this machine; choose another with CELLGEBRA_GRPC_PORT or CELLGEBRA_HOST"
        ) from None
