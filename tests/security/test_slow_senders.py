"""Senders that never come to an end, or take as long as they like over it."""

import asyncio
import json
import socket
import time
from contextlib import closing, contextmanager
from urllib.parse import urlencode

import grpc
import pytest

from service.rpc.pb.cellgebra.v1 import datasets_pb2, datasets_pb2_grpc
from tests.service.rows import DATASET_SPEC
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
from tests.service.rpc.test_datasets import SPEC

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SLOW = "refused: 408, or DEADLINE_EXCEEDED; nothing kept, others are answered"
DROP_SECONDS = 0.5
LONGEST_SECONDS = 60  # of a patience of 5


@pytest.fixture
def ask(api):
    """A request of somebody who is in no way slow."""
    return lambda: api.get("/v1/datasets").raise_for_status()


@pytest.fixture
def kept(service):
    """The files that came from outside, also those that are not yet whole."""

    def look():
        found = (service.data_dir / "artifacts").rglob("*")
        return {path for path in found if path.is_file()}

    return look


@pytest.fixture
def connected(service):
    """Connections that have sent a beginning each."""

    @contextmanager
    def connect(heads):
        host, port = service.base_url.removeprefix("http://").split(":")
        made = []
        try:
            for head in heads:
                made.append(socket.create_connection((host, int(port)), timeout=30))
                made[-1].sendall(head.encode())
                made[-1].setblocking(False)
            yield made
        finally:
            for connection in made:
                connection.close()

    return connect


def ends_of(connections, drop, meanwhile):
    """What each is answered that goes on sending drops until the service has closed them all."""
    answers = dict.fromkeys(connections, b"")
    is_open, begin = set(connections), time.monotonic()
    while is_open and time.monotonic() < begin + LONGEST_SECONDS:
        for connection in tuple(is_open):
            try:
                came = connection.recv(65536)
                answers[connection] += came
                is_open -= set() if came else {connection}
            except BlockingIOError:  # who still sends to a closed connection may lose its answer
                connection.send(drop)
            except ConnectionError:
                is_open.discard(connection)
        meanwhile()
        time.sleep(DROP_SECONDS)
    assert not is_open, f"{len(is_open)} connections are open after {LONGEST_SECONDS} s"
    return list(answers.values())


def post(path, *lines):
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: 127.0.0.1", *lines, "", ""])


def test_slow_senders_do_not_keep_others_waiting(connected, api, ask, trained, tried):
    heads = ["POST /v1/datasets?spec=%7B%7D HTTP/1.1\r\n", "GET /v1/da"] * 150
    path, body = f"/v1/models/{trained['model_id']}:score", {"genotypes": ["PP_0368:knockdown"]}
    with connected(heads) as slow:
        for _ in range(20):
            assert api.post(path, json=body).status_code == 200
        answers = ends_of(slow, b"a", ask)
    result = "closed in time; others are answered"
    tried("connections that never finish their request", result, times=300)
    assert not any(answer.startswith(b"HTTP/1.1 2") for answer in answers)


DRIPS = {"Content-Length: 1000000": b"a", "Transfer-Encoding: chunked": b"1\r\na\r\n"}


@pytest.mark.parametrize("line", DRIPS)
def test_an_upload_that_drips_is_ended(connected, ask, kept, tried, line):
    before = kept()
    path = f"/v1/datasets?{urlencode({'spec': json.dumps(DATASET_SPEC)})}"
    with connected([post(path, line)] * 50) as slow:
        answers = ends_of(slow, DRIPS[line], ask)
    tried("uploads of a few bytes a second", SLOW, times=50)
    assert [answer for answer in answers if not answer.startswith(b"HTTP/1.1 408")] == []
    assert all(b"REQUEST_TIMEOUT" in answer for answer in answers)
    assert kept() == before


def test_a_body_in_json_that_drips_is_ended(connected, ask, tried):
    lines = ["Content-Type: application/json", "Content-Length: 1000000"]
    paths = ["/v1/training-jobs", "/v1/models/m:score"]
    with connected([post(path, *lines) for path in paths] * 25) as slow:
        answers = ends_of(slow, b" ", ask)
    tried("JSON of a few bytes a second", SLOW, times=50)
    assert [answer for answer in answers if not answer.startswith(b"HTTP/1.1 408")] == []


def test_a_stream_of_an_upload_that_drips_is_ended(service, ask, kept, tried):
    before, until = kept(), time.monotonic() + LONGEST_SECONDS

    def dripping():
        yield datasets_pb2.CreateDatasetRequest(header={"spec": SPEC})
        while time.monotonic() < until:
            time.sleep(DROP_SECONDS)
            yield datasets_pb2.CreateDatasetRequest(chunk=b"a")

    with closing(grpc.insecure_channel(service.grpc_address)) as channel:
        create = datasets_pb2_grpc.DatasetServiceStub(channel).CreateDataset
        calls = [create.future(dripping(), timeout=2 * LONGEST_SECONDS) for _ in range(20)]
        while not all(call.done() for call in calls):
            ask()
            time.sleep(DROP_SECONDS)
    tried("uploads of a few bytes a second", SLOW, times=20)
    assert time.monotonic() < until
    assert {call.code() for call in calls} == {grpc.StatusCode.DEADLINE_EXCEEDED}
    assert all("CELLGEBRA_SLOW_SENDER_SECONDS" in call.details() for call in calls)
    assert kept() == before


HALVES = "gRPC calls whose message never comes whole"
ENDED = "refused: DEADLINE_EXCEEDED; others are answered"
METHODS = ["/cellgebra.v1.InferenceService/Score", "/cellgebra.v1.TrainingService/WatchTrainingJob"]


@pytest.mark.parametrize("path", METHODS)
def test_calls_without_a_message_are_ended(service, ask, tried, path):
    with closing(grpc.insecure_channel(service.grpc_address)) as channel:
        begin, until = time.monotonic(), time.monotonic() + LONGEST_SECONDS

        def never():
            while time.monotonic() < until:
                time.sleep(DROP_SECONDS)
            yield b""

        calls = [channel.stream_unary(path).future(never()) for _ in range(50)]
        while not all(call.done() for call in calls) and time.monotonic() < until:
            ask()
            time.sleep(DROP_SECONDS)
        took = time.monotonic() - begin
        until = 0
    tried(HALVES, ENDED, times=50)
    assert {call.code() for call in calls} == {grpc.StatusCode.DEADLINE_EXCEEDED}
    assert all("CELLGEBRA_SLOW_SENDER_SECONDS" in call.details() for call in calls)
    assert took < LONGEST_SECONDS


async def _ends_of_halves(address, path, count):
    """How calls end, of one connection, that send a byte of their message now and then."""
    reader, writer = await asyncio.open_connection(*address.split(":"))
    connection = Connection(reader, writer)
    await connection.send(PREFACE, frame(SETTINGS, NO_TABLE))
    streams = range(1, 2 * count, 2)
    for stream in streams:
        await connection.send(call_frame(path, stream), frame(DATA, message_head(10**6), 0, stream))

    async def drip():
        while True:
            for stream in streams:
                await connection.send(frame(DATA, b"a", 0, stream))
            await asyncio.sleep(DROP_SECONDS)

    dripping, ends = asyncio.create_task(drip()), []
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            while len(ends) < count:
                kind, flags, payload = await connection.read()
                ends += [payload] if kind == HEADERS and flags & END_STREAM else []
    finally:
        dripping.cancel()
        writer.close()
    return ends


@pytest.mark.parametrize("path", METHODS)
def test_calls_of_half_a_message_are_ended(service, ask, tried, path):
    ends = asyncio.run(_ends_of_halves(service.grpc_address, path, 50))
    ask()
    tried(HALVES, ENDED, times=50)
    assert all(b"\x014" in end for end in ends)  # DEADLINE_EXCEEDED, which is 4
