"""The trace id: one a request, in its answer and in every log line about it."""

import re
import uuid
from contextvars import ContextVar

trace_id: ContextVar[str] = ContextVar("trace_id", default="")

_ACCEPTED = re.compile(r"[0-9A-Za-z._-]{8,64}")


def start_trace(given: str | None = None) -> str:
    """Take the caller's id, if it is harmless, or a fresh one."""
    fresh = given if given and _ACCEPTED.fullmatch(given) else uuid.uuid4().hex
    trace_id.set(fresh)
    return fresh
