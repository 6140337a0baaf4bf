"""Bodies that come a byte at a time: refused in the words of every error, and nothing is kept."""

import json
import socket
import time
from contextlib import closing
from urllib.parse import urlencode, urlsplit

import httpx
import pytest

from tests.service.rows import DATASET_SPEC

PATIENCE_SECONDS = 1.0
UPLOAD = f"/v1/datasets?{urlencode({'spec': json.dumps(DATASET_SPEC)})}"
JSON = "Content-Type: application/json"


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"slow_sender_seconds": PATIENCE_SECONDS})


def dripped(url, path, *headers, drop=b"x"):
    """What is answered to a body without an end, and after how many seconds."""
    parts = urlsplit(url)
    lines = [f"POST {path} HTTP/1.1", f"Host: {parts.netloc}", *headers, "", ""]
    with closing(socket.create_connection((parts.hostname, parts.port))) as connection:
        connection.sendall("\r\n".join(lines).encode())
        connection.settimeout(0.1)
        begin, answer = time.monotonic(), b""
        while time.monotonic() < begin + 30:
            try:
                connection.sendall(drop)
                if not (came := connection.recv(65536)):
                    break
                answer += came
            except TimeoutError:
                continue
            except ConnectionError:
                break
        return answer, time.monotonic() - begin


@pytest.mark.parametrize(
    ("path", "headers", "drop"),
    [
        (UPLOAD, ["Content-Length: 1000000"], b"x"),
        (UPLOAD, ["Transfer-Encoding: chunked"], b"1\r\nx\r\n"),
        (UPLOAD, ["Content-Length: 1000000"], b""),
        ("/v1/training-jobs", [JSON, "Content-Length: 1000"], b" "),
        ("/v1/models/m:score", [JSON, "Content-Length: 1000"], b" "),
        ("/v2/models/m/infer", [JSON, "Content-Length: 1000"], b" "),
    ],
    ids=["announced", "in chunks", "silent", "json", "score", "infer"],
)
def test_a_body_that_drips_is_refused(live_url, settings, path, headers, drop):
    answer, seconds = dripped(live_url, path, *headers, drop=drop)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408"), answer
    assert b"connection: close" in head.lower()
    assert PATIENCE_SECONDS <= seconds < 20 * PATIENCE_SECONDS
    problem = json.loads(body)
    if not path.startswith("/v2"):
        assert (problem["code"], problem["reason"]) == ("DEADLINE_EXCEEDED", "REQUEST_TIMEOUT")
    assert "CELLGEBRA_MIN_BYTES_PER_SECOND" in body.decode()
    assert httpx.get(f"{live_url}/v1/datasets").json()["items"] == []
    kept = [path for path in settings.artifact_dir.rglob("*") if path.is_file()]
    assert kept == []


def test_a_slow_body_above_the_least_rate_is_taken(live_url):
    def pieces():
        yield b"genotype\ttiter\n"
        for number in range(20):
            time.sleep(PATIENCE_SECONDS / 10)
            yield b"PP_%d:deletion\t3\n" % number * 20

    answer = httpx.post(live_url + UPLOAD, content=pieces())
    assert answer.status_code == 202, answer.text


def test_an_answer_may_take_longer_than_a_body(live_url):
    body = {"genotypes": ["+"], "timeout_seconds": 3 * PATIENCE_SECONDS}
    answer = httpx.post(f"{live_url}/v1/models/none:score", json=body, timeout=30)
    assert answer.status_code == 404
