"""How much a key may a second, in all processes together, and what happens without a broker."""

import asyncio
import socket
import time

import pytest

from service.contract.errors import ResourceExhaustedError
from service.contract.settings import Settings
from service.handlers.rate_limits import RateLimits


@pytest.fixture
async def limits(valkey):
    """Makes the limits of processes on one broker."""
    made = []

    def make(requests=0, designs=0, url=valkey.url):
        settings = Settings(
            broker_url=url, max_requests_per_second=requests, max_designs_per_second=designs
        )
        made.append(RateLimits(settings))
        return made[-1]

    yield make
    for one in made:
        await one.close()


async def taken(limits, key, seconds):
    """How many requests a key gets through that sends without a pause."""
    count, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            await limits.take_request(key)
            count += 1
        except ResourceExhaustedError:
            await asyncio.sleep(0.01)
    return count


async def exhaust(limits, key):
    for _ in range(1000):
        await limits.take_request(key)


async def test_a_key_gets_its_share_and_no_more_whatever_the_number_of_processes(limits):
    processes = [limits(100), limits(100)]
    begin = time.monotonic()
    counts = await asyncio.gather(*(taken(one, "key_1", 2.0) for one in processes))
    seconds = time.monotonic() - begin
    assert 100 <= sum(counts) <= 100 * (seconds + 1)


async def test_another_key_is_not_held_up(limits):
    process = limits(20)
    with pytest.raises(ResourceExhaustedError):
        await exhaust(process, "key_1")
    await process.take_request("key_2")


async def test_it_says_what_is_left(limits):
    process = limits(1000)
    (quota,) = await process.take_request("key_1")
    assert (quota.limit, quota.remaining) == (1000, 999)
    (quota,) = await process.take_request("key_1")
    assert quota.remaining == 998


async def test_who_is_told_to_wait_is_told_how_long(limits):
    process = limits(1)
    await process.take_request("key_1")
    with pytest.raises(ResourceExhaustedError, match="1 requests a second") as caught:
        await process.take_request("key_1")
    await asyncio.sleep(caught.value.retry_after_seconds)
    await asyncio.sleep(2.0)
    await process.take_request("key_1")


async def test_designs_are_counted_by_their_number(limits):
    process = limits(designs=1000)
    await process.take_designs("key_1", 900)
    with pytest.raises(ResourceExhaustedError, match="designs"):
        await process.take_designs("key_1", 200)


async def test_what_is_more_than_a_seconds_share_is_let_through_alone(limits):
    process = limits(designs=1000)
    await process.take_designs("key_1", 10_000)
    with pytest.raises(ResourceExhaustedError):
        await process.take_designs("key_1", 1)


async def test_without_a_key_or_a_limit_nothing_is_counted(limits):
    assert await limits(1).take_request(None) == []
    assert await limits(0).take_request("key_1") == []


async def test_without_the_broker_nobody_is_held_up_and_one_line_says_so(limits, caplog):
    process = limits(1, url="redis://127.0.0.1:1")
    begin = time.monotonic()
    for _ in range(200):
        await process.take_request("key_1")
    assert time.monotonic() - begin < 2
    assert [
        record.getMessage() for record in caplog.records if "limits" in record.getMessage()
    ] == ["the broker does not answer: limits of requests are not kept"]


async def test_of_many_requests_at_once_one_waits_for_a_broker_that_is_silent(limits):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        process = limits(1000, url=f"redis://127.0.0.1:{silent.getsockname()[1]}")
        begin = time.monotonic()
        await asyncio.gather(*(process.take_request("key_1") for _ in range(20)))
    assert time.monotonic() - begin < 2
