"""RFC 9457 problem documents: the one table of codes, and every kind of error through it."""

import json
import logging
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from service.contract.errors import (
    CellgebraError,
    InvalidRequestError,
    Offender,
    ResourceExhaustedError,
)
from service.handlers.invalid import NO_OBJECT, invalid_request
from service.handlers.tracing import trace_id

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

# Where google.rpc's own mapping says 400, the client can act on a finer answer: 409 for a state
# that does not allow the request, 422 for a request that cannot become right by waiting.
HTTP_STATUS = {
    "INVALID_ARGUMENT": 422,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "FAILED_PRECONDITION": 409,
    "ABORTED": 409,
    "RESOURCE_EXHAUSTED": 429,
    "DEADLINE_EXCEEDED": 504,
    "UNAVAILABLE": 503,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "CANCELLED": 499,
    "INTERNAL": 500,
}
# Reasons that HTTP has a status of its own for.
_REASON_STATUS = {
    "UPLOAD_TOO_LARGE": 413,
    "REQUEST_TIMEOUT": 408,
    "BAD_LAST_EVENT_ID": 400,
    "BROKEN_TABLE": 400,
}
_HTTP_CODE = {
    400: "INVALID_ARGUMENT",
    404: "NOT_FOUND",
    405: "INVALID_ARGUMENT",
    408: "DEADLINE_EXCEEDED",
    413: "INVALID_ARGUMENT",
    416: "INVALID_ARGUMENT",
}


class _ProblemResponse(JSONResponse):
    """Also shows the client what it sent where that is no text: half a surrogate pair, escaped."""

    media_type = MEDIA_TYPE

    def render(self, content: Any) -> bytes:  # noqa: ANN401 - as Starlette has it
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "backslashreplace")


class ProblemDocument(BaseModel):
    """What went wrong, for programs (`code`, `reason`, `errors`) and people (`title`, `detail`)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    reason: str
    errors: list[Offender] = []
    trace_id: str


_SEND_JSON = "send JSON, with the header Content-Type: application/json"

PROBLEM_RESPONSE: dict[str, Any] = {
    "description": "What went wrong (RFC 9457)",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
}


def http_status(code: str, reason: str) -> int:
    """The HTTP status of an error."""
    return _REASON_STATUS.get(reason) or HTTP_STATUS.get(code, 500)


def problem(
    request: Request,
    error: Mapping[str, Any],
    *,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    **extensions: Any,  # noqa: ANN401 - members of the document
) -> Response:
    """A problem document from `{code, reason, detail, errors}`."""
    code, reason = error["code"], error["reason"]
    status = status or http_status(code, reason)
    request.scope.setdefault("state", {})["result"] = code
    request.app.state.context.metrics.error("rest", code, reason)
    words = reason.lower().replace("_", " ")
    document = {
        "type": f"urn:cellgebra:problem:{words.replace(' ', '-')}",
        "title": words.capitalize(),
        "status": status,
        "detail": error["detail"],
        "instance": request.url.path,
        "code": code,
        "reason": reason,
        "errors": error["errors"],
        "trace_id": trace_id.get(),
        **extensions,
    }
    return _ProblemResponse(document, status, headers)


def add_problem_handlers(app: FastAPI) -> None:
    """Have every error of `app` answered by a problem document."""
    app.exception_handler(CellgebraError)(_known_error)
    app.exception_handler(RequestValidationError)(_validation_error)
    app.exception_handler(HTTPException)(_http_error)
    app.exception_handler(ClientDisconnect)(_disconnected)


async def answer_error(
    request: Request, error: CellgebraError | HTTPException | ClientDisconnect
) -> Response:
    """The answer to an error that was met before the app could handle it."""
    if isinstance(error, CellgebraError):
        return await _known_error(request, error)
    if isinstance(error, HTTPException):
        return await _http_error(request, error)
    return await _disconnected(request, error)


async def _known_error(request: Request, error: CellgebraError) -> Response:
    if error.code == "INTERNAL":
        return unexpected_error(request, error)
    headers = {}
    if isinstance(error, ResourceExhaustedError):
        headers["Retry-After"] = str(math.ceil(error.retry_after_seconds))
    if error.code == "UNAUTHENTICATED":
        headers["WWW-Authenticate"] = 'Bearer realm="cellgebra"'
    if error.reason in ("UPLOAD_TOO_LARGE", "QUOTA_EXCEEDED"):
        headers["Connection"] = "close"  # do not read the rest of a body that nobody wants
    return problem(request, error.as_problem(), headers=headers)


async def _validation_error(request: Request, error: RequestValidationError) -> Response:
    in_body = [e for e in error.errors() if e["loc"][:1] == ("body",)]
    errors = in_body or list(error.errors())
    if in_body and (detail := _body_problem(request, in_body[0], error.body)):
        return problem(request, InvalidRequestError(detail).as_problem())
    cut = [{**e, "loc": e["loc"][1:]} for e in errors]
    body = error.body if in_body else None
    return problem(request, invalid_request(cut, body).as_problem())


def _body_problem(request: Request, error: Mapping[str, Any], body: object) -> str | None:
    """What is wrong with the body as a whole; None if it is a part of it."""
    if error["loc"] != ("body",):
        return None
    if error["type"] == "missing":
        return f"the body is missing: {_SEND_JSON}"
    if isinstance(body, bytes):  # not read as JSON, because it does not say that it is
        came = request.headers.get("content-type", "").partition(";")[0] or "of no type"
        return f"the body is {came}: {_SEND_JSON}"
    return "the body should be a JSON object" if error["type"] in NO_OBJECT else None


async def _http_error(request: Request, error: HTTPException) -> Response:
    phrase = HTTPStatus(error.status_code).phrase
    code = _HTTP_CODE.get(error.status_code, "INTERNAL")
    detail, headers = str(error.detail), error.headers
    path = request.url.path
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = _allowed_methods(request)
        headers = {"Allow": ", ".join(allowed)}
        told = " or ".join(allowed)
        detail = f"{path} does not take {request.method}: send {told}; /docs lists them all"
    elif error.detail == phrase and error.status_code == HTTPStatus.NOT_FOUND:
        detail = f"there is no {path}; /docs lists what there is"
    document = {
        "code": code,
        "reason": phrase.upper().replace(" ", "_").replace("-", "_"),
        "detail": detail,
        "errors": [],
    }
    return problem(request, document, status=error.status_code, headers=headers)


def _allowed_methods(request: Request) -> list[str]:
    """What the path takes; the router's own `Allow` names the methods of one of its routes."""
    path = request.scope["path"]
    routes = [one for one in iter_route_contexts(request.app.routes) if one.path_regex.match(path)]
    # `{id}` also matches `{id}:verb`, but means another resource.
    verbs = [route for route in routes if ":" in (route.path_format or "")]
    return sorted({method for route in verbs or routes for method in route.methods or ()})


async def _disconnected(request: Request, error: ClientDisconnect) -> Response:  # noqa: ARG001
    logger.info("the client went away: %s", request.url.path)
    return Response(status_code=499)


def unexpected_error(request: Request, error: Exception) -> Response:
    """Log an error and answer with nothing of it but the trace id."""
    logger.error(
        "unexpected error: %s %s (trace %s)",
        request.method,
        request.url.path,
        trace_id.get(),
        exc_info=error,
    )
    detail = "the service failed unexpectedly; its log has the cause under this trace_id"
    document = {"code": "INTERNAL", "reason": "INTERNAL", "detail": detail, "errors": []}
    return problem(request, document)
