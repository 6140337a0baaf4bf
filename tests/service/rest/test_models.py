"""Models over HTTP, and score requests that are refused."""

import httpx
import pytest

from service.rest.body_limit import MAX_JSON_BYTES
from tests.service.rows import EDITS, add_model, publish_blob


@pytest.fixture
def model_id(context):
    return add_model(context)


async def test_a_model(rest, model_id):
    model = (await rest.get(f"/v1/models/{model_id}")).json()
    assert model["manifest"]["edits"] == EDITS
    listed = (await rest.get("/v1/models", params={"dataset_id": "dataset_1"})).json()
    assert [item["id"] for item in listed["items"]] == [model_id]
    other = (await rest.get("/v1/models", params={"dataset_id": "dataset_2"})).json()
    assert other["items"] == []


async def test_a_model_that_is_not_there(rest):
    for response in (
        await rest.get("/v1/models/model_0"),
        await rest.post("/v1/models/model_0:score", json={"genotypes": [""]}),
    ):
        assert (response.status_code, response.json()["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("body", "reason", "fields"),
    [
        ({"genotypes": []}, "INVALID_REQUEST", ["genotypes"]),
        ({"genotypes": ["", 7]}, "INVALID_REQUEST", ["genotypes[1]"]),
        ({"genotypes": [""], "fields": ["means"]}, "INVALID_REQUEST", ["fields[0]"]),
        ({"genotypes": [""], "colour": 1}, "INVALID_REQUEST", ["colour"]),
        ({"genotypes": [""] * 10_001}, "INVALID_REQUEST", ["genotypes"]),
        ({"genotypes": ["", "a:deletion+a:knockdown"]}, "INVALID_DESIGN", ["genotypes[1]"]),
        (
            {"genotypes": ["b0721:deletion", "", "x:deletion"]},
            "UNKNOWN_EDITS",
            ["genotypes[0]", "genotypes[2]"],
        ),
    ],
)
async def test_requests_that_are_refused(rest, model_id, body, reason, fields):
    response = await rest.post(f"/v1/models/{model_id}:score", json=body)
    document = response.json()
    assert (response.status_code, document["reason"]) == (422, reason)
    assert [error["field"] for error in document["errors"]] == fields


@pytest.mark.parametrize(
    ("body", "reason", "fields"),
    [
        ({"designs": [""]}, "INVALID_REQUEST", ["operation"]),
        ({"operation": "compose", "designs": []}, "INVALID_REQUEST", ["designs"]),
        ({"operation": "compose", "designs": [""] * 21}, "INVALID_REQUEST", ["designs"]),
        ({"operation": "compose", "designs": ["a+" * 100 + "a"]}, "INVALID_REQUEST", ["designs"]),
        ({"operation": "analogy", "designs": ["", ""]}, "INVALID_REQUEST", [""]),
        ({"operation": "compose", "designs": [""], "seed": -1}, "INVALID_REQUEST", ["seed"]),
        ({"operation": "compose", "designs": ["", "a:b"]}, "INVALID_DESIGN", ["designs[1]"]),
        ({"operation": "compose", "designs": ["a:part"]}, "UNKNOWN_EDITS", ["designs[0]"]),
    ],
)
async def test_latent_operations_that_are_refused(rest, context, body, reason, fields):
    model_id = add_model(context, kind="perturbation_set")
    response = await rest.post(f"/v1/models/{model_id}:compose", json=body)
    document = response.json()
    assert (response.status_code, document["reason"]) == (422, reason)
    assert [error.get("field", "") for error in document["errors"]] == fields


async def test_a_model_without_a_latent_space_composes_nothing(rest, model_id):
    body = {"operation": "compose", "designs": [""]}
    response = await rest.post(f"/v1/models/{model_id}:compose", json=body)
    document = response.json()
    assert (response.status_code, document["code"]) == (409, "FAILED_PRECONDITION")
    assert "perturbation_set, gene_graph and set_transformer" in document["detail"]


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "no design to score; the reference is the empty text"),
        (10_001, "10,001 designs, and the limit is 10,000 a request: score them as a job"),
    ],
)
async def test_no_design_and_too_many(rest, model_id, count, words):
    response = await rest.post(f"/v1/models/{model_id}:score", json={"genotypes": [""] * count})
    assert words in response.json()["detail"]
    document = (await rest.get("/openapi.json")).json()
    genotypes = document["components"]["schemas"]["ScoreRequest"]["properties"]["genotypes"]
    assert (genotypes["minItems"], genotypes["maxItems"]) == (1, 10_000)


async def test_fields_of_the_query(rest, model_id):
    path = f"/v1/models/{model_id}:score"
    response = await rest.post(path, params={"fields": "mean,sdd"}, json={"genotypes": [""]})
    assert response.status_code == 422
    assert "sdd" in response.json()["detail"]
    assert "sd" in response.json()["detail"].split("known: ")[1]


async def test_without_a_worker_the_deadline_passes(rest, model_id):
    body = {"genotypes": [""], "timeout_seconds": 0.2}
    response = await rest.post(f"/v1/models/{model_id}:score", json=body)
    assert (response.status_code, response.json()["code"]) == (504, "DEADLINE_EXCEEDED")


async def test_a_huge_body_is_refused(rest, model_id):
    response = await rest.post(
        f"/v1/models/{model_id}:score",
        content=b'{"genotypes": ["' + b"x" * MAX_JSON_BYTES + b'"]}',
        headers={"content-type": "application/json"},
    )
    assert response.status_code == 413
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("is_announced", [True, False])
async def test_who_sends_a_huge_body_reads_why_it_is_refused(live_url, is_announced):
    async def pieces():
        for _ in range(17):
            yield b"x" * 2**20

    content = b"x" * (17 * 2**20) if is_announced else pieces()
    headers = {"content-type": "application/json"}
    async with httpx.AsyncClient(timeout=30) as client:
        answer = await client.post(
            f"{live_url}/v1/models/model_0:score", content=content, headers=headers
        )
    assert (answer.status_code, answer.headers["connection"]) == (413, "close")


@pytest.mark.parametrize("path", ["/v1/models/a%00b", "/v1/models?dataset_id=%00"])
async def test_nul_is_refused(rest, path):
    response = await rest.get(path)
    assert (response.status_code, response.json()["reason"]) == (422, "INVALID_REQUEST")


PAGE = b"<!DOCTYPE html><title>caf\xc3\xa9</title>"


@pytest.fixture
def reported_id(context):
    def blob(content, media_type):
        return publish_blob(context.database, context.store, content, media_type=media_type)

    page, file = blob(PAGE, "text/html"), blob(b'{"labels": []}', "application/json")
    return add_model(context, report_page=page, report_file=file)


async def test_the_page_of_a_report_may_do_nothing(rest, reported_id):
    response = await rest.get(f"/v1/models/{reported_id}/report.html")
    assert (response.status_code, response.content) == (200, PAGE)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(
        part.strip().partition(" ")[::2]
        for part in response.headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["sandbox"] == ""  # no scripts, no origin of ours
    assert "script-src" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    again = await rest.get(
        f"/v1/models/{reported_id}/report.html",
        headers={"If-None-Match": response.headers["etag"]},
    )
    assert (again.status_code, again.content) == (304, b"")


async def test_the_file_of_a_report_is_the_artifact_that_the_model_names(rest, reported_id):
    model = (await rest.get(f"/v1/models/{reported_id}")).json()
    response = await rest.get(f"/v1/models/{reported_id}/report.json")
    assert (response.status_code, response.json()) == (200, {"labels": []})
    assert response.headers["etag"] == f'"{model["report_sha256"]}"'
    artifact = await rest.get(f"/v1/artifacts/{model['report_page_sha256']}")
    assert artifact.content == PAGE


@pytest.mark.parametrize("name", ["report.html", "report.json"])
async def test_a_model_without_a_report(rest, model_id, name):
    for known in (model_id, "model_0"):
        response = await rest.get(f"/v1/models/{known}/{name}")
        assert (response.status_code, response.json()["code"]) == (404, "NOT_FOUND")
