"""Keeps a set of programs running: restarts with back-off, an orderly end, nothing left behind."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from service.supervisor.children import Child, Program, tail
from service.supervisor.errors import ChildFailedError, StoppedError

logger = logging.getLogger(__name__)

MAX_FAILURES_IN_A_ROW = 5
STEADY_SECONDS = 30.0
_FIRST_PAUSE_SECONDS = 0.25
_POLL_SECONDS = 0.1


@dataclass
class _Slot:
    """A program, its present child, and how often it failed in a row."""

    program: Program
    child: Child | None = None
    failure_count: int = 0
    restart_time: float = 0.0


@dataclass(frozen=True)
class StopGroup:
    """Programs that are asked to end together, and the seconds that they may take."""

    names: frozenset[str]
    seconds: float


class Supervisor:
    """Runs programs until told to stop. `should_stop` is asked several times a second."""

    def __init__(
        self, environment: Mapping[str, str], should_stop: Callable[[], bool] = lambda: False
    ) -> None:
        self._environment = dict(environment)
        self._should_stop = should_stop
        self._slots: list[_Slot] = []

    def start(self, program: Program) -> None:
        """Start a program, to be kept running from now on."""
        slot = _Slot(program)
        self._slots.append(slot)
        slot.child = Child(program, self._environment)

    def run_once(self, program: Program, timeout_seconds: float) -> None:
        """Run a program to its end.

        Raises:
            ChildFailedError: it failed, or took longer than `timeout_seconds`.
            StoppedError: somebody asked to stop.
        """
        child = Child(program, self._environment)
        try:
            if not self.wait_for(lambda: child.exit_code is not None, timeout_seconds):
                raise _failure(f"{program.name} took longer than {timeout_seconds:g} s", program)
        finally:
            child.kill()
        if child.exit_code != 0:
            raise _failure(f"{program.name} failed (exit {child.exit_code})", program)

    def wait_for(self, condition: Callable[[], bool], timeout_seconds: float) -> bool:
        """Keep everything running until the condition holds; False when it takes too long.

        Raises:
            ChildFailedError: a program failed too often.
            StoppedError: somebody asked to stop.
        """
        deadline = time.monotonic() + timeout_seconds
        while not condition():
            if self._should_stop():
                raise StoppedError("stopped while starting")
            if time.monotonic() >= deadline:
                return False
            self.check()
            time.sleep(_POLL_SECONDS)
        return True

    def run(self) -> None:
        """Keep everything running until somebody asks to stop.

        Raises:
            ChildFailedError: a program failed too often.
        """
        while not self._should_stop():
            self.check()
            time.sleep(_POLL_SECONDS)

    def check(self) -> None:
        """Look after every program once.

        Raises:
            ChildFailedError: one failed too often in a row.
        """
        now = time.monotonic()
        for slot in self._slots:
            if slot.child is None:
                if now >= slot.restart_time:
                    slot.child = Child(slot.program, self._environment)
            elif slot.child.exit_code is not None:
                self._note_end(slot, slot.child, now)

    def names(self) -> frozenset[str]:
        """Names of the programs that are kept running."""
        return frozenset(slot.program.name for slot in self._slots)

    def stop(
        self, groups: Sequence[StopGroup], must_hurry: Callable[[], bool] = lambda: False
    ) -> None:
        """End everything, group by group; who takes too long is killed, all when told to hurry."""
        for group in groups:
            children = [s.child for s in self._slots if s.child and s.program.name in group.names]
            for child in children:
                child.terminate()
            deadline = time.monotonic() + group.seconds
            while any(child.exit_code is None for child in children):
                if must_hurry() or time.monotonic() >= deadline:
                    break
                time.sleep(_POLL_SECONDS / 4)
            for child in children:
                child.kill()
        self.kill()

    def kill(self) -> None:
        """End everything now."""
        for slot in self._slots:
            if slot.child is not None:
                slot.child.kill()
                slot.child = None

    @staticmethod
    def _note_end(slot: _Slot, child: Child, now: float) -> None:
        if now - child.start_time >= STEADY_SECONDS:
            slot.failure_count = 0
        child.kill()  # and whatever it had started
        slot.child = None
        slot.failure_count += 1
        what = f"{slot.program.name} ended (exit {child.exit_code})"
        if slot.failure_count >= MAX_FAILURES_IN_A_ROW:
            raise _failure(f"{what}, {slot.failure_count} times in a row", slot.program)
        pause = _FIRST_PAUSE_SECONDS * 2 ** (slot.failure_count - 1)
        slot.restart_time = now + pause
        logger.warning("%s; starting it again in %g s, see %s", what, pause, slot.program.log)


def _failure(what: str, program: Program) -> ChildFailedError:
    return ChildFailedError(f"{what}. The end of {program.log}:\n{tail(program.log)}")
