"""`GET /metrics` on a port of its own, in a thread of its own.

The port is not that of the doors: what publishes those to a network does not show this one.
"""

import socket
import threading
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app

from service.contract.settings import Settings

PATH = "/metrics"
_REQUEST_SECONDS = 10.0

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Handler(WSGIRequestHandler):
    timeout = _REQUEST_SECONDS

    def log_message(self, *_: Any) -> None:  # noqa: ANN401 - the signature of http.server
        """Say nothing: a scrape comes every few seconds."""


class MetricsListener:
    """Serves a registry, if the settings name a port for it."""

    def __init__(self, settings: Settings, registry: CollectorRegistry) -> None:
        self._host = settings.metrics_host
        self._port = settings.metrics_port
        self._app = _only_metrics(registry)
        self._server: WSGIServer | None = None

    @property
    def port(self) -> int | None:
        """Where it listens; None when it does not."""
        return None if self._server is None else self._server.server_port

    def start(self) -> None:
        """Listen; without a port this does nothing.

        Raises:
            OSError: the port is taken, or the host is not an address of this machine.
        """
        if self._port is None:
            return
        kind = _Server6 if ":" in self._host else _Server
        try:
            self._server = make_server(self._host, self._port, self._app, kind, _Handler)
        except OSError as error:
            raise OSError(
                error.errno,
                f"cannot listen for scrapes on {self._host}:{self._port} ({error.strerror}); "
                "choose another with CELLGEBRA_METRICS_PORT or CELLGEBRA_METRICS_HOST",
            ) from error
        serve = self._server.serve_forever
        threading.Thread(target=serve, name="metrics", daemon=True).start()

    def close(self) -> None:
        """Take no more scrapes."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


def _only_metrics(registry: CollectorRegistry) -> Wsgi:
    metrics: Wsgi = make_wsgi_app(registry)

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: ANN401
        if environ["PATH_INFO"] == PATH:
            return metrics(environ, start_response)
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [b"here is /metrics alone\n"]

    return app
