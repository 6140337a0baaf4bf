"""LossService, SchemaService and HealthService: what there is, and whether it works."""

from typing import Any

import grpc
from pydantic_core import to_json

from service.handlers import health, losses, schemas
from service.handlers.context import Context
from service.rpc.mapping import write_message
from service.rpc.pb.cellgebra.v1 import (
    health_pb2,
    health_pb2_grpc,
    losses_pb2,
    losses_pb2_grpc,
    schemas_pb2,
    schemas_pb2_grpc,
)

Call = grpc.aio.ServicerContext[Any, Any]


class LossServicer(losses_pb2_grpc.LossServiceServicer):
    """Serves the catalogue of losses."""

    def __init__(self, context: Context) -> None:
        del context

    async def ListLosses(  # noqa: N802
        self, request: losses_pb2.ListLossesRequest, call: Call
    ) -> losses_pb2.ListLossesResponse:
        del request, call
        return write_message(losses_pb2.ListLossesResponse(), losses.list_losses().model_dump())


class SchemaServicer(schemas_pb2_grpc.SchemaServiceServicer):
    """Serves JSON Schemas of specs."""

    def __init__(self, context: Context) -> None:
        del context

    async def ListSchemas(  # noqa: N802
        self, request: schemas_pb2.ListSchemasRequest, call: Call
    ) -> schemas_pb2.ListSchemasResponse:
        del request, call
        return schemas_pb2.ListSchemasResponse(names=schemas.list_schemas())

    async def GetSchema(  # noqa: N802
        self, request: schemas_pb2.GetSchemaRequest, call: Call
    ) -> schemas_pb2.Schema:
        del call
        text = to_json(schemas.get_schema(request.name)).decode()
        return schemas_pb2.Schema(name=request.name, json=text)


class HealthServicer(health_pb2_grpc.HealthServiceServicer):
    """Says whether the service can work."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def GetHealth(  # noqa: N802
        self, request: health_pb2.GetHealthRequest, call: Call
    ) -> health_pb2.Health:
        del request, call
        found = await self._context.threads.run_shared(health.check_health, self._context)
        return write_message(health_pb2.Health(), found.model_dump())
