"""Pings between a server and its clients, told by frames of HTTP/2 on a plain socket."""

import asyncio
import contextlib
from contextlib import asynccontextmanager

import pytest

from service.rpc.server import start_server
from tests.service.rpc.frames import (
    ACK,
    ENHANCE_YOUR_CALM,
    GOAWAY,
    PING,
    PREFACE,
    SETTINGS,
    Connection,
    frame,
)

SECONDS = 15


@pytest.fixture
async def connect(context, settings):
    """Connections to servers with changed settings."""

    @asynccontextmanager
    async def opened(**changes):
        server = await start_server(context, settings.model_copy(update=changes))
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        connection = Connection(reader, writer)
        await connection.send(PREFACE, frame(SETTINGS))
        try:
            yield connection
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
            await server.stop(0)

    return opened


async def test_a_silent_client_is_pinged_and_let_go(connect):
    async with connect(grpc_keepalive_seconds=1) as connection:
        assert await asyncio.wait_for(connection.until(PING), SECONDS) is not None
        # No answer: the server closes.
        assert await asyncio.wait_for(connection.until(PING), SECONDS) is None


async def test_a_client_that_answers_is_kept(connect):
    async with connect(grpc_keepalive_seconds=1) as connection:
        for _ in range(3):
            payload = await asyncio.wait_for(connection.until(PING), SECONDS)
            assert payload is not None
            await connection.send(frame(PING, payload, ACK))


async def ping(connection, count):
    """Send pings on a connection without calls; the code of a GOAWAY, None without one."""
    for _ in range(count):
        await connection.send(frame(PING, bytes(8)))
        while (found := await asyncio.wait_for(connection.read(), SECONDS))[:2] != (PING, ACK):
            if found[0] == GOAWAY:
                return int.from_bytes(found[2][4:8], "big")
    return None


async def test_a_client_may_ping_as_often_as_is_said(connect):
    async with connect(grpc_min_ping_seconds=1e-3) as connection:
        for _ in range(8):
            assert await ping(connection, 1) is None
            await asyncio.sleep(2e-3)


async def test_a_client_that_pings_more_often_is_cut_off(connect):
    async with connect(grpc_min_ping_seconds=60) as connection:
        assert await ping(connection, 8) == ENHANCE_YOUR_CALM
