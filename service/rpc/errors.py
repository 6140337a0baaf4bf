"""One table from the codes of CellgebraError to gRPC's, and the rich status of an error.

Details travel in the trailers, which a client refuses above 8 KiB: a status holds as many field
violations as fit, and its ErrorInfo says how many there are.
"""

import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeGuard, cast

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import (  # type: ignore[import-untyped]
    BadRequest,
    ErrorInfo,
    RetryInfo,
)
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from grpc_status.rpc_status import to_status

from service.contract.errors import (
    CellgebraError,
    InvalidArgumentError,
    Offender,
    ResourceExhaustedError,
)
from service.handlers.tracing import start_trace, trace_id
from service.rpc.paths import request_path

logger = logging.getLogger(__name__)

DOMAIN = "cellgebra"
TRACE_KEY = "x-trace-id"
TRACE_NAME = "trace_id"
MAX_MESSAGE_CHARACTERS = 1000
MAX_VIOLATION_BYTES = 3000  # base64 makes 4,000 of them, beside a message in percent encoding

STATUS_CODES: dict[str, grpc.StatusCode] = {
    "INVALID_ARGUMENT": grpc.StatusCode.INVALID_ARGUMENT,
    "NOT_FOUND": grpc.StatusCode.NOT_FOUND,
    "ALREADY_EXISTS": grpc.StatusCode.ALREADY_EXISTS,
    "FAILED_PRECONDITION": grpc.StatusCode.FAILED_PRECONDITION,
    "RESOURCE_EXHAUSTED": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "DEADLINE_EXCEEDED": grpc.StatusCode.DEADLINE_EXCEEDED,
    "UNAVAILABLE": grpc.StatusCode.UNAVAILABLE,
    "UNAUTHENTICATED": grpc.StatusCode.UNAUTHENTICATED,
    "PERMISSION_DENIED": grpc.StatusCode.PERMISSION_DENIED,
    "CANCELLED": grpc.StatusCode.CANCELLED,
    "ABORTED": grpc.StatusCode.ABORTED,
    "INTERNAL": grpc.StatusCode.INTERNAL,
}

Call = grpc.aio.ServicerContext[Any, Any]
Method = Callable[[Message, Call], Awaitable[Message]]


class ErrorInterceptor(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]
    """Ends a call that raised with the status of its error; what nobody foresaw is INTERNAL."""

    async def intercept_service(
        self,
        continuation: Callable[
            [grpc.HandlerCallDetails], Awaitable["grpc.RpcMethodHandler[Any, Any]"]
        ],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "grpc.RpcMethodHandler[Any, Any]":
        """Wrap a unary method; the streams of health and reflection pass as they are."""
        handler = await continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:  # type: ignore[redundant-expr]
            return handler
        return grpc.unary_unary_rpc_method_handler(
            _guarded(cast("Method", handler.unary_unary), handler_call_details.method),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )


def _guarded(method: Method, name: str) -> Method:
    async def call(request: Message, context: Call) -> Message:
        start_trace(_given_trace(context))
        try:
            _require_text(request)
            return await method(request, context)
        except grpc.aio.AbortError:
            raise
        except Exception as error:
            if not _is_foreseen(error):
                logger.exception("%s failed", name, extra={"trace_id": trace_id.get()})
            end = to_status(status_of(error, request))
        return await context.abort(end.code, end.details, end.trailing_metadata)

    return call


def _require_text(request: Message) -> None:
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


def _given_trace(context: Call) -> str | None:
    found = dict(context.invocation_metadata() or ()).get(TRACE_KEY)
    return found if isinstance(found, str) else None


def _is_foreseen(error: Exception) -> TypeGuard[CellgebraError]:
    return isinstance(error, CellgebraError) and error.code != "INTERNAL"


def status_of(error: Exception, request: Message) -> Status:
    """The status that a client gets for `error`; of what nobody foresaw, no more than INTERNAL."""
    info = ErrorInfo(domain=DOMAIN, metadata={TRACE_NAME: trace_id.get()})
    if not _is_foreseen(error):
        info.reason = "INTERNAL"
        text = f"internal error; the service's log has it under trace_id {trace_id.get()}"
        return _status(grpc.StatusCode.INTERNAL, text, [info])
    info.reason = error.reason
    details: list[Message] = [info]
    if error.offenders:
        info.metadata["violation_count"] = str(len(error.offenders))
        details.append(BadRequest(field_violations=_violations(error.offenders, request)))
    if isinstance(error, ResourceExhaustedError):
        delay = Duration()
        delay.FromMilliseconds(round(1000 * error.retry_after_seconds))
        details.append(RetryInfo(retry_delay=delay))
    return _status(STATUS_CODES[error.code], error.detail, details)


def _status(code: grpc.StatusCode, text: str, details: list[Message]) -> Status:
    if len(text) > MAX_MESSAGE_CHARACTERS:
        text = text[: MAX_MESSAGE_CHARACTERS - 3] + "..."
    status = Status(code=code.value[0], message=text)
    for detail in details:
        packed = AnyMessage()
        packed.Pack(detail)
        status.details.append(packed)
    return status


def _violations(offenders: list[Offender], request: Message) -> Iterator[BadRequest.FieldViolation]:
    """As many violations as fit, in order."""
    size_bytes = 0
    for offender in offenders:
        violation = BadRequest.FieldViolation(
            field=request_path(request, offender.field or ""), description=_description(offender)
        )
        size_bytes += violation.ByteSize() + 4
        if size_bytes > MAX_VIOLATION_BYTES:
            return
        yield violation


def _description(offender: Offender) -> str:
    column = f", column {offender.column}" if offender.column else ""
    where = f"row {offender.row}{column}: " if offender.row is not None else ""
    meant = f"; did you mean {', '.join(offender.suggestions)}?" if offender.suggestions else ""
    return f"{where}{offender.message}{meant}"
