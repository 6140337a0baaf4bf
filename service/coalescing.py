"""Requests about one model that are there at the same time go to a worker as one task.

A task costs a front end and a worker about a millisecond, whatever it holds; one design costs a
tenth of that. So a request that finds no task of its model under way goes at once, and those that
come while one is gather until it comes back, or for a few milliseconds. One coalescer an event
loop; it takes no lock.

Laws: a request gets its own answer, whatever else is in the task; requests leave in the order in
which they came; a task holds at most so many requests and designs, but for one request that is
larger by itself; a request that is given up takes nobody with it.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from service.contract.errors import CellgebraError, UnavailableError
from service.contract.questions import Part
from service.contract.tracing import trace_id
from service.questions import no_answer

Send = Callable[[Mapping[str, Any], float], Awaitable[list[Part]]]
Note = Callable[[int, int], None]


class ModelKey(NamedTuple):
    """What is scored with; fields of the task."""

    model_id: str
    manifest_sha256: str
    weights_sha256: str


class Limits(NamedTuple):
    """How tasks are cut.

    A task that has not come back after `patience_seconds` no longer keeps others from going: its
    worker may be lost.
    """

    tasks_in_flight: int = 2
    requests: int = 64
    designs: int = 4096
    gather_seconds: float = 0.008
    patience_seconds: float = 1.0


@dataclass(eq=False, slots=True)
class _Waiter:
    request: Mapping[str, Any]
    design_count: int
    answer: asyncio.Future[bytes]

    def settle(self, part: Part) -> None:
        if self.answer.done():
            return
        if isinstance(part, bytes):
            self.answer.set_result(part)
        else:
            self.answer.set_exception(part)


@dataclass(eq=False, slots=True)
class _Lane:
    """The requests about one model that are not under way yet."""

    key: ModelKey
    waiting: deque[_Waiter] = field(default_factory=deque)
    design_count: int = 0
    in_flight: int = 0
    departure: asyncio.Handle | None = None
    is_leaving_now: bool = False

    def take(self, limits: Limits) -> list[_Waiter]:
        """Those that go next; whoever has gone away stays behind."""
        taken: list[_Waiter] = []
        room = limits.designs
        while self.waiting and len(taken) < limits.requests:
            waiter = self.waiting[0]
            if not waiter.answer.done():
                if taken and waiter.design_count > room:
                    break
                taken.append(waiter)
                room -= waiter.design_count
            self.waiting.popleft()
            self.design_count -= waiter.design_count
        return taken

    def is_full(self, limits: Limits) -> bool:
        return len(self.waiting) >= limits.requests or self.design_count >= limits.designs


class Coalescer:
    """Gathers requests by model; `send` carries a task to a worker and awaits its reply.

    `note` is told of every task: how many requests it holds, and how many designs.
    """

    def __init__(
        self, send: Send, limits: Limits | None = None, note: Note = lambda *_: None
    ) -> None:
        self._send = send
        self._note = note
        self._limits = limits or Limits()
        self._lanes: dict[ModelKey, _Lane] = {}
        self._carrying: set[asyncio.Task[None]] = set()

    async def ask(
        self,
        key: ModelKey,
        request: Mapping[str, Any],
        *,
        design_count: int,
        timeout_seconds: float,
    ) -> bytes:
        """The answer to one request, as the worker wrote it.

        Its deadline travels along: a worker drops a request that is past it.

        Raises:
            DeadlineExceededError: no answer in time.
            UnavailableError: the broker did not take the request, or was lost meanwhile.
            CellgebraError: what the worker answered.
        """
        loop = asyncio.get_running_loop()
        dated = {
            **request,
            "deadline_unix_seconds": time.time() + timeout_seconds,
            "trace_id": trace_id.get(),
        }
        waiter = _Waiter(dated, design_count, loop.create_future())
        expiry = loop.call_later(timeout_seconds, _expire, waiter, timeout_seconds)
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _Lane(key)
        lane.waiting.append(waiter)
        lane.design_count += design_count
        self._schedule(lane)
        try:
            return await waiter.answer
        finally:
            expiry.cancel()

    def close(self) -> None:
        """Tell those who still gather that they have come too late."""
        for lane in self._lanes.values():
            for waiter in lane.waiting:
                waiter.settle(UnavailableError("the service is shutting down"))

    def _schedule(self, lane: _Lane) -> None:
        """Have the lane's next task leave now or soon, unless enough are under way."""
        if lane.is_leaving_now or lane.in_flight >= self._limits.tasks_in_flight:
            return
        loop = asyncio.get_running_loop()
        if lane.in_flight == 0 or lane.is_full(self._limits):
            if lane.departure is not None:
                lane.departure.cancel()
            lane.is_leaving_now = True
            lane.departure = loop.call_soon(self._depart, lane)
        elif lane.departure is None:
            lane.departure = loop.call_later(self._limits.gather_seconds, self._depart, lane)

    def _depart(self, lane: _Lane) -> None:
        lane.departure, lane.is_leaving_now = None, False
        waiters = lane.take(self._limits)
        if waiters:
            lane.in_flight += 1
            task = asyncio.create_task(self._carry(lane, waiters))
            self._carrying.add(task)
            task.add_done_callback(self._carrying.discard)
        self._go_on(lane)

    def _go_on(self, lane: _Lane) -> None:
        if lane.waiting:
            self._schedule(lane)
        elif lane.in_flight == 0:
            self._lanes.pop(lane.key, None)

    async def _carry(self, lane: _Lane, waiters: Sequence[_Waiter]) -> None:
        """Take one task to a worker and its parts back to those who wait."""
        place = _Place(lambda: self._leave(lane))
        patience = asyncio.get_running_loop().call_later(
            self._limits.patience_seconds, place.give_back
        )
        requests = [waiter.request for waiter in waiters]
        last = max(request["deadline_unix_seconds"] for request in requests)
        task = {**lane.key._asdict(), "requests": requests}
        self._note(len(waiters), sum(waiter.design_count for waiter in waiters))
        try:
            parts = await self._send(task, last - time.time())
            for waiter, part in zip(waiters, parts, strict=True):
                waiter.settle(part)
        except CellgebraError as error:
            for waiter in waiters:
                waiter.settle(type(error)(error.detail, error.offenders))
        finally:
            patience.cancel()
            place.give_back()
            for waiter in waiters:  # only if something unexpected was raised
                waiter.settle(CellgebraError("the answer was lost"))

    def _leave(self, lane: _Lane) -> None:
        lane.in_flight -= 1
        self._go_on(lane)


class _Place:
    """A place among the tasks in flight, given back once."""

    def __init__(self, give_back: Callable[[], None]) -> None:
        self._give_back: Callable[[], None] | None = give_back

    def give_back(self) -> None:
        if self._give_back is not None:
            give_back, self._give_back = self._give_back, None
            give_back()


def _expire(waiter: _Waiter, timeout_seconds: float) -> None:
    waiter.settle(no_answer(timeout_seconds))
