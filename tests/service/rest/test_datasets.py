"""Uploads over HTTP: what is answered, and what a cut connection leaves."""

import json
import socket
import time
from contextlib import closing
from urllib.parse import urlencode, urlsplit

import httpx
import pytest
from fastapi import Request

from service.contract.errors import BadTableError, Offender
from service.contract.jobs import JobState
from service.contract.records import DatasetRecord
from service.contract.repositories.jobs import Owner
from service.handlers.conversion import to_dataset
from service.rest.app import create_rest
from service.rest.uploading import upload_answer
from tests.service.rows import DATASET_SPEC, add_dataset, claim, finish

TABLE = b"genotype\ttiter\nPP_1:deletion\t3\n"
QUERY = {"spec": json.dumps(DATASET_SPEC), "name": "my table"}


async def test_an_upload_is_accepted(rest):
    response = await rest.post("/v1/datasets", params=QUERY, content=TABLE)
    assert response.status_code == 202
    dataset = response.json()
    assert (dataset["state"], dataset["name"]) == ("INGESTING", "my table")
    found = await rest.get(response.headers["location"])
    assert found.json() == dataset


async def test_lists_are_paged(rest):
    made = []
    for number in range(3):
        body = TABLE + str(number).encode()
        made.append((await rest.post("/v1/datasets", params=QUERY, content=body)).json()["id"])
    first = (await rest.get("/v1/datasets", params={"page_size": 2})).json()
    second = await rest.get("/v1/datasets", params={"page_token": first["next_page_token"]})
    ids = [item["id"] for item in first["items"] + second.json()["items"]]
    assert ids == made[::-1]
    ready = (await rest.get("/v1/datasets", params={"state": "READY"})).json()
    assert ready == {"items": [], "next_page_token": None}


async def test_the_same_request_is_answered_twice(rest):
    query = {**QUERY, "request_id": "0f8fad5b-d9cb-469f-a165-70867728950e"}
    first = await rest.post("/v1/datasets", params=query, content=TABLE)
    second = await rest.post("/v1/datasets", params=query, content=TABLE)
    assert second.json()["id"] == first.json()["id"]
    third = await rest.post("/v1/datasets", params=query, content=TABLE + b"more")
    assert (third.status_code, third.json()["reason"]) == (409, "REQUEST_ID_REUSED")


@pytest.mark.parametrize(
    ("change", "request_", "status", "field"),
    [
        ({"spec": "{"}, {"content": TABLE}, 422, "spec"),
        ({"spec": '{"design": {"layout": "gene"}}'}, {"content": TABLE}, 422, "spec.design"),
        ({"name": ""}, {"content": TABLE}, 422, "name"),
        ({"request_id": "7"}, {"content": TABLE}, 422, "request_id"),
        ({"sha256": "7"}, {"content": TABLE}, 422, "sha256"),
        ({"sha256": "0" * 64}, {"content": TABLE}, 422, None),
        ({}, {"content": b""}, 422, None),
        ({}, {"files": {"file": TABLE}}, 422, None),
        ({}, {"content": b"x" * (4 * 2**20 + 1)}, 413, None),
    ],
)
async def test_bad_uploads(rest, change, request_, status, field):
    response = await rest.post("/v1/datasets", params={**QUERY, **change}, **request_)
    assert response.status_code == status, response.text
    fields = {error.get("field") for error in response.json()["errors"]}
    assert fields == ({field} if field else set())
    assert (await rest.get("/v1/datasets")).json()["items"] == []


async def test_a_failed_ingest_is_a_problem_with_rows(context, database):
    dataset_id, job_id = add_dataset(database, state=None)
    error = BadTableError("1 bad row", [Offender(message="not a number", row=3, column="titer")])
    finish(database, claim(database, job_id), JobState.FAILED, error=error.as_problem())
    with database.read() as session:
        dataset = to_dataset(session.get_one(DatasetRecord, dataset_id))

    path = {"type": "http", "path": "/v1/datasets", "query_string": b"", "headers": []}
    request = Request({**path, "server": ("test", 80), "app": create_rest(context)})
    response = upload_answer(request, dataset, f"/v1/datasets/{dataset_id}", "dataset_id")
    document = json.loads(response.body)
    assert response.status_code == 422
    assert (document["reason"], document["dataset_id"]) == ("BAD_TABLE", dataset_id)
    assert document["errors"] == [{"message": "not a number", "row": 3, "column": "titer"}]


def raw_post(url, headers, body):
    """Open a connection, send a beginning and cut it."""
    parts = urlsplit(url)
    with closing(socket.create_connection((parts.hostname, parts.port))) as connection:
        lines = [f"POST /v1/datasets?{urlencode(QUERY)} HTTP/1.1", f"Host: {parts.netloc}"]
        lines += headers
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        time.sleep(0.2)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (["Content-Length: 3000000"], b"x" * 2_000_000),
        (["Transfer-Encoding: chunked"], b"186a0\r\n" + b"x" * 100_000 + b"\r\n"),
    ],
)
def test_an_upload_that_is_cut_off_leaves_nothing(live_url, settings, headers, body):
    raw_post(live_url, headers, body)
    deadline = time.monotonic() + 30
    incoming = settings.artifact_dir / "incoming"
    while not incoming.exists() or list(incoming.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert httpx.get(f"{live_url}/v1/datasets").json()["items"] == []
    assert [path.name for path in settings.artifact_dir.iterdir()] == ["incoming"]


def test_a_large_upload_is_refused_before_it_is_read(live_url):
    head = [f"POST /v1/datasets?{urlencode(QUERY)} HTTP/1.1", f"Host: {urlsplit(live_url).netloc}"]
    head += ["Content-Length: 99999999999", "", ""]
    parts = urlsplit(live_url)
    with closing(socket.create_connection((parts.hostname, parts.port))) as connection:
        connection.sendall("\r\n".join(head).encode())
        answer = b""
        while chunk := connection.recv(65536):  # until the server closes
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 413")


async def test_a_data_set_is_deleted_with_what_needs_it_if_asked(rest, context):
    dataset_id, job_id = add_dataset(context.database)
    finish(context.database, claim(context.database, job_id))
    spec = {"dataset_id": dataset_id, "labels": [{"name": "titer"}]}
    job = (await rest.post("/v1/training-jobs", json=spec)).json()
    refused = await rest.delete(f"/v1/datasets/{dataset_id}")
    assert (refused.status_code, refused.json()["reason"]) == (409, "WRONG_STATE")
    assert [one["value"] for one in refused.json()["errors"]] == [job["id"]]
    at_work = await rest.delete(f"/v1/datasets/{dataset_id}", params={"cascade": "true"})
    assert "is QUEUED" in at_work.json()["detail"]
    await rest.post(f"/v1/training-jobs/{job['id']}:cancel")
    gone = await rest.delete(f"/v1/datasets/{dataset_id}", params={"cascade": "true"})
    assert (gone.status_code, gone.content) == (204, b"")
    for path in (f"/v1/datasets/{dataset_id}", f"/v1/training-jobs/{job['id']}"):
        assert (await rest.get(path)).status_code == 404
        assert (await rest.delete(path)).status_code == 404


async def test_another_project_deletes_nothing(rest, context):
    dataset_id, _ = add_dataset(context.database, owner=Owner("another", "eve"))
    assert (await rest.delete(f"/v1/datasets/{dataset_id}")).status_code == 404
