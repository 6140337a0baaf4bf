"""What a key may in 24 hours: counted as the limits of a second are, and free again as told."""

import pytest

from service.contract.errors import QuotaExceededError
from service.contract.settings import Settings
from service.handlers.rate_limits import RateLimits, headers_of

DAY = 24 * 60 * 60


@pytest.fixture
async def quotas(valkey):
    """Makes the quotas of processes on one broker."""
    made = []

    def make(**per_day):
        names = {f"quota_{what}_per_day": limit for what, limit in per_day.items()}
        settings = Settings(broker_url=valkey.url, **names)
        made.append(RateLimits(settings))
        return made[-1]

    yield make
    for one in made:
        await one.close()


@pytest.fixture
def let_pass(valkey):
    """Has so many seconds pass for what the broker counts."""

    def advance(seconds):
        with valkey.connect() as client:
            for key in client.scan_iter("*limits*"):
                client.pexpire(key, client.pttl(key) - round(1000 * seconds))

    return advance


async def test_a_key_gets_its_day_and_no_more_whatever_the_number_of_processes(quotas):
    processes = [quotas(designs=1000), quotas(designs=1000)]
    for turn in range(10):
        await processes[turn % 2].take_designs("key_1", 100)
    for process in processes:
        with pytest.raises(QuotaExceededError, match="1,000 designs a day") as caught:
            await process.take_designs("key_1", 1)
        assert "CELLGEBRA_QUOTA_DESIGNS_PER_DAY" in caught.value.detail
        await process.take_designs("key_2", 1)


async def test_a_process_that_starts_again_goes_on_counting(quotas):
    await quotas(designs=1000).take_designs("key_1", 999)
    later = quotas(designs=1000)
    await later.take_designs("key_1", 1)
    with pytest.raises(QuotaExceededError):
        await later.take_designs("key_1", 1)


@pytest.mark.parametrize("passed_seconds", [0, 3600, DAY + 3600, DAY + DAY // 2])
@pytest.mark.parametrize("cost", [10, 300, 1000])
async def test_there_is_room_again_when_it_was_told_and_not_before(
    quotas, let_pass, cost, passed_seconds
):
    await quotas(designs=1000).take_designs("key_1", 1000)
    let_pass(passed_seconds)
    had = 1000 * min(DAY, 2 * DAY - passed_seconds) // DAY  # of the window before, less and less
    asked = min(1000 - had + cost, 1000)
    with pytest.raises(QuotaExceededError) as caught:
        await quotas(designs=1000).take_designs("key_1", asked)
    told_seconds = caught.value.retry_after_seconds
    assert 60 < told_seconds <= 2 * DAY
    let_pass(told_seconds - 60)
    with pytest.raises(QuotaExceededError):
        await quotas(designs=1000).take_designs("key_1", asked)
    let_pass(61)
    await quotas(designs=1000).take_designs("key_1", asked)


@pytest.mark.parametrize(
    ("passed_seconds", "said"),
    [
        (0, "again in 24 h 0 min"),
        (DAY - 60, "again in 1 min"),
        (DAY - 3600, "again in 1 h 0 min"),
    ],
)
async def test_it_says_when_in_hours_and_minutes(quotas, let_pass, passed_seconds, said):
    process = quotas(designs=1000)
    await process.take_designs("key_1", 1000)
    let_pass(passed_seconds)
    with pytest.raises(QuotaExceededError, match=said):
        await process.take_designs("key_1", 1)


async def test_more_than_a_day_has_is_refused_and_takes_nothing(quotas):
    process = quotas(designs=1000)
    with pytest.raises(QuotaExceededError, match="1,001 at once are more: ask for fewer"):
        await process.take_designs("key_1", 1001)
    await process.take_designs("key_1", 1000)


async def test_an_upload_is_checked_before_it_is_taken(quotas):
    process = quotas(upload_bytes=1000)
    for _ in range(3):
        await process.require_upload("key_1", 1000)
    await process.take_upload("key_1", 900)
    await process.take_upload("key_1", 0)
    await process.require_upload("key_1", 100)
    with pytest.raises(QuotaExceededError, match="1,000 bytes of uploads a day"):
        await process.require_upload("key_1", 101)
    await process.take_upload("key_1", 100)
    await process.take_upload("key_1", 0)
    with pytest.raises(QuotaExceededError):
        await process.take_upload("key_1", 1)


async def test_requests_are_told_with_those_of_a_second(quotas):
    taken = await quotas(requests=50_000).take_request("key_1")
    assert headers_of(taken) == [
        (b"ratelimit-policy", b'"requests";q=1000;w=1, "requests-a-day";q=50000;w=86400'),
        (b"ratelimit", b'"requests";r=999;t=1, "requests-a-day";r=49999;t=86400'),
    ]


async def test_without_a_key_nothing_is_counted(quotas):
    process = quotas(requests=1, designs=1, upload_bytes=1)
    for _ in range(3):
        assert await process.take_request(None) == []
        await process.take_designs(None, 5)
        await process.take_upload(None, 5)
        await process.require_upload(None, 5)
