"""Problem documents become the errors of `service.contract.errors`."""

from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from service.contract import errors
from service.contract.errors import (
    CellgebraError,
    InvalidArgumentError,
    Offender,
    ResourceExhaustedError,
)
from service.contract.resources import Problem

_RETRY_AFTER_SECONDS = 1.0

M = TypeVar("M", bound=BaseModel)


def spec_of(model: type[M], value: M | dict[str, Any]) -> M:
    """A spec, as it is or from a dict.

    Raises:
        InvalidArgumentError: the dict is none; every offence is listed.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        offenders = [
            Offender(field=".".join(map(str, e["loc"])) or None, message=e["msg"])
            for e in error.errors(include_url=False)
        ]
        told = "; ".join(f"{o.field}: {o.message}" if o.field else o.message for o in offenders)
        raise InvalidArgumentError(told, offenders) from None


def _tree(kind: type[CellgebraError]) -> list[type[CellgebraError]]:
    return [kind, *(deeper for child in kind.__subclasses__() for deeper in _tree(child))]


def _class_of(code: str, reason: str) -> type[CellgebraError]:
    """The class of a reason, else of a code; the root for what this version does not know."""
    known = [kind for kind in _tree(CellgebraError) if kind.__module__ == errors.__name__]
    for kind in known:
        if kind.reason == reason:
            return kind
    return next((kind for kind in known if kind.code == code), CellgebraError)


def error_of(response: httpx.Response) -> CellgebraError:
    """The error that an answer of 400 or above tells of."""
    document = _document(response)
    code, reason = document.get("code", "INTERNAL"), document.get("reason", "INTERNAL")
    detail = document.get("detail") or f"HTTP {response.status_code} from {response.url}"
    offenders = [Offender.model_validate(item) for item in document.get("errors", [])]
    kind = _class_of(code, reason)
    if kind is ResourceExhaustedError:
        return ResourceExhaustedError(detail, retry_after_seconds(response))
    if kind is CellgebraError:
        trace = document.get("trace_id") or response.headers.get("X-Trace-Id", "none")
        detail = f"{detail} (trace_id {trace})"
    return kind(detail, offenders)


def error_from(problem: Problem) -> CellgebraError:
    """The error that a job or a data set has ended with."""
    kind = _class_of(problem.code, problem.reason)
    if kind is ResourceExhaustedError:
        return ResourceExhaustedError(problem.detail)
    return kind(problem.detail, problem.errors)


def retry_after_seconds(response: httpx.Response) -> float:
    """How long the service asks to wait."""
    try:
        return float(response.headers["Retry-After"])
    except (KeyError, ValueError):
        return _RETRY_AFTER_SECONDS


def _document(response: httpx.Response) -> dict[str, Any]:
    if "json" not in response.headers.get("Content-Type", ""):
        return {}
    document = response.json()
    return document if isinstance(document, dict) else {}
