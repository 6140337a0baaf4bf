"""Job events, fanned out: one poller a process asks the database, every stream listens to it.

A channel keeps the last events of one job in memory. A stream that is behind them (it started
from an old id, or its reader is slow) reads history from the database until it has caught up:
nothing is lost, and memory does not grow with the number of streams.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from itertools import islice

from service.contract.database import Database
from service.contract.jobs import TERMINAL_STATES, EventType, JobEvent
from service.contract.repositories.events import last_sequences, list_events
from service.handlers.threads import Threads

logger = logging.getLogger(__name__)

KEPT_EVENTS = 512
HISTORY_PAGE = 500
_RETRY_SECONDS = 2.0


def is_terminal(event: JobEvent) -> bool:
    """Whether the event says that its job has ended."""
    return event.type is EventType.STATE and event.data.get("state") in TERMINAL_STATES


class _Channel:
    """The newest events of one job, and a bell for those who wait."""

    def __init__(self, last_sequence: int) -> None:
        self.last_sequence = last_sequence
        self.stream_count = 0
        self.is_closed = False
        self.changed = asyncio.Event()
        self._recent: deque[JobEvent] = deque(maxlen=KEPT_EVENTS)

    def add(self, event: JobEvent) -> None:
        self._recent.append(event)
        self.last_sequence = event.sequence

    def wake(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()

    def close(self) -> None:
        self.is_closed = True
        self.wake()

    def after(self, sequence: int) -> list[JobEvent] | None:
        """Events after `sequence`; None when some of them are no longer in memory."""
        missing_count = self.last_sequence - sequence
        if missing_count <= 0:
            return []
        if missing_count > len(self._recent):
            return None
        return list(islice(self._recent, len(self._recent) - missing_count, None))


class EventHub:
    """Streams of job events over one poller. Used on one event loop."""

    def __init__(self, database: Database, threads: Threads, poll_seconds: float) -> None:
        self._database = database
        self._threads = threads
        self._poll_seconds = poll_seconds
        self._channels: dict[str, _Channel] = {}
        self._poller: asyncio.Task[None] | None = None
        self._has_streams = asyncio.Event()
        self._is_closed = False

    def start(self) -> None:
        """Begin to poll."""
        self._poller = asyncio.create_task(self._poll(), name="job-events")

    def end_streams(self) -> None:
        """End every stream now; their readers reconnect with the last id they saw."""
        self._is_closed = True
        for channel in self._channels.values():
            channel.close()

    async def close(self) -> None:
        """End every stream and the poller."""
        self.end_streams()
        if self._poller is not None:
            self._poller.cancel()
            await asyncio.gather(self._poller, return_exceptions=True)

    @property
    def stream_count(self) -> int:
        """How many streams are open."""
        return sum(channel.stream_count for channel in self._channels.values())

    async def follow(self, job_id: str, after: int) -> AsyncGenerator[JobEvent]:
        """Events of a job after a sequence: first those that are there, then as they come.

        Ends with the event that ended the job (unless later ones tell of its resumption), when
        the job is deleted, or when the hub closes. The caller has checked who may read the job.
        """
        channel = await self._join(job_id)
        last: JobEvent | None = None
        try:
            while not channel.is_closed:
                changed = channel.changed
                events = channel.after(after)
                if events is None:
                    events = await self._threads.run(self._history, job_id, after)
                for event in events:
                    yield event
                    last, after = event, event.sequence
                if events:
                    continue
                if await self._has_ended(job_id, after, last):
                    return
                await changed.wait()
        finally:
            self._leave(job_id, channel)

    async def _has_ended(self, job_id: str, after: int, last: JobEvent | None) -> bool:
        """Whether the job ended with the last event that the stream has given (or skipped)."""
        if last is None and after > 0:
            seen = await self._threads.run(self._history, job_id, after - 1)
            last = seen[0] if seen else None
        return last is not None and last.sequence == after and is_terminal(last)

    async def _join(self, job_id: str) -> _Channel:
        channel = self._channels.get(job_id)
        if channel is None:
            sequence = (await self._threads.run(self._last_sequences, [job_id])).get(job_id, 0)
            channel = self._channels.setdefault(job_id, _Channel(sequence))
        channel.stream_count += 1
        if self._is_closed:
            channel.close()
        self._has_streams.set()
        return channel

    def _leave(self, job_id: str, channel: _Channel) -> None:
        channel.stream_count -= 1
        if channel.stream_count == 0 and self._channels.get(job_id) is channel:
            del self._channels[job_id]
        if not self._channels:
            self._has_streams.clear()

    async def _poll(self) -> None:
        while True:
            await self._has_streams.wait()
            try:
                known = {key: channel.last_sequence for key, channel in self._channels.items()}
                self._publish(*await self._threads.run(self._news, known))
                await asyncio.sleep(self._poll_seconds)
            except Exception:  # every stream hangs on this loop
                logger.warning("cannot read job events; trying again", exc_info=True)
                await asyncio.sleep(_RETRY_SECONDS)

    def _publish(self, gone: set[str], events: list[tuple[str, JobEvent]]) -> None:
        touched: set[str] = set()
        for job_id, event in events:
            channel = self._channels.get(job_id)
            if channel is not None and event.sequence == channel.last_sequence + 1:
                channel.add(event)
                touched.add(job_id)
        for job_id in touched:
            self._channels[job_id].wake()
        for job_id in gone & self._channels.keys():
            self._channels.pop(job_id).close()

    def _news(self, known: Mapping[str, int]) -> tuple[set[str], list[tuple[str, JobEvent]]]:
        with self._database.read() as session:
            newest = last_sequences(session, list(known))
            behind = {key: known[key] for key, number in newest.items() if number > known[key]}
            return set(known) - set(newest), list_events(session, behind)

    def _last_sequences(self, job_ids: list[str]) -> dict[str, int]:
        with self._database.read() as session:
            return last_sequences(session, job_ids)

    def _history(self, job_id: str, after: int) -> list[JobEvent]:
        with self._database.read() as session:
            found = list_events(session, {job_id: after}, limit=HISTORY_PAGE)
        return [event for _, event in found]
