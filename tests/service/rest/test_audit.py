"""The audit log over REST: every change, who made it, what came of it; never a secret."""

import asyncio

import pytest

from service.contract.api_keys import Scope
from tests.service.keys import bearer, make_key
from tests.service.rows import add_training_job

PATH = "/v1/audit"


@pytest.fixture
async def admin(database, context, rest):
    key_id, secret = make_key(database)
    await context.keys.refresh()
    rest.headers.update(bearer(secret))
    return key_id


async def events(rest, count, **filters):
    """The events, once there are as many."""
    for _ in range(100):
        items = (await rest.get(PATH, params=filters)).json()["items"]
        if len(items) >= count:
            return items
        await asyncio.sleep(0.05)
    raise AssertionError(f"{len(items)} events, not {count}")


async def test_changes_are_written_down_and_reading_is_not(rest, admin, database):
    job_id = add_training_job(database)
    await rest.get(f"/v1/training-jobs/{job_id}")
    cancelled = await rest.post(f"/v1/training-jobs/{job_id}:cancel")
    await rest.delete("/v1/training-jobs/job_none")
    made = await rest.post("/v1/keys", json={"name": "x", "scopes": ["read"]})
    found = await events(rest, 3)
    assert [
        (one["operation"], one["resource_id"], one["result"], one["actor"]) for one in found
    ] == [
        ("createApiKey", made.json()["key"]["id"], "OK", admin),
        ("deleteTrainingJob", "job_none", "NOT_FOUND", admin),
        ("cancelTrainingJob", job_id, "OK", admin),
    ]
    assert found[2]["trace_id"] == cancelled.headers["x-trace-id"]
    assert {one["address"] for one in found} == {"127.0.0.1"}
    assert made.json()["secret"] not in (await rest.get(PATH)).text
    assert [one["operation"] for one in await events(rest, 1, result="NOT_FOUND")] == [
        "deleteTrainingJob"
    ]
    assert len(await events(rest, 1, operation="createApiKey", actor=admin)) == 1


@pytest.mark.usefixtures("admin")
async def test_what_a_key_may_not_is_written_down(rest, database, context):
    key_id, secret = make_key(database, Scope.READ)
    await context.keys.refresh()
    await rest.post("/v1/sweeps", json={}, headers=bearer(secret))
    (event,) = await events(rest, 1, actor=key_id)
    assert (event["operation"], event["result"]) == ("createSweep", "PERMISSION_DENIED")


@pytest.mark.usefixtures("admin")
async def test_a_wrong_secret_of_a_key_is_told_to_its_project(rest, database, context):
    key_id, secret = make_key(database)
    await context.keys.refresh()
    wrong = secret[:-1] + ("A" if secret[-1] != "A" else "B")
    for _ in range(3):
        assert (await rest.get("/v1/models", headers=bearer(wrong))).status_code == 401
    context.audit._take_refusals()
    (event,) = await events(rest, 1, actor=key_id)
    assert (event["operation"], event["result"]) == ("authenticate", "UNAUTHENTICATED")
    assert event["event_count"] == 3


@pytest.mark.usefixtures("admin")
async def test_other_projects_have_their_own(rest, database, context):
    _, secret = make_key(database, project="another")
    await context.keys.refresh()
    await rest.delete("/v1/models/model_x")
    await events(rest, 1)
    answer = await rest.get(PATH, headers=bearer(secret))
    assert answer.json()["items"] == []


@pytest.mark.usefixtures("admin")
async def test_it_is_read_in_pages(rest):
    for number in range(3):
        await rest.delete(f"/v1/models/model_{number}")
    await events(rest, 3)
    seen, token = [], None
    while token or not seen:
        page = (await rest.get(PATH, params={"page_size": 1, "page_token": token or ""})).json()
        seen += [one["resource_id"] for one in page["items"]]
        token = page["next_page_token"]
    assert seen == ["model_2", "model_1", "model_0"]


@pytest.mark.parametrize(
    "query", ["since=yesterday", "since=0.5", "since=2026-01-01T00:00:00", "page_size=0"]
)
@pytest.mark.usefixtures("admin")
async def test_a_bad_filter_is_refused(rest, query):
    assert (await rest.get(f"{PATH}?{query}")).status_code == 422


@pytest.mark.usefixtures("admin")
async def test_a_flood_is_told_to_wait(rest):
    unknown = bearer(f"cgb_{'0' * 16}_{'A' * 43}")
    answers = await asyncio.gather(*(rest.get("/v1/models", headers=unknown) for _ in range(100)))
    codes = [answer.status_code for answer in answers]
    assert set(codes) == {401, 429}
    assert codes.count(401) <= 40
    assert all("retry-after" in one.headers for one in answers if one.status_code == 429)
    assert (await rest.get("/v1/models")).status_code == 200  # a right key, from the same address


@pytest.mark.usefixtures("admin")
async def test_a_keys_answers_say_what_is_left(rest):
    answer = await rest.get("/v1/models")
    assert answer.headers["ratelimit-policy"] == '"requests";q=1000;w=1'
    assert answer.headers["ratelimit"].startswith('"requests";r=')
