"""Open to this machine while there are no keys; to keys alone, and what they allow, after that."""

import re
from pathlib import Path

import pytest
from fastapi.routing import iter_route_contexts

from service.contract.api_keys import Scope
from service.handlers.access import require_keys
from service.handlers.permissions import OPERATIONS
from service.rest.access import is_public_path
from service.server import create_app
from tests.service.keys import bearer, make_key

UNKNOWN = f"cgb_{'0' * 16}_{'A' * 43}"
NETWORK = ["0.0.0.0", "::", "192.168.1.5", "example.org"]  # noqa: S104


def routes_of(app):
    """(method, path with its parameters filled in, operation) of every route."""
    return [
        (method, re.sub(r"\{.*?\}", "x", route.path_format), route.operation_id)
        for route in iter_route_contexts(app.routes)
        for method in route.methods or ()
        if getattr(route, "operation_id", None) and route.include_in_schema
    ]


@pytest.fixture
def routes(rest):
    return routes_of(rest._transport.app)


@pytest.mark.parametrize("host", NETWORK)
def test_without_keys_it_refuses_to_listen_on_the_network(settings, host):
    with pytest.raises(ValueError, match="cellgebra keys create"):
        create_app(settings.model_copy(update={"host": host}))


@pytest.mark.parametrize("host", NETWORK)
def test_with_a_key_it_listens_on_the_network(settings, database, host):
    make_key(database)
    require_keys(settings.model_copy(update={"host": host}))


def test_without_a_database_it_makes_none_to_look_for_keys(settings, tmp_path):
    away = settings.model_copy(
        update={"host": "192.0.2.1", "database_url": f"sqlite:///{tmp_path / 'no.db'}"}
    )
    with pytest.raises(ValueError, match="cellgebra db upgrade"):
        require_keys(away)
    assert not (tmp_path / "no.db").exists()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_is_fine(settings, host):
    require_keys(settings.model_copy(update={"host": host}))


async def test_every_route_asks_who_calls(rest, routes):
    assert len(routes) >= 16
    for method, path, _ in routes:
        response = await rest.request(method, path, headers={"Origin": "http://example.org"})
        assert response.status_code == 403, (method, path)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "rebound.example.org:8000"},
        {"Origin": "http://example.org"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Host": ""},
        {"Host": "[::1"},
        {"Origin": "http://["},
    ],
)
async def test_pages_of_other_sites_are_refused(rest, headers):
    response = await rest.get("/v1/models", headers=headers)
    assert response.status_code == 403
    assert response.json()["code"] == "PERMISSION_DENIED"


async def test_its_own_pages_are_answered(rest):
    response = await rest.get("/v1/models", headers={"Origin": "http://127.0.0.1:8000"})
    assert response.status_code == 200


def test_every_route_is_in_the_table_of_scopes(routes):
    assert [name for *_, name in routes if name not in OPERATIONS] == []


async def test_with_keys_every_route_wants_one(rest, context, database, routes):
    make_key(database)
    await context.keys.refresh()
    for method, path, name in routes:
        response = await rest.request(method, path)
        if OPERATIONS[name] is None:
            assert is_public_path(path)
            assert response.status_code in (200, 503)
            continue
        assert response.status_code == 401, (method, path)
        assert response.headers["www-authenticate"].startswith("Bearer")
        if method != "HEAD" and not path.startswith("/v2"):
            assert response.json()["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("scope", list(Scope))
async def test_a_key_does_what_its_scope_allows_and_no_more(rest, database, scope, routes):
    _, secret = make_key(database, scope)
    for method, path, name in routes:
        response = await rest.request(method, path, headers=bearer(secret))
        allowed = OPERATIONS[name] in (None, scope) or scope is Scope.ADMIN
        assert (response.status_code == 403) != allowed, (method, path, response.text)
        assert response.status_code != 401


async def test_a_plain_score_wants_the_scope_to_score(rest, context, database):
    _, secret = make_key(database, Scope.READ, Scope.TRAIN)
    path, body = "/v1/models/model_1:score", {"genotypes": ["b0720:deletion"]}
    await context.keys.refresh()
    assert (await rest.post(path, json=body)).status_code == 401
    response = await rest.post(path, json=body, headers=bearer(secret))
    assert response.status_code == 403
    assert "the scope score" in response.json()["detail"]


async def test_two_headers_are_refused(rest):
    headers = [("Authorization", f"Bearer {UNKNOWN}")] * 2
    response = await rest.get("/v1/models", headers=headers)
    assert response.status_code == 401
    assert "once" in response.json()["detail"]


@pytest.mark.parametrize("query", [f"api_key={UNKNOWN}", f"x={UNKNOWN}", "access_token=1"])
async def test_a_key_in_the_address_is_refused_whoever_asks(rest, database, caplog, query):
    _, secret = make_key(database)
    with caplog.at_level(0):
        response = await rest.get(f"/v1/models?{query}", headers=bearer(secret))
    assert response.status_code == 401
    assert "in the header" in response.json()["detail"]
    ours = [record for record in caplog.records if not record.name.startswith("httpx")]
    assert not any(UNKNOWN in record.getMessage() for record in ours)
    assert UNKNOWN not in response.text


async def test_a_large_body_without_a_key_is_not_read(rest, context, database):
    make_key(database)
    await context.keys.refresh()

    async def never():
        raise AssertionError("the body was read")
        yield b""

    response = await rest.post("/v1/datasets", content=never())
    assert response.status_code == 401


DOCS = Path(__file__).parents[3] / "docs" / "operations.md"


def test_the_documented_table_is_the_one_that_runs():
    rows = re.findall(r"^\| (`\w+`|anybody) \| ((?:`\w+` ?)+) \|$", DOCS.read_text(), re.MULTILINE)
    shown = {
        operation: None if scope == "anybody" else scope.strip("`")
        for scope, operations in rows
        for operation in re.findall(r"`(\w+)`", operations)
    }
    assert shown == dict(OPERATIONS)
