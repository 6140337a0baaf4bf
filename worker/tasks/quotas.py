"""Designs of scoring jobs, counted in what a key may score in a day, as those of scores are.

How many a job has is known once its table is read, or its pool is made.
"""

import logging

import redis

from service.contract.api_keys import LOCAL_NAME
from service.contract.broker import client_url
from service.contract.errors import QuotaExceededError
from service.contract.quotas import COUNTS_PREFIX, DESIGNS, Limit, Window, free_after
from service.contract.records import JobRecord
from service.contract.settings import Settings

logger = logging.getLogger(__name__)

_BROKER_SECONDS = 5.0
_SETTING = "quota_designs_per_day"


def take_designs(settings: Settings, job: JobRecord, count: int) -> None:
    """Count the designs of a job for whoever made it; without the broker, nothing is counted.

    Raises:
        QuotaExceededError: there are not as many left in this day.
    """
    if settings.quota_designs_per_day == 0 or job.created_by == LOCAL_NAME:
        return
    try:
        _take(settings, job.created_by, count)
    except (redis.RedisError, OSError):
        logger.warning("the broker does not answer: the quota of designs is not kept")


def _take(settings: Settings, name: str, count: int) -> None:
    from limits import RateLimitItemPerDay
    from limits.storage import RedisStorage
    from limits.strategies import SlidingWindowCounterRateLimiter

    limit = Limit(settings.quota_designs_per_day, DESIGNS, "day", _SETTING)
    item = RateLimitItemPerDay(limit.most, namespace=DESIGNS)
    seconds = item.get_expiry()
    if count > limit.most:
        raise QuotaExceededError(limit.too_many(count), retry_after_seconds=seconds)
    url = client_url(settings.required_broker_url)
    client = redis.Redis.from_url(
        url, socket_timeout=_BROKER_SECONDS, socket_connect_timeout=_BROKER_SECONDS
    )
    with client:
        storage = RedisStorage(
            f"redis+{url}" if url.startswith("unix://") else url,
            key_prefix=COUNTS_PREFIX,
            connection_pool=client.connection_pool,
        )
        if SlidingWindowCounterRateLimiter(storage).hit(item, name, cost=count):
            return
        window = Window(*storage.get_sliding_window(item.key_for(name), seconds))
    wait = free_after(window, limit=limit.most, cost=count, seconds=seconds)
    told = f"{limit.exhausted(wait)}; nothing was scored: resume the job then"
    raise QuotaExceededError(told, retry_after_seconds=wait)
