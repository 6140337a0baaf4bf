"""What commands ask, answered as a service would: only the network's edge is made up."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import pytest
from typer.testing import CliRunner

from service.cli.commands import app

TIME = "2026-01-02T03:04:05Z"
MODEL = {
    "id": "model_1",
    "name": "m",
    "version": 1,
    "kind": "additive",
    "create_time": TIME,
    "dataset_id": "dataset_1",
    "job_id": "job_1",
    "manifest_sha256": "a" * 64,
    "weights_sha256": "b" * 64,
    "report": {},
}


@contextmanager
def _serving(answers):
    class Handler(BaseHTTPRequestHandler):
        def _answer(self):
            asked = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            found = answers.get(f"{self.command} {unquote(self.path.partition('?')[0])}")
            found = found(asked) if callable(found) else found
            body = found if isinstance(found, bytes) else json.dumps(found or {}).encode()
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = _answer

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def asked():
    """Runs a command against `answers`: by method and path a body, or what makes one of the body
    that was sent; anything else is NOT_FOUND.
    """

    def run(answers, *arguments, status=0, text=None):
        with _serving(answers) as url:
            runner = CliRunner(env={"CELLGEBRA_URL": url, "COLUMNS": "200"})
            done = runner.invoke(app, [str(one) for one in arguments], input=text)
        assert done.exit_code == status, (done.output, done.exception)
        return done

    return run
