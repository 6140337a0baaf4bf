"""The trace id: one a request, in its answer and in every log line about it."""

import re
import uuid

from service.contract.tracing import span_id, subjects, trace_id

_ACCEPTED = re.compile(r"[0-9A-Za-z._-]{8,64}")
# W3C trace context: version, trace, span of the caller, flags.
_PARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")

__all__ = ["start_trace", "trace_id"]


def start_trace(given: str | None = None, parent: str | None = None) -> str:
    """Take the caller's id, if it is harmless, or that of its `traceparent`, or a fresh one."""
    found = _PARENT.fullmatch(parent or "")
    fresh = found[1] if found else uuid.uuid4().hex
    trace = given if given and _ACCEPTED.fullmatch(given) else fresh
    trace_id.set(trace)
    span_id.set(found[2] if found and trace == found[1] else "")
    subjects.set({})
    return trace
