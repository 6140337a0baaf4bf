"""Spans against a receiver that decodes what OpenTelemetry sends; without an endpoint, nothing."""

import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from service.contract import telemetry
from service.contract.tracing import about, current_span

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def received(monkeypatch):
    """Spans that have come in, with the name of their process, once they are flushed."""
    found = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            content = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.path == "/v1/traces"
            for part in ExportTraceServiceRequest.FromString(content).resource_spans:
                names = {one.key: one.value.string_value for one in part.resource.attributes}
                for scope in part.scope_spans:
                    found.extend((names["service.name"], span) for span in scope.spans)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.server_port}")

    def read():
        telemetry.flush()
        return found

    yield read
    telemetry.stop_telemetry()
    server.shutdown()
    server.server_close()
    thread.join()


def test_spans_stand_in_our_trace_each_under_the_one_before(received):
    assert telemetry.start_telemetry("api")
    with about(TRACE), telemetry.span("door", is_door=True, route="/x"):
        outer = current_span()
        with about(TRACE, outer, job_id="job_1"), telemetry.span("job"):
            pass
    assert current_span() is None
    (process, inner), (_, door) = received()
    assert process == "cellgebra-api"
    assert {inner.trace_id.hex(), door.trace_id.hex()} == {TRACE}
    assert (inner.parent_span_id.hex(), door.span_id.hex()) == (outer, outer)
    assert [one.key for one in door.attributes] == ["route"]
    assert door.kind == door.SPAN_KIND_SERVER


def test_an_error_that_leaves_a_span_is_told(received):
    telemetry.start_telemetry("worker")
    with pytest.raises(ValueError, match="bad"), about("my-own-trace"), telemetry.span("job"):
        raise ValueError("bad")
    ((_, span),) = received()
    assert span.status.code == span.status.STATUS_CODE_ERROR
    assert len(span.trace_id) == 16


def test_without_an_endpoint_nothing_is_imported_or_recorded():
    code = (
        "import sys\n"
        "from service.contract import telemetry\n"
        "assert telemetry.start_telemetry('api', {}) is False\n"
        "with telemetry.span('x') as span: assert span is None\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]\n"
        # redis-py imports a part of the SDK where it is installed.
        "import service.server, worker.tasks.presence\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry.exporter')]\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_an_endpoint_without_the_extra_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    with pytest.raises(telemetry.TelemetryError, match=r"cellgebra\[otel\]"):
        telemetry.start_telemetry("api", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"})
