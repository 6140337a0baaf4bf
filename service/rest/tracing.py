"""Middleware: a trace id for every request, what is counted of it, and unexpected errors' end."""

import logging
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.contract import telemetry
from service.handlers.tracing import start_trace
from service.metrics.families import Metrics
from service.rest.problems import unexpected_error

logger = logging.getLogger(__name__)

HEADER = "X-Trace-Id"
PARENT = "traceparent"
ROUTE = "cellgebra.route"  # of the scope: the template, where no router has found it

# There may be thousands of these a second: well answered, they are told of at DEBUG.
_FREQUENT = (":score", "/infer", "/live", "/ready")


class TraceMiddleware:
    """Takes the caller's `X-Trace-Id`, or gives one, and sends it back with the answer.

    Counts, times and logs every answer, too, so that a request passes one wrapper and not three.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begin = time.perf_counter()
        headers = Headers(scope=scope)
        trace = start_trace(headers.get(HEADER), headers.get(PARENT))
        status = 0

        async def send_with_trace(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = trace
                self._note(scope, status, time.perf_counter() - begin)
            await send(message)

        try:
            if not telemetry.is_on():
                await self._app(scope, receive, send_with_trace)
                return
            with telemetry.span("REST", is_door=True) as span:
                await self._app(scope, receive, send_with_trace)
                span.update_name(f"{scope['method']} {_route(scope)}")
                span.set_attribute("http.response.status_code", status)
        except Exception as error:
            if status:
                raise  # the server cuts the connection: the client sees that it has not all
            response = unexpected_error(Request(scope), error)
            await response(scope, receive, send_with_trace)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = _route(scope)
        self._metrics.rest(scope["method"], route, status, seconds)
        is_frequent = status < 400 and route is not None and route.endswith(_FREQUENT)
        level = logging.DEBUG if is_frequent else logging.INFO
        if logger.isEnabledFor(level):
            about = {"status": status, "seconds": round(seconds, 4)}
            logger.log(level, "%s %s", scope["method"], route or "unknown", extra=about)


def _route(scope: Scope) -> str | None:
    """The template of the route that has answered; None where there is no such route."""
    route = scope.get("route")
    found: str | None = scope.get(ROUTE) if route is None else route.path
    return found
