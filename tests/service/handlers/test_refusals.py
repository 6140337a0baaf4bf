"""A flood of wrong keys: constant in memory, a few rows, and a request to wait."""

import time

import pytest

from service.contract.errors import ResourceExhaustedError, UnauthenticatedError, UnavailableError
from service.contract.repositories import audit
from service.handlers.audit_log import NOBODYS

ERROR = UnauthenticatedError("there is no such API key")


@pytest.fixture
def refuse(context):
    refusals = context.refusals
    return lambda address: refusals.refuse(
        ERROR, is_guess=True, address=address, door="rest", key=None
    )


def rows(database, project=NOBODYS):
    with database.read() as session:
        page = audit.list_events(session, project, page_size=9000, page_token=None)
    return page.rows


async def test_an_address_is_told_to_wait_and_others_are_not(refuse):
    begin = time.monotonic()
    answers = [refuse("192.0.2.1") for _ in range(1000)]
    seconds = time.monotonic() - begin
    assert answers[:20] == [ERROR] * 20
    told = [one for one in answers if not isinstance(one, ResourceExhaustedError)]
    assert told == [ERROR] * len(told)
    assert len(told) <= 21 + 10 * seconds
    assert refuse("192.0.2.2") is ERROR


async def test_a_flood_is_one_row(refuse, context, database):
    for _ in range(1000):
        refuse("192.0.2.1")
    await context.audit.close()
    (row,) = rows(database)
    assert (row.event_count, row.address, row.result) == (1000, "192.0.2.1", "UNAUTHENTICATED")


async def test_a_flood_from_everywhere_takes_no_more_memory(refuse, context, database):
    for number in range(5000):
        refuse(f"address-{number}")
    assert len(context.refusals._buckets) <= 4096
    await context.audit.close()
    found = rows(database)
    assert len(found) <= 1001
    assert sum(row.event_count for row in found) == 5000


async def test_who_sends_no_key_guesses_none(context):
    answers = [
        context.refusals.refuse(ERROR, is_guess=False, address="a", door="rest", key=None)
        for _ in range(100)
    ]
    assert answers == [ERROR] * 100


async def test_other_errors_pass(context):
    away = UnavailableError("the database is away")
    refused = context.refusals.refuse(away, is_guess=True, address="a", door="rest", key=None)
    assert refused is away
