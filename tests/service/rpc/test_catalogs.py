"""Losses, schemas and health over gRPC: the same as over REST."""

import json

import pytest
from grpc import StatusCode

from service.contract.losses import LossCatalog
from service.contract.resources import Health
from service.handlers.losses import list_losses
from service.handlers.schemas import get_schema, list_schemas
from service.rpc.mapping import read_message
from service.rpc.pb.cellgebra.v1 import (
    health_pb2,
    health_pb2_grpc,
    losses_pb2,
    losses_pb2_grpc,
    schemas_pb2,
    schemas_pb2_grpc,
)
from tests.service.rpc.statuses import fails


@pytest.fixture
def schemas(channel):
    return schemas_pb2_grpc.SchemaServiceStub(channel)


async def test_every_loss_comes_with_its_parameters(channel):
    stub = losses_pb2_grpc.LossServiceStub(channel)
    answer = await stub.ListLosses(losses_pb2.ListLossesRequest())
    losses = [
        {"parameters": [], "needs": [], "source": [], **read_message(loss)}
        for loss in answer.losses
    ]
    assert LossCatalog.model_validate({"losses": losses}) == list_losses()


async def test_every_schema_is_that_of_rest(schemas):
    listed = await schemas.ListSchemas(schemas_pb2.ListSchemasRequest())
    assert list(listed.names) == list_schemas()
    for name in listed.names:
        schema = await schemas.GetSchema(schemas_pb2.GetSchemaRequest(name=name))
        assert schema.name == name
        assert json.loads(schema.json) == get_schema(name)


async def test_a_schema_that_is_not_there(schemas):
    async with fails(StatusCode.NOT_FOUND) as failure:
        await schemas.GetSchema(schemas_pb2.GetSchemaRequest(name="trainings"))
    assert "training" in failure.message


async def test_health_says_what_is_missing(channel, settings):
    stub = health_pb2_grpc.HealthServiceStub(channel)
    found = Health.model_validate(read_message(await stub.GetHealth(health_pb2.GetHealthRequest())))
    assert (found.ready, found.database, found.broker) == (False, "up", "up")
    assert found.queues == {queue.value: False for queue in settings.queues}
