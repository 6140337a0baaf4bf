"""The keys of this process: every key in memory, read again and again, so that no request asks SQL.

A wrong key therefore costs no query either: one that names an unknown id has the ring read again,
a few times a second however many come.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from types import MappingProxyType

from sqlalchemy.exc import SQLAlchemyError

from service.contract.api_keys import Scope, hash_of, id_of
from service.contract.database import Database, utc_now
from service.contract.errors import UnauthenticatedError, UnavailableError
from service.contract.records import ApiKeyRecord
from service.contract.repositories import api_keys
from service.handlers.threads import Threads

logger = logging.getLogger(__name__)

_SETTLE_SECONDS = 0.25  # a key that is not there yet is looked for again after this long
_MAX_LOOKING = 64  # who comes when so many look for theirs is refused at once
_AWAY_SECONDS = 60.0  # known keys hold this long while the database is away
_USES_SECONDS = 60.0


@dataclass(frozen=True)
class HeldKey:
    """What a door has to know of a key."""

    id: str
    project_id: str
    scopes: frozenset[Scope]
    sha256: str
    previous_sha256: str | None
    previous_until: datetime | None
    expire_time: datetime | None
    is_revoked: bool

    @classmethod
    def of(cls, row: ApiKeyRecord) -> "HeldKey":
        """The key of a row."""
        return cls(
            id=row.id,
            project_id=row.project_id,
            scopes=frozenset(Scope(scope) for scope in row.scopes),
            sha256=row.sha256,
            previous_sha256=row.previous_sha256,
            previous_until=row.previous_until,
            expire_time=row.expire_time,
            is_revoked=row.revoke_time is not None,
        )

    def is_opened_by(self, sha256: str, now: datetime) -> bool:
        """Whether a secret with this hash is the key's, in a time that does not tell how near."""
        is_current = compare_digest(self.sha256, sha256)
        is_previous = compare_digest(self.previous_sha256 or "", sha256)
        holds = self.previous_until is not None and now < self.previous_until
        return is_current or (is_previous and holds)


class KeyRing:
    """Every key of the database, at most `refresh_seconds` old."""

    def __init__(self, database: Database, threads: Threads, refresh_seconds: float) -> None:
        self._database = database
        self._threads = threads
        self._refresh_seconds = refresh_seconds
        self._keys: Mapping[str, HeldKey] = MappingProxyType({})
        self._begun_at = self._read_at = float("-inf")
        self._looking_count = 0
        self._reading: asyncio.Task[None] | None = None
        self._loop: asyncio.Task[None] | None = None
        self._uses: dict[str, datetime] = {}
        self._uses_at = time.monotonic()

    async def start(self) -> None:
        """Begin to read the keys, and to note uses."""
        self._loop = asyncio.create_task(self._keep_reading(), name="keys")

    async def close(self) -> None:
        """Note what was used, and stop."""
        for task in (self._loop, self._reading):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
        await self._note_uses()

    async def has_keys(self) -> bool:
        """Whether a key was ever made.

        Raises:
            UnavailableError: the database has been away for too long to tell.
        """
        await self._require_fresh()
        return bool(self._keys)

    async def find(self, secret: str) -> HeldKey:
        """The key that a secret opens.

        Raises:
            UnauthenticatedError: none, or it was revoked, or has expired.
            UnavailableError: the database has been away for too long to tell.
        """
        key_id = id_of(secret)
        if key_id is None:
            raise UnauthenticatedError("this is no API key: one begins with cgb_, and is all of it")
        await self._require_fresh()
        key = self._keys.get(key_id)
        if key is None and self._looking_count < _MAX_LOOKING:
            await self._look_again()
            key = self._keys.get(key_id)
        now = utc_now()
        if key is None or not key.is_opened_by(hash_of(secret), now):
            raise UnauthenticatedError("there is no such API key")
        if key.is_revoked:
            raise UnauthenticatedError(f"{key.id} was revoked: ask an admin for another key")
        if key.expire_time is not None and key.expire_time <= now:
            raise UnauthenticatedError(f"{key.id} has expired: ask an admin for another key")
        self._uses[key.id] = now
        return key

    def named_by(self, secret: str) -> HeldKey | None:
        """The key that a secret names, whether it opens it or not."""
        return self._keys.get(id_of(secret) or "")

    async def refresh(self) -> None:
        """Read the keys as they are now; those who ask at once wait for one read.

        Raises:
            SQLAlchemyError: the database does not answer.
        """
        await self._read_since(time.monotonic())

    async def _read_since(self, time_: float) -> None:
        """Await a read that began at `time_` or later: an earlier one may miss what was written."""
        while self._read_at < time_:
            if self._reading is None or self._reading.done():
                self._reading = asyncio.create_task(self._read())
            await asyncio.shield(self._reading)

    async def _look_again(self) -> None:
        asked_at = time.monotonic()
        self._looking_count += 1
        try:
            await asyncio.sleep(max(0.0, self._begun_at + _SETTLE_SECONDS - asked_at))
            await self._read_or_tell(asked_at)
        finally:
            self._looking_count -= 1

    async def _require_fresh(self) -> None:
        if time.monotonic() - self._read_at <= max(_AWAY_SECONDS, self._refresh_seconds):
            return
        await self._read_or_tell(time.monotonic())

    async def _read_or_tell(self, time_: float) -> None:
        try:
            await self._read_since(time_)
        except SQLAlchemyError as error:
            raise UnavailableError("the database does not answer; try again shortly") from error

    async def _keep_reading(self) -> None:
        while True:
            try:
                await self.refresh()
            except SQLAlchemyError:
                logger.warning("could not read the API keys; those known hold for a minute")
            if time.monotonic() - self._uses_at >= _USES_SECONDS:
                await self._note_uses()
            await asyncio.sleep(self._refresh_seconds)

    async def _read(self) -> None:
        begun_at = self._begun_at = time.monotonic()
        self._keys = MappingProxyType(await self._threads.run(self._read_rows))
        self._read_at = begun_at

    def _read_rows(self) -> dict[str, HeldKey]:
        with self._database.read() as session:
            return {row.id: HeldKey.of(row) for row in api_keys.list_all_keys(session)}

    async def _note_uses(self) -> None:
        uses, self._uses = self._uses, {}
        self._uses_at = time.monotonic()
        if uses:
            try:
                await self._threads.run(self._write_uses, uses)
            except SQLAlchemyError:
                logger.warning("could not note when keys were used")

    def _write_uses(self, uses: Mapping[str, datetime]) -> None:
        with self._database.write() as session:
            api_keys.note_uses(session, uses)
