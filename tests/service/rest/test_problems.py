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


async def test_routing(rest):
    check(await rest.get("/v1/nothing"), 404)
    document = check(await rest.delete("/v1/models"), 405)
    assert "GET" in document["detail"]


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
