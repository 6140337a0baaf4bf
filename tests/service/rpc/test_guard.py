"""What surrounds a method, of each of the four kinds: seen through a service of nothing but probes.

A probe fails as the id that it is sent says: before an answer, after one, or not at all.
"""

import asyncio
import logging

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from grpc import StatusCode

from service.contract.errors import (
    InvalidArgumentError,
    NotFoundError,
    Offender,
    PermissionDeniedError,
    ResourceExhaustedError,
)
from service.handlers.tracing import trace_id
from service.metrics.families import Metrics
from service.rpc.guard import ErrorInterceptor
from service.rpc.pb.cellgebra.v1.training_pb2 import GetTrainingJobRequest as Probe
from service.rpc.streams import OpenStreams
from tests.service.rpc.statuses import fails

KINDS = ["unary_unary", "unary_stream", "stream_unary", "stream_stream"]
FAILURES = {
    "lost": NotFoundError("no such probe"),
    "bad": InvalidArgumentError("bad", [Offender(message="is bad", field="id")]),
    "busy": ResourceExhaustedError("too many", retry_after_seconds=2.5),
    "secret": RuntimeError("secret"),
}
TRACE = [("x-trace-id", "trace-of-mine")]
PATIENCE_SECONDS = 1.0


def answered(request):
    if request.id in FAILURES:
        raise FAILURES[request.id]
    return Probe(id=trace_id.get() if request.id == "trace" else request.id)


class Probes:
    """Four methods that answer what they are sent; what they hold, they let go."""

    def __init__(self):
        self.held = []
        self.let_go = asyncio.Event()

    async def unary_unary(self, request, _):
        return answered(request)

    async def unary_stream(self, request, _):
        self.held.append(request.id)
        try:
            yield Probe(id="first")
            if request.id == "wait":
                await asyncio.sleep(60)
            yield answered(request)
        finally:
            self.held.remove(request.id)
            self.let_go.set()

    async def stream_unary(self, requests, _):
        found = [answered(request).id async for request in requests]
        return Probe(id="+".join(found))

    async def stream_stream(self, requests, _):
        async for request in requests:
            yield answered(request)

    async def written(self, request, call):
        await call.write(Probe(id="first"))
        await call.write(answered(request))


def handlers(probes):
    kinds = {kind: kind for kind in KINDS} | {"written": "unary_stream"}
    made = {
        name: getattr(grpc, f"{kind}_rpc_method_handler")(
            getattr(probes, name), Probe.FromString, Probe.SerializeToString
        )
        for name, kind in kinds.items()
    }
    return grpc.method_handlers_generic_handler("probe.Probes", made)


class Doorkeeper(grpc.aio.ServerInterceptor):
    """Refuses whoever says so."""

    async def intercept_service(self, continuation, details):
        if ("refuse", "me") in details.invocation_metadata:
            raise PermissionDeniedError("you asked for it")
        return await continuation(details)


@pytest.fixture
def probes():
    return Probes()


@pytest.fixture
def streams():
    return OpenStreams()


@pytest.fixture
async def channel(probes, streams):
    guard = ErrorInterceptor(Metrics(), streams, patience_seconds=PATIENCE_SECONDS)
    server = grpc.aio.server(interceptors=[guard, Doorkeeper()])
    server.add_generic_rpc_handlers((handlers(probes),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as opened:
        yield opened
    await server.stop(0)


def written(message):
    return message if isinstance(message, bytes) else message.SerializeToString()


@pytest.fixture
def ask(channel):
    """The answers of a method to messages; bytes go as they are."""

    async def call(name, *messages, metadata=TRACE):
        kind = "unary_stream" if name == "written" else name
        method = getattr(channel, kind)(f"/probe.Probes/{name}", written, Probe.FromString)
        asked = iter(messages) if kind.startswith("stream") else messages[0]
        answer = method(asked, metadata=metadata)
        if kind.endswith("unary"):
            return [(await answer).id]
        return [one.id async for one in answer]

    return call


ALL = [*KINDS, "written"]


@pytest.mark.parametrize("name", ALL)
async def test_an_answer_passes_and_its_method_knows_the_trace(ask, name):
    assert (await ask(name, Probe(id="trace")))[-1] == "trace-of-mine"


@pytest.mark.parametrize("name", ALL)
async def test_a_foreseen_error_says_where_it_is(ask, name):
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await ask(name, Probe(id="bad"))
    assert failure.message == "bad"
    assert failure.reason == "INVALID_ARGUMENT"
    assert failure.violations == [("id", "is bad")]
    assert failure.info["trace_id"] == "trace-of-mine"


@pytest.mark.parametrize("name", ALL)
async def test_a_limit_says_when_to_come_again(ask, name):
    async with fails(StatusCode.RESOURCE_EXHAUSTED) as failure:
        await ask(name, Probe(id="busy"))
    assert failure.detail(RetryInfo) is not None
    assert failure.retry_seconds == 2.5


@pytest.mark.parametrize("name", ALL)
async def test_what_nobody_foresaw_is_in_the_log_alone(ask, name, caplog):
    with caplog.at_level(logging.ERROR, "service.rpc.guard"):
        async with fails(StatusCode.INTERNAL) as failure:
            await ask(name, Probe(id="secret"))
    assert b"secret" not in failure.status.SerializeToString()
    (record,) = caplog.records
    assert (record.trace_id, record.args) == ("trace-of-mine", (f"probe.Probes/{name}",))


@pytest.mark.parametrize("name", ALL)
async def test_no_message_with_nul_reaches_a_method(ask, name):
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await ask(name, Probe(id="a\0b"))
    assert failure.violations == [("id", "holds the character NUL")]


@pytest.mark.parametrize("name", ["stream_unary", "stream_stream"])
async def test_every_message_of_a_stream_is_looked_at(ask, name):
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await ask(name, Probe(id="well"), Probe(id="\0"))
    assert failure.violations == [("id", "holds the character NUL")]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("content", [b"\x0a\x02\xff\xfe", b"\x0a\x7f", b"\xff"])
async def test_bytes_that_are_no_message_are_the_clients_fault(ask, name, content):
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await ask(name, content)
    assert "cannot be read" in failure.message


@pytest.mark.parametrize("name", ["unary_stream", "written"])
async def test_answers_come_before_the_error_that_ends_their_stream(channel, name):
    method = channel.unary_stream(
        f"/probe.Probes/{name}", Probe.SerializeToString, Probe.FromString
    )
    call = method(Probe(id="lost"))
    assert (await call.read()).id == "first"
    async with fails(StatusCode.NOT_FOUND) as failure:
        await call.read()
    assert failure.message == "no such probe"


@pytest.mark.parametrize("name", ALL)
async def test_what_a_later_interceptor_raises_ends_the_call_alike(ask, name):
    async with fails(StatusCode.PERMISSION_DENIED) as failure:
        await ask(name, Probe(id="well"), metadata=[*TRACE, ("refuse", "me")])
    assert failure.reason == "PERMISSION_DENIED"
    assert failure.info["trace_id"] == "trace-of-mine"


async def test_a_client_that_goes_away_frees_what_its_stream_held(channel, probes):
    method = channel.unary_stream(
        "/probe.Probes/unary_stream", Probe.SerializeToString, Probe.FromString
    )
    call = method(Probe(id="wait"))
    assert (await call.read()).id == "first"
    assert probes.held == ["wait"]
    call.cancel()
    await asyncio.wait_for(probes.let_go.wait(), 10)
    assert probes.held == []
