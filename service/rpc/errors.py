"""One table from the codes of CellgebraError to gRPC's, and the rich status of an error.

Details travel in the trailers, which a client refuses above 8 KiB: a status holds as many field
violations as fit, and its ErrorInfo says how many there are.
"""

from collections.abc import Iterator
from typing import TypeGuard

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

from service.contract.errors import (
    CellgebraError,
    Offender,
    ResourceExhaustedError,
)
from service.handlers.tracing import trace_id
from service.rpc.paths import request_path

DOMAIN = "cellgebra"
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


def is_foreseen(error: Exception) -> TypeGuard[CellgebraError]:
    """Whether `error` is one to tell a client of."""
    return isinstance(error, CellgebraError) and error.code != "INTERNAL"


def reason_of(error: Exception) -> str:
    """The reason that a client is told."""
    return error.reason if is_foreseen(error) else CellgebraError.reason


def status_of(error: Exception, request: Message | None) -> Status:
    """The status that a client gets for `error`; of what nobody foresaw, no more than INTERNAL.

    The paths of fields are those of `request`; None before there is one.
    """
    info = ErrorInfo(domain=DOMAIN, metadata={TRACE_NAME: trace_id.get()})
    if isinstance(error, CellgebraError):
        info.metadata.update(error.named)
    if not is_foreseen(error):
        info.reason = reason_of(error)
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


def _violations(
    offenders: list[Offender], request: Message | None
) -> Iterator[BadRequest.FieldViolation]:
    """As many violations as fit, in order."""
    size_bytes = 0
    for offender in offenders:
        field = offender.field or ""
        violation = BadRequest.FieldViolation(
            field=field if request is None else request_path(request, field),
            description=_description(offender),
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
