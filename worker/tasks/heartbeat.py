"""The thread beside a job's work: it renews the lease, and sees to it that a stop is one.

Work looks often whether it should stop, but not inside a picture that is drawn or a matrix that is
factorised. Work that does not stop soon is abandoned: the job ends as if it had stopped, from its
last checkpoint, and the process with it. Celery's main process starts another one.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from sqlalchemy.exc import SQLAlchemyError

from service.contract.errors import LeaseLostError
from service.contract.jobs import JobState
from service.contract.repositories import leases

if TYPE_CHECKING:
    from service.contract.artifacts import ArtifactStore
    from worker.tasks.held_jobs import HeldJob

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 2.5  # with 1.5 of a heartbeat and two ticks, a cancel takes under 5
LOST_SECONDS = 10.0  # nobody waits for work whose lease is lost: it may finish its step
_TICK_SECONDS = 0.25


class Heartbeat:
    """Renews the lease from a thread of its own, and hears of cancels, takeovers and lateness.

    Args:
        held: the job.
        end_stopped: ends the job's row as that of work that has stopped.
    """

    def __init__(self, held: "HeldJob", end_stopped: Callable[[], None]) -> None:
        self._held = held
        self._end_stopped = end_stopped
        self._over = threading.Event()
        run = partial(copy_context().run, self._run)  # its log lines are about the same job
        self._thread = threading.Thread(target=run, name="heartbeat", daemon=True)
        self._next_beat = time.monotonic()
        self._asked_time: float | None = None

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        period = self._held.runtime.settings.heartbeat_seconds
        self._next_beat += period
        while not self._over.wait(min(period, _TICK_SECONDS)):
            try:
                self._tick(period)
            except LeaseLostError:
                self._leave_lost()
                return
            except SQLAlchemyError:
                logger.warning("heartbeat failed", exc_info=True)

    def _tick(self, period: float) -> None:
        held, now = self._held, time.monotonic()
        if held.deadline is not None and now > held.deadline:
            held.is_late.set()
        if now >= self._next_beat:
            self._next_beat = now + period
            self._beat()
        if not held.should_stop():
            return
        self._asked_time = now if self._asked_time is None else self._asked_time
        if now > self._asked_time + PATIENCE_SECONDS:
            self._abandon()

    def _beat(self) -> None:
        held = self._held
        with held.runtime.database.write() as session:
            state = leases.heartbeat(session, held.lease, held.runtime.settings.lease_seconds)
        if state is JobState.CANCELLING:
            held.is_cancelled.set()

    def _leave_lost(self) -> None:
        """Have work stop that is another's by now; if it does not, the queue waits for nothing."""
        if self._over.is_set():
            return
        self._held.is_lost.set()
        if not self._over.wait(LOST_SECONDS):
            self._exit()

    def _abandon(self) -> None:
        """End the job, and this process.

        Raises:
            LeaseLostError: the work has ended after all.
        """
        self._end_stopped()
        self._exit()

    def _exit(self) -> None:
        end_process(self._held.runtime.store, self._held.lease.name)


def end_process(store: "ArtifactStore", *scratch_names: str) -> NoReturn:
    """End this process in the middle of work that does not stop, without its unfinished files."""
    logger.warning("the work does not stop: abandoned")
    for name in scratch_names:
        store.forget_scratch(name)
    logging.shutdown()
    os._exit(0)
