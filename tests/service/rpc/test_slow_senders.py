"""Uploads that stop in their stream, or drip: refused in the words of every error, and not kept."""

import asyncio
import threading
import time

import grpc
import pytest
from grpc import StatusCode

from service.rpc.pb.cellgebra.v1 import (
    datasets_pb2,
    datasets_pb2_grpc,
    genes_pb2_grpc,
    scoring_pb2_grpc,
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
