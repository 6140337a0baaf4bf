"""A front end in this process: real database, real broker, no workers."""

import pytest

from service.contract.settings import Settings
from service.handlers.context import Caller, Context


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
