"""The REST door in this process: without a socket, and on one."""

import asyncio
import threading
from contextlib import contextmanager

import pytest
import uvicorn

from service.server import ApiServer, create_app


@pytest.fixture
def database_kind():
    """The handlers' tests cover both kinds; a door adds no SQL."""
    return "sqlite"


@contextmanager
def running(settings):
    """The whole api process in a thread; gives its server and address."""
    app = create_app(settings)
    config = uvicorn.Config(app, port=0, log_config=None, timeout_graceful_shutdown=20)
    server = ApiServer(config, app)
    thread = threading.Thread(target=asyncio.run, args=[server.serve()])
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            threading.Event().wait(0.01)
        yield server, f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)


@pytest.fixture
def live_url(settings):
    with running(settings) as (_, url):
        yield url
