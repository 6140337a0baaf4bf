"""An S3 server for the tests (moto's), with a fresh bucket, and a proxy that spoils its answers."""

import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

from service.contract.artifacts import ArtifactStore
from service.contract.settings import Settings
from service.contract.stores import artifact_store
from tests.servers.processes import ServerError, die_with_parent, free_port, stop

START_SECONDS = 60.0
_HOP = {"connection", "content-length", "date", "server", "transfer-encoding"}


@dataclass(frozen=True)
class Bucket:
    """An empty bucket; `settings` are those that name it."""

    endpoint: str
    name: str = field(default_factory=lambda: f"b-{uuid.uuid4().hex[:12]}")

    @property
    def settings(self) -> dict[str, str]:
        return {
            "artifact_url": f"s3://{self.name}/some/prefix",
            "artifact_endpoint": self.endpoint,
            "artifact_region": "us-east-1",
            "artifact_access_key": "key",
            "artifact_secret_key": "secret",
        }

    @property
    def environment(self) -> dict[str, str]:
        return {f"CELLGEBRA_{name.upper()}": value for name, value in self.settings.items()}

    def store(self, root: Path, **changes: object) -> ArtifactStore:
        """A store whose local folder is `root`, which ends in `artifacts`."""
        assert root.name == "artifacts"
        return artifact_store(Settings(data_dir=root.parent, **{**self.settings, **changes}))


@contextmanager
def s3_server() -> Iterator[str]:
    """Start the server; gives its address."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=die_with_parent(9),
    )
    endpoint = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(endpoint):
            if process.poll() is not None or time.monotonic() > deadline:
                raise ServerError("moto's server did not start")
            time.sleep(0.1)
        yield endpoint
    finally:
        stop(process, 15, timeout_seconds=10)


def make_bucket(endpoint: str) -> Bucket:
    """A new bucket."""
    made = Bucket(endpoint)
    httpx.put(f"{endpoint}/{made.name}", timeout=30).raise_for_status()
    return made


def _answers(endpoint: str) -> bool:
    try:
        return httpx.get(endpoint, timeout=5).status_code < 500
    except httpx.TransportError:
        return False


# What becomes of an answer: given method, path, status, and content, what is sent instead.
Spoil = Callable[[str, str, int, bytes], tuple[int, bytes, int] | None]


@contextmanager
def spoiling_proxy(endpoint: str, spoil: Spoil) -> Iterator[str]:
    """A proxy before the server; gives its address.

    `spoil` gives a status, a content and how many bytes are announced; None drops the connection.
    """

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(size)
            headers = {k: v for k, v in self.headers.items() if k.lower() not in _HOP}
            real = httpx.request(
                self.command, endpoint + self.path, content=body, headers=headers, timeout=30
            )
            content = b"" if self.command == "HEAD" else real.content
            said = spoil(self.command, self.path, real.status_code, content)
            if said is None:
                self.connection.close()
                return
            status, content, announced = said
            self.send_response(status)
            for name, value in real.headers.items():
                if name.lower() not in _HOP:
                    self.send_header(name, value)
            length = real.headers.get("content-length", "0")
            self.send_header("Content-Length", length if self.command == "HEAD" else str(announced))
            self.end_headers()
            self.wfile.write(content)
            if len(content) != announced and self.command != "HEAD":
                self.close_connection = True

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
