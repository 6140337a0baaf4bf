"""What a log line is about: the request it serves (`trace_id`), and the job or model.

A request's trace id goes where its work goes: it stands in the row of a job or sweep, and in each
question to an inference worker. A bell carries none: whoever hears it may take another job.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

trace_id: ContextVar[str] = ContextVar("trace_id", default="")
span_id: ContextVar[str] = ContextVar("span_id", default="")
subjects: ContextVar[Mapping[str, Any]] = ContextVar("subjects", default={})  # noqa: B039 - not written


def current_trace() -> str | None:
    """The trace of the request that is being served; None outside of any."""
    return trace_id.get() or None


def current_span() -> str | None:
    """The span in which the request is being served; None where nobody records any."""
    return span_id.get() or None


def name_subjects(**fields: str) -> None:
    """Have the log lines of this request, from here on, name what they are about."""
    subjects.set({**subjects.get(), **fields})


@contextmanager
def about(
    trace: str | None = None, span: str | None = None, **fields: str | list[str]
) -> Iterator[None]:
    """Have log lines of the block say what they are about: a trace, and e.g. a `job_id`."""
    tokens = trace_id.set(trace or ""), span_id.set(span or ""), subjects.set(fields)
    try:
        yield
    finally:
        trace_id.reset(tokens[0])
        span_id.reset(tokens[1])
        subjects.reset(tokens[2])
