"""Patience with a sender: waiting spends it, what comes earns it back, but never more."""

import asyncio

import pytest

from service.contract.errors import SlowSenderError
from service.contract.settings import Settings
from service.handlers.pace import Pace

PATIENCE_SECONDS = 0.5
RATE = 1000


@pytest.fixture
def pace():
    return Pace(Settings(min_bytes_per_second=RATE, slow_sender_seconds=PATIENCE_SECONDS))


async def come(pace, size_bytes, pause_seconds, times):
    for _ in range(times):
        await pace.wait(asyncio.sleep(pause_seconds))
        pace.earn(size_bytes)


async def test_a_sender_at_the_least_rate_may_go_on(pace):
    await come(pace, size_bytes=200, pause_seconds=0.1, times=20)


@pytest.mark.parametrize("size_bytes", [0, 1, 50])
async def test_one_below_it_is_refused(pace, size_bytes):
    with pytest.raises(SlowSenderError, match="1000 bytes a second"):
        await come(pace, size_bytes, pause_seconds=0.1, times=20)


async def test_nobody_saves_up_patience(pace):
    pace.earn(2**30)
    with pytest.raises(SlowSenderError):
        await pace.wait(asyncio.sleep(3 * PATIENCE_SECONDS))


async def test_only_waiting_counts(pace):
    await asyncio.sleep(2 * PATIENCE_SECONDS)
    assert await pace.wait(asyncio.sleep(0.01, "came")) == "came"


async def test_a_timeout_of_the_sender_is_its_own(pace):
    async def fail():
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        await pace.wait(fail())
