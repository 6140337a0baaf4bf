"""A front end in this process: real database, real broker, no workers."""

import grpc
import httpx
import pytest

from service.contract.settings import Settings
from service.handlers.context import Caller, Context
from service.rest.app import create_rest
from service.rpc.pb.cellgebra.v1 import training_pb2_grpc
from service.rpc.server import start_server


@pytest.fixture
def settings(database_url, valkey, tmp_path):
    return Settings(
        data_dir=tmp_path,
        database_url=database_url,
        broker_url=valkey.url,
        event_poll_seconds=0.02,
        ingest_wait_seconds=0,
        max_upload_bytes=4 * 2**20,
        grpc_port=0,
    )


@pytest.fixture
async def context(settings):
    made = Context.of(settings)
    await made.start()
    yield made
    await made.close()


@pytest.fixture
def caller():
    return Caller("default", "local")


@pytest.fixture
def stranger():
    return Caller("another", "eve")


@pytest.fixture
async def rest(context):
    """The REST door, without a socket."""
    transport = httpx.ASGITransport(create_rest(context))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        yield client


@pytest.fixture
async def server(context, settings):
    """The gRPC door, on a socket."""
    started = await start_server(context, settings)
    yield started
    await started.stop(0)


@pytest.fixture
async def channel(server):
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as opened:
        yield opened


@pytest.fixture
def training(channel):
    return training_pb2_grpc.TrainingServiceStub(channel)
