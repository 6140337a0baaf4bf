"""How much a key may ask for a second, in all processes together.

The counts are in the broker. A process takes a twentieth of what a key may at once, and spends it
by itself, so that most requests wait for nothing; with many processes a key may be told to wait a
little before it has had all. Without the broker nobody is held up.
"""

import asyncio
import logging
import time
from dataclasses import dataclass, field

import redis
import redis.asyncio
from limits import RateLimitItemPerSecond
from limits.aio.storage import RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from service.contract.broker import KEY_PREFIX, client_url
from service.contract.errors import ResourceExhaustedError

logger = logging.getLogger(__name__)

_SLICES = 20  # a second's share is taken in so many
_PAUSE_SECONDS = 0.1  # who was told to wait is told again without asking
_AWAY_SECONDS = 1.0  # a broker that does not answer is asked again after this long
_BROKER_SECONDS = 0.25
_TOLD_SECONDS = 60.0


@dataclass
class _Share:
    """What a process has taken of a key's second and not spent."""

    left: int = 0
    until: float = 0.0
    blocked_until: float = 0.0
    remaining: int = 0  # of the second, in all processes, when it was last asked
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True)
class Quota:
    """What a key may in a second, and what is left of it as far as this process knows."""

    limit: int
    remaining: int


class RateLimits:
    """Takes requests and designs of keys from what they may a second; 0: any number."""

    def __init__(self, broker_url: str, max_requests: int, max_designs: int) -> None:
        url = client_url(broker_url)
        unix = url.startswith("unix://")
        self._client = redis.asyncio.Redis.from_url(
            url, socket_timeout=_BROKER_SECONDS, socket_connect_timeout=_BROKER_SECONDS
        )
        storage = RedisStorage(
            f"async+redis+{url}" if unix else f"async+{url}",
            implementation="redispy",
            key_prefix=f"{KEY_PREFIX}limits",
            connection_pool=self._client.connection_pool,  # type: ignore[arg-type] # it is passed on
        )
        limiter = SlidingWindowCounterRateLimiter(storage)
        self._requests = _Limit(limiter, "requests", max_requests)
        self._designs = _Limit(limiter, "designs", max_designs)

    async def take_request(self, key_id: str | None) -> Quota | None:
        """Count a request; None where nothing is counted, as without a key.

        Raises:
            ResourceExhaustedError: the key has had as many in this second as it may.
        """
        return await self._requests.take(key_id, 1)

    async def take_designs(self, key_id: str | None, count: int) -> None:
        """Count the designs of a request.

        Raises:
            ResourceExhaustedError: the key has had as many in this second as it may.
        """
        await self._designs.take(key_id, count)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


class _Limit:
    """One bound of every key."""

    def __init__(self, limiter: SlidingWindowCounterRateLimiter, what: str, limit: int) -> None:
        self._limiter = limiter
        self._what = what
        self._limit = limit
        self._item = RateLimitItemPerSecond(max(limit, 1), namespace=what)
        self._slice = max(1, limit // _SLICES)
        self._shares: dict[str, _Share] = {}
        self._away_until = self._told_at = float("-inf")

    async def take(self, key_id: str | None, cost: int) -> Quota | None:
        if self._limit == 0 or key_id is None:
            return None
        cost = min(cost, self._limit)  # what is more than a second's takes a second
        share = self._shares.get(key_id)
        if share is None:
            share = self._shares[key_id] = _Share()
        now = time.monotonic()
        if (share.left < cost or now >= share.until) and now >= self._away_until:
            async with share.lock:
                await self._fill(key_id, share, cost)
        share.left = max(0, share.left - cost)
        return Quota(self._limit, share.left + share.remaining)

    async def _fill(self, name: str, share: _Share, cost: int) -> None:
        now = time.monotonic()
        if (share.left >= cost and now < share.until) or now < self._away_until:
            return  # another request has just taken enough, or waited for the broker in vain
        if now < share.blocked_until:
            raise self._exhausted()
        try:
            taken = await self._acquire(name, cost)
            if taken:
                _, share.remaining = await self._limiter.get_window_stats(self._item, name)
        except (redis.RedisError, OSError, TimeoutError):
            self._let_pass(now)
            return
        if not taken:
            share.blocked_until = now + _PAUSE_SECONDS
            raise self._exhausted()
        share.left = taken if now >= share.until else share.left + taken
        share.until = now + 1.0

    async def _acquire(self, name: str, cost: int) -> int:
        """Take a slice, or if that is too much, what is needed now; 0: neither."""
        for wanted in sorted({max(cost, self._slice), cost}, reverse=True):
            if await self._limiter.hit(self._item, name, cost=wanted):
                return wanted
        return 0

    def _let_pass(self, now: float) -> None:
        self._away_until = now + _AWAY_SECONDS
        if now - self._told_at >= _TOLD_SECONDS:
            self._told_at = now
            logger.warning("the broker does not answer: limits of %s are not kept", self._what)

    def _exhausted(self) -> ResourceExhaustedError:
        return ResourceExhaustedError(
            f"this API key may ask for {self._limit:,} {self._what} a second, and has had them: "
            "wait a moment",
            retry_after_seconds=_PAUSE_SECONDS,
        )


def headers_of(quota: Quota) -> list[tuple[bytes, bytes]]:
    """A quota as headers (IETF draft-ietf-httpapi-ratelimit-headers)."""
    return [
        (b"ratelimit-policy", b'"requests";q=%d;w=1' % quota.limit),
        (b"ratelimit", b'"requests";r=%d;t=1' % quota.remaining),
    ]
