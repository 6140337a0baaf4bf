"""The short way to scores: what it does not answer is answered as on the documented route."""

import asyncio
import json
import socket
import time
from urllib.parse import urlsplit

import httpx
import pytest

from service.contract.questions import pack_reply
from tests.service.rest.conftest import running
from tests.service.rows import EDITS, add_model
from tests.service.test_questions import next_question

ROUTE = {"content-type": "application/json;v=1"}  # JSON that is not of the plain form
PLAIN = {"content-type": "application/json"}


@pytest.fixture
def model_id(context):
    return add_model(context)


async def both(rest, path, content):
    """The answers of the short way and of the route."""
    return [
        await rest.post(path, content=content, headers={**headers, "x-trace-id": "trace-0001"})
        for headers in (PLAIN, ROUTE)
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b"{}",
        b'{"genotypes": []}',
        b'{"genotypes": ["", 7], "colour": 1}',
        b'{"genotypes": [""], "fields": ["means"], "timeout_seconds": NaN}',
        b'{"genotypes": ["\\ud800"]}',
        b'{"genotypes": ["b0721:deletion", "b0720"]}',
        b'{"genotypes": ["b0721:deletion"]}',
        b'{"genotypes": [""], "timeout_seconds": 0.01}',
    ],
)
async def test_both_ways_refuse_alike(rest, model_id, content):
    plain, route = await both(rest, f"/v1/models/{model_id}:score", content)
    assert plain.status_code == route.status_code >= 400
    assert plain.json() == route.json()
    assert plain.headers["content-type"] == "application/problem+json"
    assert plain.headers["x-trace-id"] == route.headers["x-trace-id"] == "trace-0001"


@pytest.mark.parametrize("reference", ["model_0", "name@nobody", "a%00b", "a%2Fb", ""])
async def test_both_ways_look_models_up_alike(rest, reference):
    plain, route = await both(rest, f"/v1/models/{reference}:score", b'{"genotypes": [""]}')
    assert plain.status_code == route.status_code >= 400
    assert plain.json() == route.json()


async def test_pages_of_other_sites_are_refused(rest, model_id):
    response = await rest.post(
        f"/v1/models/{model_id}:score",
        json={"genotypes": [""]},
        headers={"origin": "http://example.org"},
    )
    assert (response.status_code, response.json()["code"]) == (403, "PERMISSION_DENIED")


async def answer_one(valkey, content):
    """Be the worker of one question; gives what was asked."""
    with valkey.connect() as client:
        while True:
            _, question = next_question(client)
            if question is not None:
                break
            await asyncio.sleep(0.005)
        client.rpush(question["reply_key"], pack_reply(question["question_id"], [content]))
    return question["requests"]


async def test_the_answer_is_the_workers_with_the_models_name(rest, valkey, model_id):
    sent = {"genotypes": [EDITS[0]], "fields": ["mean"], "interval_level": 0.8, "include": None}
    worker = asyncio.create_task(answer_one(valkey, b'{"labels": [1.50]}'))
    response = await rest.post(f"/v1/models/{model_id}:score", json=sent)
    (asked,) = await worker
    assert asked.pop("deadline_unix_seconds") == pytest.approx(time.time() + 10, abs=5)
    assert asked.pop("trace_id") == response.headers["x-trace-id"]
    genotypes = sent.pop("genotypes")
    assert (asked.pop("design_count"), asked.pop("designs")["level"]) == (1, None)
    assert asked == sent
    model = (await rest.get(f"/v1/models/{model_id}")).json()
    expected = {"labels": [1.5], "model_name": "model", "model_version": model["version"]}
    assert (response.status_code, response.json()) == (200, expected | {"genotypes": genotypes})
    assert b'"labels": [1.50]' in response.content  # passed through as it was written


@pytest.mark.parametrize("headers", [PLAIN, ROUTE])
def test_who_hangs_up_is_no_longer_in_flight(settings, headers):
    tight = settings.model_copy(update={"max_scores_in_flight": 1})
    with running(tight) as (server, url):
        path = f"/v1/models/{add_model(server._state.context)}:score"
        body = json.dumps({"genotypes": [""], "timeout_seconds": 60}).encode()
        parts = urlsplit(url)
        with socket.create_connection((parts.hostname, parts.port)) as connection:
            lines = [f"POST {path} HTTP/1.1", f"Host: {parts.netloc}"]
            lines += [f"Content-Type: {headers['content-type']}", f"Content-Length: {len(body)}"]
            connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
            quick = {"genotypes": [""], "timeout_seconds": 0.05}
            while httpx.post(url + path, json=quick).status_code != 429:
                time.sleep(0.01)
        while httpx.post(url + path, json=quick).status_code == 429:
            time.sleep(0.01)
