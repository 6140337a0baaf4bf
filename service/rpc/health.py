"""The standard health service, with the method that its library has not got yet."""

from typing import Any

import grpc
from grpc_health.v1 import health_pb2
from grpc_health.v1.health import aio as health_aio  # type: ignore[attr-defined]

SERVING = health_pb2.HealthCheckResponse.SERVING


class HealthServicer(health_aio.HealthServicer):
    """Tells of each service, of the server as a whole (""), and of all at once."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__()
        self._names = ("", *names)

    async def begin(self) -> None:
        """Say SERVING of every service."""
        for name in self._names:
            await self.set(name, SERVING)

    async def List(  # noqa: N802
        self,
        request: health_pb2.HealthListRequest,  # noqa: ARG002
        call: grpc.aio.ServicerContext[Any, Any],
    ) -> health_pb2.HealthListResponse:
        """The status of every service."""
        answer = health_pb2.HealthListResponse()
        for name in self._names:
            found = await self.Check(health_pb2.HealthCheckRequest(service=name), call)
            answer.statuses[name].CopyFrom(found)
        return answer
