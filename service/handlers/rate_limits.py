"""How much a key may ask for a second and a day, in all processes together.

The counts are in the broker. A process takes a slice of what a key may at once, and spends it by
itself, so that most requests wait for nothing; with many processes a key may be told to wait a
little before it has had all. Without the broker nobody is held up.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import redis
import redis.asyncio
from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerSecond
from limits.aio.storage import RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from service.contract.broker import client_url
from service.contract.errors import QuotaExceededError, ResourceExhaustedError
from service.contract.quotas import COUNTS_PREFIX, DESIGNS, Limit, Window, free_after
from service.contract.settings import Settings

logger = logging.getLogger(__name__)

_PAUSE_SECONDS = 0.1  # who was told to wait is told again without asking
_AWAY_SECONDS = 1.0  # a broker that does not answer is asked again after this long
_BROKER_SECONDS = 0.25
_TOLD_SECONDS = 60.0


@dataclass(frozen=True)
class _Period:
    """What limits are counted over; its share is taken in so many slices."""

    word: str
    item: type[RateLimitItem]
    slices: int
    error: type[ResourceExhaustedError]


_SECOND = _Period("second", RateLimitItemPerSecond, 20, ResourceExhaustedError)
# A slice that a process has not spent when it ends is lost for a day: it is a small one.
_DAY = _Period("day", RateLimitItemPerDay, 1000, QuotaExceededError)


@dataclass
class _Share:
    """What a process has taken of a key's period and not spent."""

    left: int = 0
    until: float = 0.0
    blocked_until: float = 0.0
    free_at: float = 0.0
    remaining: int = 0  # of the period, in all processes, when it was last asked
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True)
class Quota:
    """What a key may in a period, and what is left of it as far as this process knows."""

    limit: int
    remaining: int
    period_seconds: int


class RateLimits:
    """Takes what keys ask for from what they may a second and a day; 0: any number."""

    def __init__(self, settings: Settings) -> None:
        url = client_url(settings.required_broker_url)
        unix = url.startswith("unix://")
        self._client = redis.asyncio.Redis.from_url(
            url, socket_timeout=_BROKER_SECONDS, socket_connect_timeout=_BROKER_SECONDS
        )
        storage = RedisStorage(
            f"async+redis+{url}" if unix else f"async+{url}",
            implementation="redispy",
            key_prefix=COUNTS_PREFIX,
            connection_pool=self._client.connection_pool,  # type: ignore[arg-type] # it is passed on
        )

        def limit(setting: str, what: str, period: _Period) -> _Limit:
            return _Limit(storage, getattr(settings, setting), setting, what=what, period=period)

        self._requests = (
            limit("max_requests_per_second", "requests", _SECOND),
            limit("quota_requests_per_day", "requests", _DAY),
        )
        self._designs = (
            limit("max_designs_per_second", DESIGNS, _SECOND),
            limit("quota_designs_per_day", DESIGNS, _DAY),
        )
        self._upload_bytes = limit("quota_upload_bytes_per_day", "bytes of uploads", _DAY)

    async def take_request(self, key_id: str | None) -> list[Quota]:
        """Count a request; nothing is told where nothing is counted, as without a key.

        Raises:
            ResourceExhaustedError: the key has had as many in this second, or day, as it may.
        """
        taken = [await limit.take(key_id, 1) for limit in self._requests]
        return [quota for quota in taken if quota is not None]

    async def take_designs(self, key_id: str | None, count: int) -> None:
        """Count the designs of a request.

        Raises:
            ResourceExhaustedError: the key has had as many in this second, or day, as it may.
        """
        for limit in self._designs:
            await limit.take(key_id, count)

    async def require_designs(self, key_id: str | None, count: int) -> None:
        """Check that there is room for designs of a job, and take nothing.

        Raises:
            QuotaExceededError: the key may not score as many more in this day.
        """
        await self._designs[-1].require(key_id, count)

    async def take_upload(self, key_id: str | None, size_bytes: int) -> None:
        """Count bytes of an upload, as they come.

        Raises:
            QuotaExceededError: the key has uploaded as many in this day as it may.
        """
        await self._upload_bytes.take(key_id, size_bytes)

    async def require_upload(self, key_id: str | None, size_bytes: int) -> None:
        """Check that there is room for an upload, and take nothing.

        Raises:
            QuotaExceededError: the key may not upload as many more in this day.
        """
        await self._upload_bytes.require(key_id, size_bytes)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


class _Limit:
    """One bound of every key."""

    def __init__(
        self, storage: RedisStorage, limit: int, setting: str, *, what: str, period: _Period
    ) -> None:
        self._storage = storage
        self._limiter = SlidingWindowCounterRateLimiter(storage)
        self._limit = limit
        self._told = Limit(limit, what, period.word, setting)
        self._what = what
        self._period = period
        self._item = period.item(max(limit, 1), namespace=what)
        self._seconds = self._item.get_expiry()
        self._slice = max(1, limit // period.slices)
        self._shares: dict[str, _Share] = {}
        self._away_until = self._told_at = float("-inf")

    async def take(self, key_id: str | None, cost: int) -> Quota | None:
        if self._limit == 0 or key_id is None or cost == 0:
            return None
        cost = self._within(cost)
        share = self._shares.get(key_id)
        if share is None:
            share = self._shares[key_id] = _Share()
        now = time.monotonic()
        if (share.left < cost or now >= share.until) and now >= self._away_until:
            async with share.lock:
                await self._fill(key_id, share, cost)
        share.left = max(0, share.left - cost)
        return Quota(self._limit, share.left + share.remaining, self._seconds)

    async def require(self, key_id: str | None, cost: int) -> None:
        if self._limit == 0 or key_id is None or time.monotonic() < self._away_until:
            return
        more = self._within(cost) - self._shares.get(key_id, _Share()).left
        try:
            if more <= 0 or await self._limiter.test(self._item, key_id, cost=more):
                return
            free_seconds = await self._free_after(key_id, more)
        except (redis.RedisError, OSError, TimeoutError):
            self._let_pass(time.monotonic())
            return
        raise self._exhausted(free_seconds)

    def _within(self, cost: int) -> int:
        """The cost, where a period has as many: what is more than a second's takes a second."""
        if cost <= self._limit or self._period is _SECOND:
            return min(cost, self._limit)
        raise self._period.error(self._told.too_many(cost), retry_after_seconds=self._seconds)

    async def _fill(self, name: str, share: _Share, cost: int) -> None:
        now = time.monotonic()
        if (share.left >= cost and now < share.until) or now < self._away_until:
            return  # another request has just taken enough, or waited for the broker in vain
        if now < share.blocked_until:
            raise self._exhausted(share.free_at - now)
        try:
            taken = await self._acquire(name, cost)
            if taken:
                _, share.remaining = await self._limiter.get_window_stats(self._item, name)
            else:
                share.free_at = now + await self._free_after(name, cost)
        except (redis.RedisError, OSError, TimeoutError):
            self._let_pass(now)
            return
        if not taken:
            share.blocked_until = now + _PAUSE_SECONDS
            raise self._exhausted(share.free_at - now)
        share.left = taken if now >= share.until else share.left + taken
        share.until = now + self._seconds

    async def _acquire(self, name: str, cost: int) -> int:
        """Take a slice, or if that is too much, what is needed now; 0: neither."""
        for wanted in sorted({max(cost, self._slice), cost}, reverse=True):
            if await self._limiter.hit(self._item, name, cost=wanted):
                return wanted
        return 0

    async def _free_after(self, name: str, cost: int) -> float:
        """In how many seconds there is room for it, if nobody takes any before."""
        seconds = self._seconds
        found = await self._storage.get_sliding_window(self._item.key_for(name), seconds)
        return free_after(Window(*found), limit=self._limit, cost=cost, seconds=seconds)

    def _let_pass(self, now: float) -> None:
        self._away_until = now + _AWAY_SECONDS
        if now - self._told_at >= _TOLD_SECONDS:
            self._told_at = now
            logger.warning("the broker does not answer: limits of %s are not kept", self._what)

    def _exhausted(self, free_seconds: float) -> ResourceExhaustedError:
        seconds = max(free_seconds, _PAUSE_SECONDS)
        return self._period.error(self._told.exhausted(seconds), retry_after_seconds=seconds)


def headers_of(quotas: Sequence[Quota]) -> list[tuple[bytes, bytes]]:
    """Quotas of requests as headers (IETF draft-ietf-httpapi-ratelimit-headers)."""
    told = [
        (b'"requests"' if quota.period_seconds == 1 else b'"requests-a-day"', quota)
        for quota in quotas
    ]
    if not told:
        return []
    policies = [b"%s;q=%d;w=%d" % (name, q.limit, q.period_seconds) for name, q in told]
    rests = [b"%s;r=%d;t=%d" % (name, q.remaining, q.period_seconds) for name, q in told]
    return [(b"ratelimit-policy", b", ".join(policies)), (b"ratelimit", b", ".join(rests))]
