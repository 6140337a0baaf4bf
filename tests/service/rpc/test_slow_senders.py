"""Uploads that stop in their stream, or drip: refused in the words of every error, and not kept."""

import asyncio
import time

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


@pytest.mark.parametrize("drop", [None, b"", b"x"], ids=["silent", "empty", "a byte"])
async def test_a_stream_that_drips_is_ended_and_leaves_nothing(channel, settings, drop):
    stub = datasets_pb2_grpc.DatasetServiceStub(channel)
    call, begin = stub.CreateDataset(), time.monotonic()
    await call.write(datasets_pb2.CreateDatasetRequest(header={"spec": SPEC}))
    async with asyncio.timeout(30), fails(StatusCode.DEADLINE_EXCEEDED) as failure:
        while not call.done():
            if drop is not None:
                await call.write(datasets_pb2.CreateDatasetRequest(chunk=drop))
            await asyncio.sleep(0.1)
        await call
    assert failure.reason == "REQUEST_TIMEOUT"
    assert time.monotonic() - begin < 20 * PATIENCE_SECONDS
    await nothing_is_left(settings)
    assert not (await stub.ListDatasets(datasets_pb2.ListDatasetsRequest())).datasets


async def test_a_slow_stream_above_the_least_rate_is_taken(channel):
    call = datasets_pb2_grpc.DatasetServiceStub(channel).CreateDataset()
    await call.write(datasets_pb2.CreateDatasetRequest(header={"spec": SPEC}))
    for _ in range(20):
        await asyncio.sleep(PATIENCE_SECONDS / 10)
        await call.write(datasets_pb2.CreateDatasetRequest(chunk=TABLE * 10))
    await call.done_writing()
    assert (await call).id
