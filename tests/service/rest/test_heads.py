"""The head of a request has bounds, of its size and of the time that it takes."""

import asyncio
import time
from contextlib import suppress

import pytest
import uvicorn

from service.rest.heads import MAX_HEAD_BYTES, bounded_protocol

PATIENCE_SECONDS = 1.0
PIECE = b"x-filler: " + b"a" * 1000 + b"\r\n"


async def app(scope, receive, send):
    while scope["path"] != "/unread" and (await receive()).get("more_body"):
        pass
    names = b" ".join(name for name, _ in scope["headers"])
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": names})


@pytest.fixture
async def port():
    protocol = bounded_protocol(PATIENCE_SECONDS)
    config = uvicorn.Config(app, port=0, log_config=None, lifespan="off", http=protocol)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await serving


async def answer_to(port, pieces):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        return await asyncio.wait_for(reader.read(), 10)
    except ConnectionError:
        return b""
    finally:
        writer.close()


BEGIN = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"


async def test_what_fits_is_answered_with_any_body_behind_it(port):
    body = b"b" * 3 * MAX_HEAD_BYTES
    length = b"Content-Length: %d\r\n\r\n" % len(body)
    answer = await answer_to(port, [BEGIN, PIECE * 20, length, body])
    assert answer.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("piece", [PIECE, b"a" * 1000], ids=["many", "one without an end"])
async def test_a_head_without_an_end_is_cut_off(port, piece):
    count = 2 * MAX_HEAD_BYTES // len(piece)
    answer = await answer_to(port, [BEGIN + b"x-begin: ", *[piece] * count])
    assert b"200" not in answer[:15]
    assert answer == b"" or (answer.startswith(b"HTTP/1.1 400") and b"longer than" in answer)


CHUNKED = BEGIN + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"


async def test_fields_behind_a_body_are_no_headers(port):
    answer = await answer_to(port, [CHUNKED + b"0\r\nauthorization: Bearer x\r\n\r\n"])
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"host connection transfer-encoding\r\n0\r\n" in answer


@pytest.mark.parametrize(
    ("begin", "piece"),
    [(b"0\r\n", PIECE), (b"0\r\nx-begin: ", b"a" * 1000), (b"3;", b"a" * 1000)],
    ids=["many", "one without an end", "of a chunk"],
)
async def test_fields_of_a_body_without_an_end_are_cut_off(port, begin, piece):
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(CHUNKED + begin)
    for _ in range(100 * MAX_HEAD_BYTES // len(piece)):
        writer.write(piece)
        try:
            await writer.drain()
        except ConnectionError:
            break
    else:
        raise AssertionError("all of it was taken")
    writer.close()


async def seconds_of(port, begin, drop):
    """How long a connection lives that goes on sending `drop`s."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    start = time.monotonic()
    writer.write(begin)
    try:
        while not reader.at_eof() and time.monotonic() - start < 20:
            writer.write(drop)
            with suppress(TimeoutError):
                await asyncio.wait_for(reader.read(2**16), 0.1)
    except ConnectionError:
        pass
    finally:
        writer.close()
    return time.monotonic() - start


ANSWERED = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    ("begin", "drop"),
    [
        (b"", b""),
        (b"GET /", b"a"),
        (b"GET / HTTP/1.1\r\nx-begin: ", b"a"),
        (b"GET / HTTP/1.1\r\n", b"x-more: a\r\n"),
        (ANSWERED, b"\r\n"),
        (ANSWERED + b"GET /", b"a"),
        (b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n", b"b"),
    ],
    ids=["nothing", "line", "header", "headers", "line ends", "second head", "answered body"],
)
async def test_who_owes_an_end_is_not_waited_for(port, begin, drop):
    seconds = await seconds_of(port, begin, drop)
    # The server may have begun to count a little before this test did.
    assert 0.9 * PATIENCE_SECONDS < seconds < 10 * PATIENCE_SECONDS


async def test_who_owes_nothing_may_come_again(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(4):
        writer.write(ANSWERED)
        assert await asyncio.wait_for(reader.readuntil(b"0\r\n\r\n"), 10)
        await asyncio.sleep(PATIENCE_SECONDS / 2)
    writer.close()
