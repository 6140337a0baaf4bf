"""Designs of jobs are counted where those of scores are, by the same key."""

import re

import pytest

from service.contract.api_keys import LOCAL_NAME
from service.contract.errors import QuotaExceededError
from service.contract.records import JobRecord
from service.contract.settings import Settings
from service.handlers.rate_limits import RateLimits
from worker.tasks.quotas import take_designs

KEY = "key_1"


@pytest.fixture
def settings(valkey):
    return Settings(broker_url=valkey.url, quota_designs_per_day=1000)


@pytest.fixture
async def limits(settings):
    """Those of a process that answers scores."""
    made = RateLimits(settings)
    yield made
    await made.close()


@pytest.fixture
def take(settings):
    """Takes designs for a job of a key."""
    return lambda count, key=KEY: take_designs(settings, JobRecord(created_by=key), count)


async def test_jobs_and_scores_share_a_day(take, limits):
    take(600)
    await limits.take_designs(KEY, 300)
    await limits.require_designs(KEY, 100)
    with pytest.raises(QuotaExceededError, match="1,000 designs a day"):
        await limits.require_designs(KEY, 101)
    take(100)
    with pytest.raises(QuotaExceededError):
        await limits.take_designs(KEY, 1)
    await limits.take_designs("key_2", 1000)


async def test_a_job_is_told_when_there_is_room(take, limits):
    await limits.take_designs(KEY, 1000)
    with pytest.raises(QuotaExceededError) as caught:
        take(1000)
    said = caught.value.detail
    assert "CELLGEBRA_QUOTA_DESIGNS_PER_DAY" in said
    assert re.search(r"again in 4[78] h \d+ min; nothing was scored: resume the job then", said)


def test_a_job_larger_than_a_day_is_told_so_and_takes_nothing(take):
    with pytest.raises(QuotaExceededError, match="1,001 at once are more: ask for fewer"):
        take(1001)
    take(1000)


def test_nothing_is_counted_without_a_key_a_quota_or_a_broker(take, settings):
    for _ in range(2):
        take(1000, LOCAL_NAME)
    changes = [{"quota_designs_per_day": 0}, {"broker_url": "redis://127.0.0.1:1"}]
    for change in changes:
        changed = settings.model_copy(update=change)
        take_designs(changed, JobRecord(created_by=KEY), 10_000 if "quota" in str(change) else 1)
    take(1000)


def test_a_broker_behind_a_url_of_valkey(valkey, settings):
    url = valkey.url.replace("redis://", "valkey://")
    take_designs(settings.model_copy(update={"broker_url": url}), JobRecord(created_by=KEY), 1000)
    with pytest.raises(QuotaExceededError):
        take_designs(settings, JobRecord(created_by=KEY), 1)
