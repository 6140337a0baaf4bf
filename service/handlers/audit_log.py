"""The audit log of this process: changes and refusals, written in batches behind the answers.

Refusals of one address are counted and written once a minute, so that a flood of wrong keys is a
few rows; of more addresses than are remembered, the rest is told of together.
"""

import asyncio
import logging
import time
import uuid
from collections import deque
from itertools import islice
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from service.contract.audit import REFUSED
from service.contract.database import Database, DatabaseAwayError, utc_now
from service.contract.repositories import audit
from service.handlers.threads import Threads
from service.handlers.tracing import trace_id

logger = logging.getLogger(__name__)

_PERIOD_SECONDS = 0.5
_REFUSALS_SECONDS = 60.0
_MAX_WAITING = 10_000
_MAX_ADDRESSES = 1000
_BATCH = 500
_ELSEWHERE = "elsewhere"
NOBODYS = "-"  # project of refusals that name no key


class AuditLog:
    """Takes events without waiting, and writes them within a second."""

    def __init__(self, database: Database, threads: Threads) -> None:
        self._database = database
        self._threads = threads
        self._waiting: deque[dict[str, Any]] = deque()
        self._lost_count = 0
        self._refusals: dict[tuple[str, str, str, str], dict[str, Any]] = {}
        self._refusals_at = time.monotonic()
        self._loop: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write."""
        self._loop = asyncio.create_task(self._keep_writing(), name="audit")

    async def close(self) -> None:
        """Write what waits, and stop."""
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.wait([self._loop])
        self._take_refusals()
        await self._write()

    def note(
        self,
        *,
        project_id: str,
        actor: str,
        door: str,
        operation: str,
        resource_id: str,
        address: str,
        result: str,
    ) -> None:
        """Note a change, or that it was asked for in vain."""
        if len(self._waiting) >= _MAX_WAITING:
            self._lost_count += 1
            return
        self._waiting.append(
            _event(
                project_id=project_id,
                created_by=actor,
                door=door,
                operation=operation,
                resource_id=resource_id,
                address=address,
                result=result,
            )
        )

    def note_refusal(
        self, *, project_id: str, actor: str, door: str, address: str, result: str
    ) -> None:
        """Count who was not let in."""
        if len(self._refusals) >= _MAX_ADDRESSES:
            project_id, actor, address = NOBODYS, "", _ELSEWHERE
        place = (project_id, actor, door, address)
        known = self._refusals.get(place)
        if known is not None:
            known["event_count"] += 1
            return
        self._refusals[place] = _event(
            project_id=project_id,
            created_by=actor,
            door=door,
            operation=REFUSED,
            resource_id="",
            address=address,
            result=result,
        )

    def _take_refusals(self) -> None:
        self._waiting.extend(self._refusals.values())
        self._refusals = {}
        self._refusals_at = time.monotonic()

    async def _keep_writing(self) -> None:
        while True:
            await asyncio.sleep(_PERIOD_SECONDS)
            if time.monotonic() - self._refusals_at >= _REFUSALS_SECONDS:
                self._take_refusals()
            await self._write()

    async def _write(self) -> None:
        if self._lost_count:
            logger.error("%d events of the audit log were lost", self._lost_count)
            self._lost_count = 0
        while self._waiting:
            batch = list(islice(self._waiting, _BATCH))
            try:
                await self._threads.run(self._add, batch)
            except DatabaseAwayError:
                logger.warning("%d events of the audit log wait", len(self._waiting))
                return
            except SQLAlchemyError:  # it would be refused for ever, and all others behind it
                logger.exception("a batch of the audit log cannot be written")
                self._lost_count += len(batch)
            for _ in batch:
                self._waiting.popleft()

    def _add(self, batch: list[dict[str, Any]]) -> None:
        with self._database.write() as session:
            audit.add_events(session, batch)


# What strangers write, as far as a column holds it: an address may come from a proxy's header.
_WIDTHS = {"created_by": 200, "resource_id": 300, "address": 100}


def _event(**told: str) -> dict[str, Any]:
    """A row, of this moment and of the request that is being served."""
    told |= {name: _storable(told[name])[:width] for name, width in _WIDTHS.items()}
    return {
        **told,
        "id": f"audit_{uuid.uuid4().hex}",
        "create_time": utc_now(),
        "trace_id": trace_id.get(),
        "event_count": 1,
    }


def _storable(text: str) -> str:
    """A text as a database can hold it, whatever a stranger put into a path."""
    return text.encode("ascii", "backslashreplace").decode().replace("\0", "\\x00")
