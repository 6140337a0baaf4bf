"""Child processes: start, watch, stop. A child never outlives its parent (on Linux).

Children lead a session of their own, so that Ctrl-C at the terminal reaches the supervisor alone
and it stops them in order. Start them from the main thread: the kernel takes the end of the
*thread* that started a child for the end of its parent.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LOG_LIMIT_BYTES = 10 * 2**20
_TAIL_BYTES = 4096


@dataclass(frozen=True)
class Program:
    """What to run. `orphan_signal` is what it gets when the supervisor dies.

    `environment` comes on top of that of all.
    """

    name: str
    command: Sequence[str]
    log: Path
    directory: Path | None = None
    orphan_signal: signal.Signals = signal.SIGKILL
    environment: Mapping[str, str] = field(default_factory=dict)


class Child:
    """One run of a program, its output appended to its log.

    `environment` comes on top of ours.
    """

    def __init__(self, program: Program, environment: Mapping[str, str]) -> None:
        self.program = program
        self.start_time = time.monotonic()
        program.log.parent.mkdir(parents=True, exist_ok=True)
        _rotate(program.log)
        with program.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the table of programs is ours
                program.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment, **program.environment},
                cwd=program.directory,
                start_new_session=True,
                preexec_fn=_die_with_parent(program.orphan_signal),
            )
        self.pid = self._process.pid
        self._is_gone = False

    @property
    def exit_code(self) -> int | None:
        """None while it runs; minus the signal that ended it."""
        return self._process.poll()

    def terminate(self) -> None:
        """Ask it to stop."""
        if self.exit_code is None:
            self._process.terminate()

    def kill(self) -> None:
        """End it now, and whatever it started. Once: its number may be another's afterwards."""
        if self._is_gone:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self._is_gone = True


def tail(log: Path, lines: int = 12) -> str:
    """The last lines of a log, indented."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return "  (no log)"
    return "\n".join(f"  {line}" for line in text.splitlines()[-lines:]) or "  (empty log)"


def _rotate(log: Path) -> None:
    """Keep one older file of a log that has grown large."""
    if log.exists() and log.stat().st_size > _LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".1.log"))


def _die_with_parent(orphan_signal: signal.Signals) -> Callable[[], None] | None:
    """What the child does before exec; elsewhere than on Linux the kernel has no such promise."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def prepare() -> None:
        prctl(_PR_SET_PDEATHSIG, int(orphan_signal))
        if os.getppid() != parent:  # it died before we asked
            os.kill(os.getpid(), signal.SIGKILL)

    return prepare
