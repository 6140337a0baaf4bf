"""Which keys open, for how long, and what a wrong one costs."""

import asyncio
import time
from datetime import timedelta

import pytest
from sqlalchemy import event

from service.contract.api_keys import RotateRequest, Scope
from service.contract.database import utc_now
from service.contract.errors import UnauthenticatedError, UnavailableError
from service.contract.repositories import api_keys
from service.handlers.access import LOCAL, authenticate
from service.handlers.context import Caller, Context
from tests.service.keys import make_key

UNKNOWN = f"cgb_{'0' * 16}_{'A' * 43}"


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"key_refresh_seconds": 0.05})


async def call(context, secret):
    return await authenticate(context, [f"Bearer {secret}"])


async def test_a_key_tells_its_project_and_scopes(context, database):
    key_id, secret = make_key(database, Scope.READ, Scope.SCORE, project="lab")
    assert await call(context, secret) == Caller("lab", key_id, frozenset({"read", "score"}))


async def test_without_keys_it_is_this_machine(context):
    assert await authenticate(context, []) == LOCAL


async def test_a_wrong_key_is_refused_also_where_there_are_none(context):
    with pytest.raises(UnauthenticatedError, match="no such API key"):
        await call(context, UNKNOWN)


async def test_once_there_was_a_key_nobody_comes_in_without_one(context, database):
    key_id, _ = make_key(database)
    with database.write() as session:
        api_keys.revoke_key(session, "default", key_id)
    await context.keys.refresh()
    with pytest.raises(UnauthenticatedError, match="send an API key"):
        await authenticate(context, [])


async def test_on_the_network_nobody_comes_in_without_one(context, settings):
    settings = settings.model_copy(update={"host": "192.0.2.1"})
    with pytest.raises(UnauthenticatedError):
        await authenticate(Context(**{**vars(context), "settings": settings}), [])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["Bearer cgb_short"], "is all of it"),
        ([""], "send the API key as"),
        (["Bearer"], "is all of it"),
        (["Basic Y2didG9rZW4="], "send the API key as"),
        ([UNKNOWN], "send the API key as"),
        ([f"Bearer {UNKNOWN}", f"Bearer {UNKNOWN}"], "once, not 2 times"),
        ([f"Bearer {UNKNOWN},Bearer {UNKNOWN}"], "is all of it"),
        (["Bearer \xe9\xff"], "is all of it"),
    ],
)
async def test_what_is_no_key_is_refused_and_said(context, given, said):
    with pytest.raises(UnauthenticatedError, match=said) as caught:
        await authenticate(context, given)
    assert UNKNOWN not in caught.value.detail


async def test_another_secret_of_a_key_does_not_open(context, database):
    _, secret = make_key(database)
    with pytest.raises(UnauthenticatedError, match="no such API key"):
        await call(context, secret[:-1] + ("A" if secret[-1] != "A" else "B"))


async def test_a_key_ends_with_its_time(context, database):
    _, secret = make_key(database, expire_time=utc_now() + timedelta(seconds=0.4))
    await call(context, secret)
    await asyncio.sleep(0.45)
    with pytest.raises(UnauthenticatedError, match="has expired"):
        await call(context, secret)


async def test_a_revoked_key_ends_within_the_setting(context, database):
    key_id, secret = make_key(database)
    await call(context, secret)
    with database.write() as session:
        api_keys.revoke_key(session, "default", key_id)
    await asyncio.sleep(0.5)
    with pytest.raises(UnauthenticatedError, match="was revoked"):
        await call(context, secret)


async def test_a_rotated_key_keeps_its_old_secret_as_long_as_asked(context, database):
    key_id, first = make_key(database)
    keep = RotateRequest(keep_old_seconds=60).keep_old_seconds
    with database.write() as session:
        _, second = api_keys.rotate_key(session, "default", key_id, keep_old_seconds=keep)
    assert {(await call(context, secret)).name for secret in (first, second)} == {key_id}
    with database.write() as session:
        _, third = api_keys.rotate_key(session, "default", key_id, keep_old_seconds=0)
    await context.keys.refresh()
    assert (await call(context, third)).name == key_id
    for old in (first, second):
        with pytest.raises(UnauthenticatedError):
            await call(context, old)


async def test_its_last_use_is_noted_at_the_end_at_the_latest(context, database):
    key_id, secret = make_key(database)
    await call(context, secret)
    await context.keys.close()
    with database.read() as session:
        assert api_keys.get_key(session, "default", key_id).last_use_time is not None


async def test_a_thousand_wrong_keys_cost_a_few_queries(context, database):
    make_key(database)
    await context.keys.close()  # the loop, which reads by itself
    await context.keys.refresh()
    statements = []
    event.listen(
        context.database.engine, "before_cursor_execute", lambda *args: statements.append(args[2])
    )
    begin = time.monotonic()

    async def fail(number):
        with pytest.raises(UnauthenticatedError):
            await call(context, f"cgb_{number:016x}_{'A' * 43}")

    await asyncio.gather(*(fail(number) for number in range(1000)))
    rounds = (time.monotonic() - begin) / 0.25 + 1
    assert len([one for one in statements if "api_keys" in one]) <= rounds


async def test_known_keys_hold_while_the_database_is_away(context, database, monkeypatch):
    _, secret = make_key(database)
    await call(context, secret)
    context.database.engine.dispose()
    await context.keys.close()
    with context.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE api_keys RENAME TO hidden_keys")
    await call(context, secret)
    monkeypatch.setattr("service.handlers.key_ring._AWAY_SECONDS", 0.0)
    await asyncio.sleep(0.06)
    with pytest.raises(UnavailableError):
        await call(context, secret)


async def test_who_looks_for_a_fresh_key_waits_for_a_read_that_is_under_way(context, database):
    await context.keys.close()  # the loop, which reads by itself
    await context.keys.refresh()
    _, secret = make_key(database)

    def slowly(*args):
        if "api_keys" in args[2]:
            time.sleep(0.4)

    event.listen(context.database.engine, "before_cursor_execute", slowly)
    looking = asyncio.create_task(call(context, secret))
    await asyncio.sleep(0.02)
    reading = asyncio.create_task(context.keys.refresh())  # begins while the other waits to look
    assert (await looking).project_id == "default"
    await reading
