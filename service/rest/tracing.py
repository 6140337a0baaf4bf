"""Middleware: a trace id for every request, and the end of unexpected errors."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.handlers.tracing import start_trace
from service.rest.problems import unexpected_error

HEADER = "X-Trace-Id"


class TraceMiddleware:
    """Takes the caller's `X-Trace-Id`, or gives one, and sends it back with the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        trace = start_trace(Headers(scope=scope).get(HEADER))
        has_started = False

        async def send_with_trace(message: Message) -> None:
            nonlocal has_started
            if message["type"] == "http.response.start":
                has_started = True
                MutableHeaders(scope=message)[HEADER] = trace
            await send(message)

        try:
            await self._app(scope, receive, send_with_trace)
        except Exception as error:
            if has_started:
                raise  # the server cuts the connection: the client sees that it has not all
            response = unexpected_error(Request(scope), error)
            await response(scope, receive, send_with_trace)
