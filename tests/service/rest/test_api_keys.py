"""Keys over REST: an admin's own project, a secret shown once."""

import pytest

from service.contract.api_keys import Scope
from tests.service.keys import bearer, make_key

PATH = "/v1/keys"


@pytest.fixture
async def admin(database, context, rest):
    key_id, secret = make_key(database)
    await context.keys.refresh()
    rest.headers.update(bearer(secret))
    return key_id


async def test_the_life_of_a_key(rest, admin):
    made = await rest.post(PATH, json={"name": "robot", "scopes": ["score", "read", "read"]})
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    key, secret = made.json()["key"], made.json()["secret"]
    assert (key["scopes"], key["created_by"], key["project_id"]) == (
        ["read", "score"],
        admin,
        "default",
    )
    path = made.headers["location"]
    assert (await rest.get(path)).json() == key
    assert [item["id"] for item in (await rest.get(PATH)).json()["items"]] == [key["id"], admin]
    assert secret not in (await rest.get(PATH)).text
    models = "/v1/models"
    assert (await rest.get(models, headers=bearer(secret))).status_code == 200
    rotated = (await rest.post(f"{path}:rotate", json={"keep_old_seconds": 60})).json()
    assert rotated["key"]["id"] == key["id"]
    for opens in (secret, rotated["secret"]):
        assert (await rest.get(models, headers=bearer(opens))).status_code == 200
    revoked = await rest.post(f"{path}:revoke")
    assert revoked.json()["revoke_time"] is not None
    assert (await rest.post(f"{path}:revoke")).json() == revoked.json()
    for opens in (secret, rotated["secret"]):  # at once where it was revoked
        assert (await rest.get(models, headers=bearer(opens))).status_code == 401
    assert (await rest.post(f"{path}:rotate")).status_code == 409


async def test_keys_of_other_projects_are_not_there(rest, admin, database):
    other, _ = make_key(database, project="another")
    assert (await rest.get(f"{PATH}/{other}")).status_code == 404
    assert (await rest.post(f"{PATH}/{other}:revoke")).status_code == 404
    assert (await rest.post(f"{PATH}/{other}:rotate")).status_code == 404
    assert [item["id"] for item in (await rest.get(PATH)).json()["items"]] == [admin]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x", "scopes": ["everything"]}, "scopes"),
        ({"name": "x", "scopes": []}, "scopes"),
        ({"scopes": ["read"]}, "name"),
        ({"name": "", "scopes": ["read"]}, "name"),
        ({"name": "\0", "scopes": ["read"]}, "NUL"),
        ({"name": "x", "scopes": ["read"], "expire_time": "2020-01-01T00:00:00Z"}, "expire_time"),
        ({"name": "x", "scopes": ["read"], "expire_time": "2099-01-01T00:00:00"}, "expire_time"),
        ({"name": "x", "scopes": ["read"], "project_id": "another"}, "project_id"),
    ],
)
@pytest.mark.usefixtures("admin")
async def test_what_is_no_key_is_refused_and_said(rest, body, field):
    response = await rest.post(PATH, json=body)
    assert response.status_code == 422
    assert field in response.text


@pytest.mark.usefixtures("admin")
async def test_who_is_no_admin_makes_no_key(rest, database):
    _, secret = make_key(database, Scope.READ, Scope.SCORE, Scope.TRAIN)
    body = {"name": "x", "scopes": ["admin"]}
    assert (await rest.post(PATH, json=body, headers=bearer(secret))).status_code == 403


@pytest.mark.parametrize("seconds", [False, "60", -1, 604_801, 0.5])
async def test_how_long_an_old_secret_holds_is_a_whole_number(rest, admin, seconds):
    body = {"keep_old_seconds": seconds}
    assert (await rest.post(f"{PATH}/{admin}:rotate", json=body)).status_code == 422
    assert (await rest.get(PATH)).status_code == 200  # it is still the key
