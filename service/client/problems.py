"""Problem documents become the errors of `service.contract.errors`."""

from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from service.contract.errors import (
    CellgebraError,
    InvalidRequestError,
    Offender,
    ResourceExhaustedError,
    UnauthenticatedError,
    class_of,
)
from service.contract.resources import Problem

_RETRY_AFTER_SECONDS = 1.0

_CODE_OF_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    429: "RESOURCE_EXHAUSTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}

M = TypeVar("M", bound=BaseModel)


def spec_of(model: type[M], value: M | dict[str, Any]) -> M:
    """A spec, as it is or from a dict.

    Raises:
        InvalidRequestError: the dict is none; every offence is listed.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        offenders = [
            Offender(field=".".join(map(str, e["loc"])) or None, message=e["msg"])
            for e in error.errors(include_url=False)
        ]
        told = "; ".join(f"{o.field}: {o.message}" if o.field else o.message for o in offenders)
        raise InvalidRequestError(told, offenders) from None


def bearer_of(api_key: str) -> str:
    """The Authorization of a key, or of a token; blanks around it, as files have, are not sent.

    Raises:
        UnauthenticatedError: it holds what neither has. What it is stays untold.
    """
    key = api_key.strip()
    if not key.isascii() or not key.isprintable() or " " in key:
        raise UnauthenticatedError(
            "the API key holds a character that no key has (api_key, or CELLGEBRA_API_KEY): "
            "is it one line, and all of it?"
        )
    return f"Bearer {key}"


def error_of(response: httpx.Response) -> CellgebraError:
    """The error that an answer of 400 or above tells of."""
    problem = _problem(response)
    kind = class_of(problem.code, problem.reason)
    if issubclass(kind, ResourceExhaustedError):
        return kind(problem.detail, retry_after_seconds(response))
    detail = problem.detail
    if kind is CellgebraError:
        detail += f" (trace_id {response.headers.get('X-Trace-Id', 'none')})"
    return kind(detail, problem.errors)


def error_from(problem: Problem) -> CellgebraError:
    """The error that a job or a data set has ended with."""
    kind = class_of(problem.code, problem.reason)
    if issubclass(kind, ResourceExhaustedError):
        return kind(problem.detail)
    return kind(problem.detail, problem.errors)


def retry_after_seconds(response: httpx.Response) -> float:
    """How long the service, or what stands before it, asks to wait: in seconds, or until a date."""
    told = response.headers.get("Retry-After", "")
    with suppress(ValueError):
        seconds = float(told)
        return seconds if 0 <= seconds < float("inf") else _RETRY_AFTER_SECONDS
    with suppress(ValueError):
        date = parsedate_to_datetime(told)
        return max(0.0, (date.replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds())
    return _RETRY_AFTER_SECONDS


def _problem(response: httpx.Response) -> Problem:
    """The document; what stands before a service, such as a proxy, answers in a form of its own."""
    with suppress(ValidationError):
        return Problem.model_validate_json(response.content)
    code = _CODE_OF_STATUS.get(response.status_code, "INTERNAL")
    told = f"HTTP {response.status_code} from {response.url}"
    return Problem(code=code, reason=code, detail=told)
