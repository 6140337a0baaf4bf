"""Spans for OpenTelemetry, if an endpoint is set; else nothing is imported, and nothing recorded.

The endpoint and all else is set by OpenTelemetry's own variables (`OTEL_EXPORTER_OTLP_ENDPOINT`).
The trace id of a span is ours wherever that is 32 hex digits, as those are that we give.
"""

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from service.contract.tracing import span_id, trace_id

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_TRACE = re.compile(r"(?!0{32})[0-9a-f]{32}")

_FLUSH_MILLISECONDS = 3000

_tracer: "Tracer | None" = None
_provider: "TracerProvider | None" = None


class TelemetryError(ValueError):
    """An endpoint is set, and what would send to it is not installed."""


def start_telemetry(process: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Send spans of this process, named `cellgebra-<process>`; False where no endpoint is set.

    Raises:
        TelemetryError: the extra `otel` is not installed.
    """
    global _provider, _tracer
    if not any(environment.get(name) for name in ENDPOINTS):
        return False
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as error:
        raise TelemetryError(
            f"{ENDPOINTS[0]} is set, but {error.name} is not installed: "
            "pip install 'cellgebra[otel]', or take the variable away"
        ) from error
    name = environment.get("OTEL_SERVICE_NAME") or f"cellgebra-{process}"
    provider = TracerProvider(resource=Resource.create({"service.name": name}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _provider = provider
    _tracer = provider.get_tracer("cellgebra")
    return True


def stop_telemetry() -> None:
    """Send what was recorded, and record no more."""
    global _provider, _tracer
    if _provider is not None:
        _provider.shutdown()
    _provider = _tracer = None


def flush() -> None:
    """Send what was recorded: before a process ends that takes no leave."""
    if _provider is not None:
        _provider.force_flush(_FLUSH_MILLISECONDS)


def is_on() -> bool:
    """Whether spans are recorded."""
    return _tracer is not None


@contextmanager
def span(name: str, *, is_door: bool = False, **attributes: str) -> Iterator[Any]:
    """Record the block, in the trace that is under way; gives the span, or None.

    What was caught in the block is no error of it; what leaves it is.
    """
    if _tracer is None:
        yield None
        return
    from opentelemetry import trace

    kind = trace.SpanKind.SERVER if is_door else trace.SpanKind.INTERNAL
    with _tracer.start_as_current_span(
        name, context=_parent(), kind=kind, attributes=attributes
    ) as recorded:
        token = span_id.set(trace.format_span_id(recorded.get_span_context().span_id))
        try:
            yield recorded
        finally:
            span_id.reset(token)


def _parent() -> Any:  # noqa: ANN401 - OpenTelemetry's Context
    """The trace and span that the block belongs to.

    A trace that begins here has no span yet: its parent is one that nobody records, named by the
    trace itself, without which a trace id could not be given.
    """
    from opentelemetry import trace
    from opentelemetry.context import Context

    given = trace_id.get()
    if not given:
        return Context()
    digest = hashlib.sha256(given.encode()).hexdigest()
    own = given if _TRACE.fullmatch(given) else digest[:32]
    context = trace.SpanContext(
        trace_id=int(own, 16),
        span_id=int(span_id.get() or digest[32:48], 16),
        is_remote=True,
        trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED),
    )
    return trace.set_span_in_context(trace.NonRecordingSpan(context))
