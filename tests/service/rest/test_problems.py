"""Every error is a problem document, whatever went wrong."""

import logging

import pytest

from service.contract import errors
from service.contract.errors import CellgebraError, ResourceExhaustedError
from service.handlers import models as model_handlers
from service.rest.problems import HTTP_STATUS

MEMBERS = {
    *("type", "title", "status", "detail", "instance", "code", "reason", "errors", "trace_id"),
}


def tree(kind):
    return [kind, *(deeper for child in kind.__subclasses__() for deeper in tree(child))]


def check(response, status):
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    document = response.json()
    assert document.keys() >= MEMBERS
    assert document["status"] == status
    assert document["trace_id"] == response.headers["x-trace-id"]
    return document


def test_every_code_has_its_http_status():
    assert {kind.code for kind in tree(CellgebraError)} <= HTTP_STATUS.keys()


@pytest.mark.parametrize("kind", tree(CellgebraError)[1:], ids=lambda kind: kind.__name__)
async def test_errors_of_handlers(rest, monkeypatch, kind):
    def fail(*_, **__):
        raise kind("what, where, what to do")

    monkeypatch.setattr(model_handlers, "get_model", fail)
    response = await rest.get("/v1/models/model_1")
    document = check(response, response.status_code)
    assert response.status_code >= 400
    assert (document["code"], document["reason"]) == (kind.code, kind.reason)
    assert document["detail"] == "what, where, what to do"
    assert document["instance"] == "/v1/models/model_1"


async def test_a_limit_says_when_to_come_back(rest, monkeypatch):
    def fail(*_, **__):
        raise ResourceExhaustedError("busy", retry_after_seconds=1.5)

    monkeypatch.setattr(model_handlers, "get_model", fail)
    response = await rest.get("/v1/models/model_1")
    check(response, 429)
    assert response.headers["retry-after"] == "2"


@pytest.mark.parametrize("error", [KeyError("secret"), errors.CellgebraError("secret")])
async def test_an_unexpected_error_keeps_its_text(rest, monkeypatch, caplog, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(model_handlers, "get_model", fail)
    with caplog.at_level(logging.ERROR):
        response = await rest.get("/v1/models/model_1")
    document = check(response, 500)
    assert "secret" not in response.text
    assert document["trace_id"] in caplog.text
    assert "secret" in caplog.text


async def test_a_path_that_is_not_there(rest):
    document = check(await rest.get("/v1/nothing"), 404)
    assert document["detail"] == "there is no /v1/nothing; /docs lists what there is"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/models", "GET"),
        ("DELETE", "/v1/datasets", "GET, POST"),
        ("PUT", "/v1/training-jobs/job_1", "DELETE, GET"),
        ("PUT", "/v1/training-jobs/job_1:cancel", "POST"),
        ("POST", "/v1/artifacts/aa", "GET, HEAD"),
    ],
)
async def test_a_method_that_is_not_there(rest, method, path, allowed):
    """All that the path takes is listed, whichever route comes first."""
    response = await rest.request(method, path)
    document = check(response, 405)
    assert response.headers["allow"] == allowed
    told = allowed.replace(", ", " or ")
    assert document["detail"] == f"{path} does not take {method}: send {told}; /docs lists them all"


BODY = b'{"dataset_id": "d", "labels": [{"name": "y"}]}'


@pytest.mark.parametrize(
    "sent",
    [
        {"content": BODY, "headers": {"content-type": "application/x-www-form-urlencoded"}},
        {"content": BODY, "headers": {"content-type": "text/plain; charset=utf-8"}},
        {"data": {"dataset_id": "d"}},
        {"files": {"spec": BODY}},
        {"content": BODY},
    ],
    ids=["curl -d", "text", "form", "file", "no type"],
)
@pytest.mark.parametrize("path", ["/v1/training-jobs", "/v1/models/model_1:score"])
async def test_a_body_that_does_not_say_it_is_json(rest, path, sent):
    response = await rest.post(path, **sent)
    came = response.request.headers.get("content-type", "").partition(";")[0] or "of no type"
    document = check(response, 422)
    assert document["detail"] == (
        f"the body is {came}: send JSON, with the header Content-Type: application/json"
    )
    assert document["reason"] == "INVALID_REQUEST"


async def test_a_body_that_is_missing(rest):
    document = check(await rest.post("/v1/training-jobs"), 422)
    assert document["detail"] == (
        "the body is missing: send JSON, with the header Content-Type: application/json"
    )


@pytest.mark.parametrize("body", ["[]", "null", "3", '"text"'])
async def test_a_body_that_is_no_object(rest, body):
    headers = {"content-type": "application/json"}
    document = check(await rest.post("/v1/training-jobs", content=body, headers=headers), 422)
    assert document["detail"] == "the body should be a JSON object"


async def test_a_field_that_is_no_object(rest):
    spec = {"dataset_id": "d", "labels": [{"name": "y"}], "loss": 3}
    document = check(await rest.post("/v1/training-jobs", json=spec), 422)
    assert document["detail"] == "loss: should be an object with named fields"


async def test_what_is_not_json(rest):
    response = await rest.post(
        "/v1/training-jobs", content=b"{", headers={"content-type": "application/json"}
    )
    document = check(response, 422)
    assert document["reason"] == "INVALID_REQUEST"
    (error,) = document["errors"]
    assert error["message"].startswith("invalid JSON: ")
    assert "field" not in error


async def test_what_is_no_text_comes_back_escaped(rest):
    spec = '{"dataset_id": "d", "labels": [{"name": "y"}], "device": "\\ud800"}'
    response = await rest.post(
        "/v1/training-jobs", content=spec, headers={"content-type": "application/json"}
    )
    assert check(response, 422)["errors"][0]["value"] == "\ud800"


async def test_fields_of_a_body(rest):
    spec = {"dataset_id": "d", "labels": [{"name": "y"}], "loss": {"terms": [{"name": "no"}]}}
    document = check(await rest.post("/v1/training-jobs", json=spec), 422)
    assert document["errors"][0]["field"] == "loss.terms[0]"


async def test_fields_of_a_query(rest):
    document = check(await rest.get("/v1/models", params={"page_size": 0}), 422)
    assert document["errors"][0]["field"] == "page_size"
    check(await rest.get("/v1/models", params={"page_token": "x"}), 422)


async def test_the_trace_id_of_the_caller_is_kept(rest):
    given = await rest.get("/health/live", headers={"X-Trace-Id": "a-trace-of-mine"})
    assert given.headers["x-trace-id"] == "a-trace-of-mine"
    strange = await rest.get("/health/live", headers={"X-Trace-Id": "a trace\twith spaces"})
    assert len(strange.headers["x-trace-id"]) == 32


async def test_without_the_database_a_client_may_try_again(rest, context, tmp_path):
    context.database.engine.dispose()
    for path in tmp_path.glob("cellgebra.db*"):
        path.unlink()
    (tmp_path / "cellgebra.db").mkdir()  # cannot be opened
    document = check(await rest.get("/v1/training-jobs"), 503)
    assert (document["code"], document["detail"]) == (
        "UNAVAILABLE",
        "the database does not answer; try again shortly",
    )
