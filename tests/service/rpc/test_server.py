"""The server around the methods: health, reflection, ports, limits, the end."""

import asyncio
import logging

import grpc
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc import StatusCode
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from sqlalchemy import text

from service.rpc.guard import MAX_MESSAGE_BYTES, MAX_RECEIVED_BYTES
from service.rpc.pb.cellgebra.v1 import inference_pb2, training_pb2
from service.rpc.server import start_server
from service.rpc.services import SERVICE_NAMES
from tests.service.rpc.statuses import fails

GET = training_pb2.GetTrainingJobRequest(id="job_1")


async def ask_reflection(channel, **question):
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    request = reflection_pb2.ServerReflectionRequest(**question)
    return await anext(aiter(stub.ServerReflectionInfo(iter([request]))))


@pytest.mark.parametrize("name", ["", *SERVICE_NAMES])
async def test_every_service_is_healthy(channel, name):
    answer = await health_pb2_grpc.HealthStub(channel).Check(
        health_pb2.HealthCheckRequest(service=name)
    )
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


async def test_the_health_of_all_comes_at_once(channel):
    answer = await health_pb2_grpc.HealthStub(channel).List(health_pb2.HealthListRequest())
    assert set(answer.statuses) == {"", *SERVICE_NAMES}
    assert {one.status for one in answer.statuses.values()} == {
        health_pb2.HealthCheckResponse.SERVING
    }


async def test_an_unknown_service_has_no_health(channel):
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await health_pb2_grpc.HealthStub(channel).Check(
            health_pb2.HealthCheckRequest(service="cellgebra.v1.Nothing")
        )
    assert caught.value.code() is StatusCode.NOT_FOUND


async def test_reflection_lists_the_services_and_gives_their_files(channel):
    answer = await ask_reflection(channel, list_services="")
    assert set(SERVICE_NAMES) <= {each.name for each in answer.list_services_response.service}
    answer = await ask_reflection(channel, file_containing_symbol=SERVICE_NAMES[0])
    found = FileDescriptorProto.FromString(answer.file_descriptor_response.file_descriptor_proto[0])
    assert found.name == "cellgebra/v1/training.proto"


async def test_a_taken_port_is_an_error_that_names_the_setting(server, context, settings):
    taken = settings.model_copy(update={"grpc_port": server.port})
    with pytest.raises(OSError, match=f"127.0.0.1:{server.port}.*CELLGEBRA_GRPC_PORT"):
        await start_server(context, taken)


async def test_an_unforeseen_error_is_in_the_log_alone(training, context, caplog):
    with context.database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE jobs RENAME TO hidden_jobs"))
    with caplog.at_level(logging.ERROR, "service.rpc.guard"):
        async with fails(StatusCode.INTERNAL) as failure:
            await training.GetTrainingJob(GET, metadata=[("x-trace-id", "trace-of-mine")])
    assert failure.info["trace_id"] == "trace-of-mine"
    assert "trace-of-mine" in failure.message
    assert b"jobs" not in failure.status.SerializeToString()
    (record,) = caplog.records
    assert record.trace_id == "trace-of-mine"
    assert "no such table" in str(record.exc_info[1])


async def test_every_error_has_a_trace_id_of_its_own(training):
    seen = set()
    for _ in range(2):
        async with fails(StatusCode.NOT_FOUND) as failure:
            await training.GetTrainingJob(GET, metadata=[("x-trace-id", "no good: spaces")])
        seen.add(failure.info["trace_id"])
    assert len(seen) == 2


async def test_a_message_beyond_the_limit_is_told_of_the_way_out(inference):
    request = inference_pb2.ScoreRequest(genotypes=["g" * MAX_MESSAGE_BYTES])
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await inference.Score(request)
    assert failure.reason == "MESSAGE_TOO_LARGE"
    assert f"{request.ByteSize()} bytes, and the limit is {MAX_MESSAGE_BYTES}" in failure.message
    assert "ScoreStream" in failure.message


async def test_a_message_that_is_not_even_read_is_refused_by_grpc(inference):
    request = inference_pb2.ScoreRequest(genotypes=["g" * MAX_RECEIVED_BYTES])
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await inference.Score(request)
    assert caught.value.code() is StatusCode.RESOURCE_EXHAUSTED


async def test_a_method_of_a_newer_contract_is_unimplemented(channel):
    method = channel.unary_unary("/cellgebra.v1.TrainingService/Frobnicate")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await method(b"")
    assert caught.value.code() is StatusCode.UNIMPLEMENTED


async def test_calls_in_flight_end_within_the_grace(server, inference, model_id):
    request = inference_pb2.ScoreRequest(
        model_id=model_id, genotypes=["b0720:deletion"], timeout_seconds=0.5
    )
    call = asyncio.ensure_future(inference.Score(request))
    await asyncio.sleep(0.2)
    stopping = asyncio.ensure_future(server.stop(60))
    async with fails(StatusCode.DEADLINE_EXCEEDED):  # its own end, not that of the server
        await call
    await asyncio.wait_for(stopping, 30)
