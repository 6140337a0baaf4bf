"""Models over HTTP, and score requests that are refused."""

import pytest

from service.rest.body_limit import MAX_JSON_BYTES
from tests.service.rows import EDITS, add_model


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


@pytest.mark.parametrize("path", ["/v1/models/a%00b", "/v1/models?dataset_id=%00"])
async def test_nul_is_refused(rest, path):
    response = await rest.get(path)
    assert (response.status_code, response.json()["reason"]) == (422, "INVALID_REQUEST")
