"""Messages that do not come, stop or drip: refused in the words of every error, and not kept."""

import asyncio
import contextlib
import threading
import time

import grpc
import pytest
from grpc import StatusCode
from prometheus_client import generate_latest

from service.rpc.pb.cellgebra.v1 import (
    datasets_pb2,
    datasets_pb2_grpc,
    genes_pb2_grpc,
    scoring_pb2_grpc,
)
from tests.service.rpc.frames import (
    DATA,
    END_STREAM,
    HEADERS,
    NO_TABLE,
    PREFACE,
    SETTINGS,
    Connection,
    call_frame,
    frame,
    message_head,
)
from tests.service.rpc.statuses import fails
from tests.service.rpc.test_datasets import SPEC, TABLE
from tests.service.rpc.uploads import nothing_is_left

PATIENCE_SECONDS = 1.0
UPLOADS = {
    "CreateDataset": datasets_pb2_grpc.DatasetServiceStub,
    "CreateGeneTable": genes_pb2_grpc.GeneTableServiceStub,
    "CreateNetwork": genes_pb2_grpc.GeneTableServiceStub,
    "CreateScoringJob": scoring_pb2_grpc.ScoringServiceStub,
}


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"slow_sender_seconds": PATIENCE_SECONDS})


@pytest.mark.parametrize("method", UPLOADS)
async def test_a_stream_without_a_header_is_ended(channel, method):
    call = getattr(UPLOADS[method](channel), method)()
    async with asyncio.timeout(20), fails(StatusCode.DEADLINE_EXCEEDED) as failure:
        await call
    assert failure.reason == "REQUEST_TIMEOUT"
    assert "CELLGEBRA_SLOW_SENDER_SECONDS" in failure.message


@pytest.fixture
def dripping(server):
    """The error of a stream that sends drops without an end.

    A client of asyncio that writes when its call ends may hear of INTERNAL alone.
    """

    def drip(drop):
        ended = threading.Event()

        def messages():
            yield datasets_pb2.CreateDatasetRequest(header={"spec": SPEC})
            while not ended.wait(0.1):
                if drop is not None:
                    yield datasets_pb2.CreateDatasetRequest(chunk=drop)

        with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            stub = datasets_pb2_grpc.DatasetServiceStub(channel)
            with pytest.raises(grpc.RpcError) as caught:
                stub.CreateDataset(messages(), timeout=60)
            ended.set()
        return caught.value

    return drip


@pytest.mark.parametrize("drop", [None, b"", b"x"], ids=["silent", "empty", "a byte"])
async def test_a_stream_that_drips_is_ended_and_leaves_nothing(channel, dripping, settings, drop):
    begin = time.monotonic()
    error = await asyncio.to_thread(dripping, drop)
    assert PATIENCE_SECONDS <= time.monotonic() - begin < 20 * PATIENCE_SECONDS
    assert error.code() is StatusCode.DEADLINE_EXCEEDED
    assert "CELLGEBRA_MIN_BYTES_PER_SECOND" in error.details()
    await nothing_is_left(settings)
    stub = datasets_pb2_grpc.DatasetServiceStub(channel)
    assert not (await stub.ListDatasets(datasets_pb2.ListDatasetsRequest())).datasets


async def test_a_slow_stream_above_the_least_rate_is_taken(channel):
    call = datasets_pb2_grpc.DatasetServiceStub(channel).CreateDataset()
    await call.write(datasets_pb2.CreateDatasetRequest(header={"spec": SPEC}))
    for _ in range(20):
        await asyncio.sleep(PATIENCE_SECONDS / 10)
        await call.write(datasets_pb2.CreateDatasetRequest(chunk=TABLE * 10))
    await call.done_writing()
    assert (await call).id


# Of one message each; the first answers once, the second with a stream, the third asks for no key.
OF_ONE_MESSAGE = [
    "/cellgebra.v1.TrainingService/GetTrainingJob",
    "/cellgebra.v1.TrainingService/WatchTrainingJob",
    "/grpc.health.v1.Health/Check",
]


async def calls_end():
    """Waits until the server, which is on this loop, has no call left."""
    async with asyncio.timeout(10):
        while any("HandleExceptions" in task.get_name() for task in asyncio.all_tasks()):
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("path", OF_ONE_MESSAGE)
async def test_a_call_without_its_message_is_ended(channel, path):
    begin = time.monotonic()
    async with asyncio.timeout(20), fails(StatusCode.DEADLINE_EXCEEDED) as failure:
        await channel.stream_unary(path)()
    assert PATIENCE_SECONDS <= time.monotonic() - begin < 5 * PATIENCE_SECONDS
    assert failure.reason == "REQUEST_TIMEOUT"
    assert "CELLGEBRA_SLOW_SENDER_SECONDS" in failure.message
    await calls_end()


@pytest.fixture
async def connection(server):
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    opened = Connection(reader, writer)
    await opened.send(PREFACE, frame(SETTINGS, NO_TABLE))
    yield opened
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def ends_of(connection, count):
    """What the server says at the end of so many calls."""
    ends = []
    while len(ends) < count:
        kind, flags, payload = await connection.read()
        if kind == HEADERS and flags & END_STREAM:
            ends.append(payload)
    return ends


@pytest.mark.parametrize("path", OF_ONE_MESSAGE)
async def test_half_a_message_is_no_message(connection, path):
    streams = range(1, 21, 2)
    for stream in streams:
        await connection.send(call_frame(path, stream), frame(DATA, message_head(1000), 0, stream))

    async def drip():
        while True:
            for stream in streams:
                await connection.send(frame(DATA, b"a", 0, stream))
            await asyncio.sleep(PATIENCE_SECONDS / 10)

    dripping = asyncio.create_task(drip())
    try:
        async with asyncio.timeout(20):
            ends = await ends_of(connection, len(streams))
    finally:
        dripping.cancel()
    assert all(b"\x014" in end for end in ends)  # DEADLINE_EXCEEDED, which is 4
    await calls_end()


async def test_a_message_that_takes_a_while_is_taken(connection):
    message = datasets_pb2.GetDatasetRequest(id="a" * 10).SerializeToString()
    path = "/cellgebra.v1.DatasetService/GetDataset"
    await connection.send(call_frame(path, 1), frame(DATA, message_head(len(message)), 0, 1))
    for at, byte in enumerate(message, 1):
        await asyncio.sleep(PATIENCE_SECONDS / 20)
        await connection.send(frame(DATA, bytes([byte]), at == len(message), 1))
    (end,) = await ends_of(connection, 1)
    assert b"\x015" in end  # NOT_FOUND


async def test_a_call_that_ends_without_its_message_says_so(channel):
    call = channel.stream_unary(OF_ONE_MESSAGE[0])()
    await call.done_writing()
    async with asyncio.timeout(20), fails(StatusCode.INVALID_ARGUMENT) as failure:
        await call
    assert "without its message" in failure.message


async def test_a_client_that_goes_before_its_message_is_told_nothing(channel, context):
    for _ in range(20):
        call = channel.stream_unary(OF_ONE_MESSAGE[0])()
        await call.wait_for_connection()
        call.cancel()
    await calls_end()
    assert b"cellgebra_errors_total{" not in generate_latest(context.metrics.registry)
