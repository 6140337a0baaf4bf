"""How a server ends, what it lets end before, and what a client that goes away gives back."""

import asyncio

import grpc
import pytest
from grpc import StatusCode
from grpc_health.v1 import health_pb2, health_pb2_grpc

from service.rpc.pb.cellgebra.v1 import inference_pb2, training_pb2
from service.rpc.streams import ENDED
from tests.service.rpc.statuses import fails

SECONDS = 30
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.fixture
def score(inference, model_id):
    """A score that no worker is there to answer."""

    def ask(**options):
        request = inference_pb2.ScoreRequest(model_id=model_id, genotypes=["b0720:deletion"])
        return inference.Score(request, **options)

    return ask


async def in_flight(context, count):
    async with asyncio.timeout(SECONDS):
        while context.scores.request_count != count:
            await asyncio.sleep(0.01)


async def test_who_watches_health_is_told_and_let_go(server, channel):
    watched = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
    assert (await watched.read()).status == SERVING
    stopping = asyncio.ensure_future(server.stop(SECONDS))
    assert (await watched.read()).status == NOT_SERVING
    async with fails(StatusCode.UNAVAILABLE) as failure:
        await watched.read()
    assert failure.message == ENDED
    await asyncio.wait_for(stopping, SECONDS / 2)


async def test_no_stream_begins_while_others_end(server, channel):
    await server.drain()
    async with fails(StatusCode.UNAVAILABLE) as failure:
        await health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest()).read()
    assert failure.message == ENDED
    answer = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
    assert answer.status == NOT_SERVING


async def test_a_call_after_the_goaway_finds_nobody(server, channel, training):
    await channel.channel_ready()
    await server.stop(SECONDS)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await training.GetTrainingJob(training_pb2.GetTrainingJobRequest(id="job_1"))
    assert caught.value.code() is StatusCode.UNAVAILABLE


async def test_a_call_that_outlasts_the_grace_is_unavailable(server, context, score):
    call = score()
    await in_flight(context, 1)
    await server.stop(0.1)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    assert caught.value.code() is StatusCode.UNAVAILABLE
    await in_flight(context, 0)


async def test_a_client_that_cancels_frees_its_place(context, score):
    calls = [score() for _ in range(2)]
    await in_flight(context, 2)
    async with fails(StatusCode.RESOURCE_EXHAUSTED):
        await score()
    for call in calls:
        call.cancel()
    await in_flight(context, 0)


async def test_a_deadline_that_passes_frees_its_place(context, score):
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await score(timeout=0.3)
    assert caught.value.code() is StatusCode.DEADLINE_EXCEEDED
    await in_flight(context, 0)
