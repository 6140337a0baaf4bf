"""Around every method, of all four kinds: its trace, its messages, and the status it ends with."""

import asyncio
import inspect
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.message import DecodeError, Message
from grpc_status.rpc_status import to_status

from service.contract import telemetry
from service.contract.errors import (
    CellgebraError,
    InvalidArgumentError,
    MessageTooLargeError,
    Offender,
    SlowSenderError,
)
from service.handlers.tracing import start_trace, trace_id
from service.metrics.families import Metrics
from service.rpc.errors import is_foreseen, reason_of, status_of
from service.rpc.streams import OpenStreams

logger = logging.getLogger(__name__)

TRACE_KEY = "x-trace-id"
PARENT_KEY = "traceparent"
# There may be thousands of these a second.
_FREQUENT = ("/Score", "/ModelInfer", "/Check", "/ServerLive", "/ServerReady")
MAX_MESSAGE_BYTES = 16 * 2**20
# What gRPC itself takes: above, it refuses in words of its own, which name no way out.
MAX_RECEIVED_BYTES = 4 * MAX_MESSAGE_BYTES
# A client that goes away may end its messages a moment before gRPC cancels the call.
_CANCEL_SECONDS = 0.1

# Streams of these end by themselves when the process is about to, after what they owe.
_OWN = "cellgebra."

Call = grpc.aio.ServicerContext[Any, Any]
Handler = Any  # grpc.RpcMethodHandler takes arguments in its stubs alone
Method = Callable[[Any, Call], Any]
Continuation = Callable[[grpc.HandlerCallDetails], Awaitable[Handler]]

_KINDS: dict[tuple[bool, bool], str] = {
    (False, False): "unary_unary",
    (False, True): "unary_stream",
    (True, False): "stream_unary",
    (True, True): "stream_stream",
}


class ErrorInterceptor(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]
    """Ends a call that raised with the status of its error; what nobody foresaw is INTERNAL.

    It stands first: an error that a later interceptor raises ends the call in the same way. Every
    call is counted and, unless it answers with a stream, timed from its message on. A method of one
    message is given that message, or its call ends: gRPC itself would wait for it without an end.
    """

    def __init__(self, metrics: Metrics, streams: OpenStreams, *, patience_seconds: float) -> None:
        self._metrics = metrics
        self._streams = streams
        self._patience_seconds = patience_seconds

    async def intercept_service(
        self,
        continuation: Continuation,
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Wrap a method of ours, of health or of reflection; None where there is no such method."""
        name = handler_call_details.method.lstrip("/")
        try:
            handler = await continuation(handler_call_details)
        except CellgebraError as error:
            return grpc.stream_stream_rpc_method_handler(
                _refusing(error, _Watched(name, self._metrics))
            )
        if handler is None:
            return None
        watched = _Watched(
            name,
            self._metrics,
            is_timed=not handler.response_streaming,
            patience_seconds=None if handler.request_streaming else self._patience_seconds,
        )
        return _guarded(handler, watched, self._streams)


class _Messages:
    """What a call has sent, each looked at before its method sees it.

    `last` is the message that an error is about: None before the first.
    """

    def __init__(self) -> None:
        self.last: Message | None = None

    def take(self, message: Message | CellgebraError) -> Message:
        """The message.

        Raises:
            InvalidArgumentError: it cannot be read, or a text holds NUL.
        """
        if isinstance(message, CellgebraError):
            raise message
        self.last = message
        require_text(message)
        return message

    def given(self, received: Any) -> Any:  # noqa: ANN401
        """What a method takes: the one message, or those of a stream.

        Raises:
            CellgebraError: of the one message, as `take`.
        """
        return self.each(received) if isinstance(received, AsyncIterator) else self.take(received)

    async def each(self, messages: AsyncIterator[Message]) -> AsyncIterator[Message]:
        """Those of a stream, as they come."""
        async for message in messages:
            yield self.take(message)


@dataclass(frozen=True)
class _Watched:
    """The name of a method, and where its calls are counted.

    `patience_seconds` is the patience with its one message; None: it takes a stream of them.
    """

    name: str
    metrics: Metrics
    is_timed: bool = False
    patience_seconds: float | None = None

    async def received(self, requests: AsyncIterator[Message], call: Call) -> Any:  # noqa: ANN401
        """What a call has come with, for `_Messages.given`."""
        if self.patience_seconds is None:
            return requests
        return await _one(call, self.patience_seconds)


def _guarded(handler: Handler, watched: _Watched, streams: OpenStreams) -> Handler:
    """A method as one that takes a stream: on the wire there is no difference to one message."""
    method = getattr(handler, _KINDS[handler.request_streaming, handler.response_streaming])
    is_stream = handler.response_streaming
    make = grpc.stream_stream_rpc_method_handler
    if not is_stream:
        make = grpc.stream_unary_rpc_method_handler
    return make(
        _streaming(method, watched, streams) if is_stream else _answering(method, watched),
        request_deserializer=_reading(handler.request_deserializer),
        response_serializer=handler.response_serializer,
    )


async def _one(call: Call, patience_seconds: float) -> Message | CellgebraError:
    """The only message of a call, or the error that it ends with."""
    try:
        async with asyncio.timeout(patience_seconds):
            message: Message | CellgebraError = await call.read()
    except TimeoutError:
        return SlowSenderError(
            f"the message of the call has not come whole within {patience_seconds:g} seconds "
            "(CELLGEBRA_SLOW_SENDER_SECONDS): send it again, or less at once"
        )
    if message is grpc.aio.EOF:  # type: ignore[attr-defined] # the stubs lack it
        await asyncio.sleep(_CANCEL_SECONDS)
        return InvalidArgumentError("the call has ended without its message")
    return message


def _answering(method: Method, watched: _Watched) -> Method:
    async def call(requests: AsyncIterator[Message], context: Call) -> Message:
        messages, received = _Messages(), await watched.received(requests, context)
        async with _ended_well(watched, context, messages):
            answer: Message = await method(messages.given(received), context)
        return answer

    return call


def _streaming(method: Method, watched: _Watched, streams: OpenStreams) -> Method:
    async def call(requests: AsyncIterator[Message], context: Call) -> None:
        messages, received = _Messages(), await watched.received(requests, context)
        heeds_the_end = watched.name.startswith(_OWN)
        ending = nullcontext() if heeds_the_end else streams.open()
        async with _ended_well(watched, context, messages), ending:
            answers = method(messages.given(received), context)
            if inspect.isawaitable(answers):  # it writes its answers itself
                await answers
                return
            # A client that goes away frees what the method holds at once, not when it is collected.
            async with aclosing(answers):
                async for answer in answers:
                    await context.write(answer)

    return call


def _refusing(error: CellgebraError, watched: _Watched) -> Method:
    async def call(_: Any, context: Call) -> None:  # noqa: ANN401
        async with _ended_well(watched, context, _Messages()):
            raise error

    return call


@asynccontextmanager
async def _ended_well(watched: _Watched, context: Call, messages: _Messages) -> AsyncIterator[None]:
    """Start the trace of a call; end the call with the status of what is raised in the block."""
    given = dict(context.invocation_metadata() or ())
    start_trace(_text(given.get(TRACE_KEY)), _text(given.get(PARENT_KEY)))
    begin, metrics = time.perf_counter(), watched.metrics
    code = grpc.StatusCode.CANCELLED  # what is not caught here: its client is gone
    try:
        with telemetry.span(watched.name, is_door=True):
            yield
        code = grpc.StatusCode.OK
    except grpc.aio.AbortError:  # gRPC's own: the method has ended the call
        code = grpc.StatusCode(context.code())
        raise
    except grpc.aio.BaseError:
        raise
    except Exception as error:
        if not is_foreseen(error):
            logger.exception("%s failed", watched.name, extra={"trace_id": trace_id.get()})
        end = to_status(status_of(error, messages.last))
        code = end.code
        metrics.error("rpc", code.name, reason_of(error))
        await context.abort(code, end.details, end.trailing_metadata)
    finally:
        seconds = time.perf_counter() - begin if watched.is_timed else None
        metrics.rpc(watched.name, code.name, seconds)
        level = logging.DEBUG if watched.name.endswith(_FREQUENT) else logging.INFO
        logger.log(level, "%s", watched.name, extra={"code": code.name})


def _reading(deserializer: Callable[[bytes], Message] | None) -> Callable[[bytes], Any]:
    """A deserializer that gives an error instead of raising it, which gRPC would call UNKNOWN."""

    def read(content: bytes) -> Message | bytes | CellgebraError:
        if len(content) > MAX_MESSAGE_BYTES:
            return _too_large(len(content))
        if deserializer is None:
            return content
        try:
            return deserializer(content)
        except DecodeError:
            return InvalidArgumentError(
                "the message cannot be read as its method's request; "
                "is it made with the stubs of this contract, and are its texts UTF-8?"
            )

    return read


def _too_large(size_bytes: int) -> MessageTooLargeError:
    return MessageTooLargeError(
        f"the message has {size_bytes} bytes, and the limit is {MAX_MESSAGE_BYTES} "
        f"({MAX_MESSAGE_BYTES >> 20} MiB): send many designs by ScoreStream, in messages of any "
        "size below that; upload tables in a stream of chunks"
    )


def require_text(request: Message) -> None:
    """Refuse NUL in ids and tokens, which PostgreSQL's text cannot hold; specs are checked whole.

    Raises:
        InvalidArgumentError: a text holds it.
    """
    for field, value in request.ListFields():
        if isinstance(value, str) and "\0" in value:
            message = "holds the character NUL"
            raise InvalidArgumentError(
                f"{field.name}: {message}", [Offender(field=field.name, message=message)]
            )


def _text(found: str | bytes | None) -> str | None:
    return found if isinstance(found, str) else None
