"""Keys: guessed by the thousand, sent where they may not be, and of another shape."""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from service.contract.api_keys import Scope
from service.contract.database import Database
from service.migrations.migrate import migrate
from tests.servers.embedded import embedded_service
from tests.service.keys import bearer, make_key

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A service that has keys, and the secret of one that may read."""
    folder = tmp_path_factory.mktemp("guarded") / "data"
    folder.mkdir()
    url = f"sqlite:///{folder / 'cellgebra.db'}"
    migrate(url)
    database = Database(url)
    _, secret = make_key(database, Scope.READ)
    database.close()
    with embedded_service(folder) as running:
        yield running, secret


@pytest.fixture(scope="module")
def door(guarded):
    with httpx.Client(base_url=guarded[0].base_url, timeout=30) as client:
        yield client


RATE = 1000
GUESSING_SECONDS = 10


def latencies(door, secret, guessing):
    """How long each request with a right key takes, as long as somebody guesses."""
    times = []
    while guessing.poll() is None:
        begin = time.perf_counter()
        assert door.get("/v1/models", headers=bearer(secret)).status_code == 200
        times.append(time.perf_counter() - begin)
    return sorted(times)


def test_a_thousand_wrong_keys_a_second_open_nothing_and_stop_nobody(guarded, door, tried):
    service, secret = guarded
    where = service.base_url.removeprefix("http://").split(":")
    arguments = [*where, secret, str(RATE), str(GUESSING_SECONDS)]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.security.guessing", *arguments],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
    ) as guessing:
        times = latencies(door, secret, guessing)
        found = json.load(guessing.stdout)
    answers = {int(status): count for status, count in found["statuses"].items()}
    count = sum(answers.values())
    reached, ms = count / found["seconds"], [1000 * seconds for seconds in times]
    tried(
        f"wrong keys, {RATE:,} a second attempted",
        f"{reached:,.0f} a second were answered, {answers[401]} of them 401 (20 at once, then 10 a "
        f"second) and {answers[429]:,} 429; {len(ms):,} requests with a right key meanwhile: 200, "
        f"median {ms[len(ms) // 2]:.1f} ms, 99 of 100 within {ms[len(ms) * 99 // 100]:.1f} ms",
        times=count,
    )
    assert set(answers) == {401, 429}
    assert answers[401] < 20 + 10 * (found["seconds"] + 2)
    assert count > 200


def test_a_key_in_an_address_is_refused_and_never_logged(guarded, door, tried):
    service, secret = guarded
    for query in (f"api_key={secret}", f"key={secret}", f"access_token={secret}", f"x={secret}"):
        answer = door.get(f"/v1/models?{query}")
        tried("key in the query string", "refused: 401 that says to rotate it; not in any log")
        assert answer.status_code == 401, query
        assert secret not in answer.text
    assert secret not in service.logs()


MALFORMED = (
    "",
    "Bearer",
    "Basic dXNlcjpwYXNz",
    "Bearer cgb_",
    "Bearer cgb__",
    "Bearer {secret}x",
    "Bearer {secret} {secret}",
    "bearer\t{secret}x",
    "Bearer ' OR 1=1 --",
    "Bearer " + "a" * 7000,
    "Bearer cgb_%",
)


def test_what_is_no_key_opens_nothing(guarded, door, tried):
    _, secret = guarded
    for form in MALFORMED:
        headers = {"Authorization": form.replace("{secret}", secret)}
        answer = door.get("/v1/models", headers=headers)
        tried("malformed and forged keys", "refused: 401")
        assert answer.status_code in (401, 429, 431, 400), form
        assert secret not in answer.text
    twice = [("Authorization", f"Bearer {secret}"), ("Authorization", f"Bearer {secret}")]
    assert door.get("/v1/models", headers=twice).status_code in (401, 429)


def test_a_key_does_what_its_scopes_say_alone(guarded, door, tried):
    _, secret = guarded
    for method, path in (
        ("POST", "/v1/training-jobs"),
        ("POST", "/v1/keys"),
        ("GET", "/v1/audit"),
        ("POST", "/v1/models/m:score"),
        ("DELETE", "/v1/datasets/d"),
    ):
        answer = door.request(method, path, headers=bearer(secret), json={})
        tried("a key with the scope read asks for more", "refused: 403")
        assert answer.status_code in (403, 429), (path, answer.status_code)


def test_no_method_or_path_gets_by_without_a_key(guarded, door, tried):
    service, _ = guarded
    for path in ("/v1/models", "//v1/models", "/V1/models", "/v1/models/", "/v1/./models"):
        for method in ("GET", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "get"):
            answer = door.request(method, path)
            tried("other methods and spellings of a path", "refused: 401, 404 or 405")
            assert answer.status_code in (307, 401, 404, 405, 429), (method, path)
    host, port = service.base_url.removeprefix("http://").split(":")
    smuggled = (
        f"POST /health/live HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 6\r\n"
        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(smuggled.encode())
        connection.settimeout(3)
        try:
            answer = connection.recv(65536)
        except TimeoutError:
            answer = b""
    tried("request smuggling by two lengths", "refused: 400, or 401 for what is smuggled")
    assert b"200 OK" not in answer
    assert quote("models") not in answer.split(b"\r\n")[0].decode()
