"""The registry over HTTP: references in paths, states, status codes."""

import pytest

from tests.service.rows import add_model

CHAMPION = {"alias": "champion", "note": "why"}


@pytest.fixture
def versions(context):
    return [add_model(context, name="titer 2 h", weights=b"w") for _ in range(2)]


async def promoted(rest, reference="titer 2 h@1"):
    response = await rest.post(f"/v1/models/{reference}:promote", json=CHAMPION)
    assert response.status_code == 201, response.text
    return response


async def test_an_alias_and_its_promotion(rest, versions):
    response = await promoted(rest)
    promotion = (await rest.get(response.headers["location"])).json()
    assert promotion == response.json()
    assert (promotion["state"], promotion["to_model_id"]) == ("SUCCEEDED", versions[0])
    alias = (await rest.get("/v1/model-aliases/titer 2 h@champion")).json()
    assert (alias["model_id"], alias["version"], alias["pending_model_id"]) == (
        versions[0],
        1,
        None,
    )
    for path in ("/v1/model-aliases", "/v1/promotions"):
        listed = (await rest.get(path, params={"name": "titer 2 h"})).json()["items"]
        assert [item["alias"] for item in listed] == ["champion"]
        assert (await rest.get(path, params={"name": "other"})).json()["items"] == []
    model = (await rest.get("/v1/models/titer 2 h@champion")).json()
    assert (model["id"], model["version"], model["aliases"]) == (versions[0], 1, ["champion"])


async def test_a_rollback_with_and_without_a_body(rest, versions):
    await promoted(rest)
    for options in ({}, {"json": {"note": "too narrow"}}):
        response = await rest.post("/v1/model-aliases/titer 2 h@champion:rollback", **options)
        assert (response.status_code, response.json()["code"]) == (409, "FAILED_PRECONDITION")
    removed = await rest.delete("/v1/model-aliases/titer 2 h@champion")
    assert (removed.status_code, removed.content) == (204, b"")
    gone = await rest.get("/v1/model-aliases/titer 2 h@champion")
    assert gone.status_code == 404
    assert [row["to_model_id"] for row in (await rest.get("/v1/promotions")).json()["items"]] == [
        versions[0]
    ]


@pytest.mark.parametrize(
    ("request_line", "body", "status"),
    [
        ("POST /v1/models/titer 2 h@1:promote", {"alias": "Champion"}, 422),
        ("POST /v1/models/titer 2 h@1:promote", {"alias": "3"}, 422),
        ("POST /v1/models/titer 2 h@1:promote", {"alias": "a", "note": "\0"}, 422),
        ("POST /v1/models/titer 2 h@3:promote", CHAMPION, 404),
        ("POST /v1/models/titer 2 h@@:score", {"genotypes": [""]}, 422),
        ("POST /v1/models/titer 2 h@none:score", {"genotypes": [""]}, 404),
        ("POST /v1/models/titer 2 h@9:archive", None, 404),
        ("DELETE /v1/models/titer 2 h@9", None, 404),
        ("GET /v1/models/titer 2 h@9/ready", None, 404),
        ("GET /v1/promotions/promotion_0", None, 404),
        ("POST /v1/models:compare", {"model_ids": ["titer 2 h@1"]}, 422),
        ("POST /v1/models:compare", {"model_ids": ["titer 2 h@1", "\0"]}, 422),
        ("POST /v1/models:compare", {"model_ids": ["titer 2 h@1", "x"]}, 404),
    ],
)
async def test_what_is_refused(rest, versions, request_line, body, status):
    method, _, path = request_line.partition(" ")
    response = await rest.request(method, path, json=body)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert len((await rest.get("/v1/models")).json()["items"]) == len(versions)


async def test_archive_delete_and_readiness(rest, context, versions):
    for verb, listed in (("archive", [versions[1]]), ("unarchive", versions[::-1])):
        answer = await rest.post(f"/v1/models/{versions[0]}:{verb}")
        assert (answer.status_code, bool(answer.json()["archive_time"])) == (200, verb == "archive")
        models = (await rest.get("/v1/models")).json()["items"]
        assert [model["id"] for model in models] == listed
    ready = await rest.get(f"/v1/models/{versions[0]}/ready")
    assert (ready.status_code, ready.json()["ready"]) == (503, False)
    assert ready.json()["detail"] == "no inference worker is alive"
    assert (await rest.delete(f"/v1/models/{versions[0]}")).status_code == 204
    assert (await rest.get(f"/v1/models/{versions[0]}")).status_code == 404
    manifest = context.store.path(
        (await rest.get(f"/v1/models/{versions[1]}")).json()["manifest_sha256"]
    )
    manifest.unlink()
    broken = await rest.post(f"/v1/models/{versions[1]}:score", json={"genotypes": [""]})
    assert (broken.status_code, broken.json()["reason"]) == (503, "BROKEN_ARTIFACT")


async def test_two_models_side_by_side(rest, versions):
    body = {"model_ids": versions}
    answer = (await rest.post("/v1/models:compare", json=body)).json()
    assert [model["version"] for model in answer["models"]] == [1, 2]
    assert answer["is_same_test"] is False
    assert answer["reasons"]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_a_rollback_is_asked_for_by_post_alone(rest, method):
    response = await rest.request(method, "/v1/model-aliases/titer@champion:rollback")
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert response.json()["code"] == "INVALID_ARGUMENT"
