"""Children of the pool that have fallen silent are killed: else their queue waits for them.

Celery's pool starts another child for one that ends. One that is frozen, or caught in a call that
lets no other thread run, never ends: its lease does, but the job that is QUEUED again waits behind
it. So every child gives its pulse, from a thread that does nothing else, through a pipe of the
main process. That kills a child that was silent for a whole lease and `GRACE_SECONDS` more.

It kills no healthy work:

* A child is silent only where none of its threads runs. Then none renews its leases either: they
  have ended before, and their fences refuse whatever it would still write.
* Neither database nor broker nor disk has a part in it. A child that waits for one of them has a
  pulse, and so has one whose job was cancelled, lost or handed back.
* Silence is counted in looks of the main process, not by a clock: a child that sleeps with its host
  or container has missed none.
* A child counts from its first pulse on. Until then `worker_proc_alive_timeout` watches it.

Work that hangs while other threads run keeps its lease: only `time_limit_seconds` ends that.
"""

import logging
import os
import signal
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil

logger = logging.getLogger(__name__)

GRACE_SECONDS = 10.0

_PERIOD_SECONDS = 1.0
_CAPACITY_BYTES = 65_536  # of a pipe
_PIPE = "_CELLGEBRA_PULSES"  # in the environment, which children inherit; it is no setting


class Pulses:
    """The main process's end of the pipe: whom it has heard, and who was silent for how long.

    Args:
        patience_seconds: who is silent for longer is lost.

    Raises:
        OSError: the pipe cannot be made.
    """

    def __init__(self, patience_seconds: float) -> None:
        self._patience = patience_seconds
        self._folder = tempfile.TemporaryDirectory(prefix="cellgebra-pulses-")
        self.path = Path(self._folder.name) / "pipe"
        os.mkfifo(self.path, 0o600)
        self._pipe = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        self._silence: dict[int, float] = {}

    def look(self, passed_seconds: float = _PERIOD_SECONDS) -> None:
        """Kill who is lost; `passed_seconds` at least have gone by since the last look."""
        known = {pid: silence + passed_seconds for pid, silence in self._silence.items()}
        known |= dict.fromkeys(self._heard(), 0.0)
        self._silence = {pid: silence for pid, silence in known.items() if _is_child(pid)}
        for pid in [pid for pid, silence in self._silence.items() if silence > self._patience]:
            logger.warning("child %d was silent for %g s: killed", pid, self._silence.pop(pid))
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        """Remove the pipe."""
        os.close(self._pipe)
        self._folder.cleanup()

    def _heard(self) -> set[int]:
        try:
            return {int(pid) for pid in os.read(self._pipe, _CAPACITY_BYTES).split()}
        except BlockingIOError:
            return set()


def _is_child(pid: int) -> bool:
    try:
        return psutil.Process(pid).ppid() == os.getpid()
    except psutil.NoSuchProcess:
        return False


_pulses: Pulses | None = None  # in the main process


def listen(lease_seconds: float) -> None:
    """Make the pipe, before the pool starts; without one, silent children are let be."""
    global _pulses
    try:
        _pulses = Pulses(lease_seconds + GRACE_SECONDS)
    except OSError:
        logger.warning("silent children will not be killed", exc_info=True)
    else:
        os.environ[_PIPE] = str(_pulses.path)


def watch(over: threading.Event) -> None:
    """Look for lost children until it is over, in a thread of the main process."""
    if _pulses is None:
        return
    while not over.wait(_PERIOD_SECONDS):
        _pulses.look()
    _pulses.close()


def start_pulse() -> None:
    """Give this child's pulse from now on. A pool without children (`solo`) has nobody to tell."""
    path = os.environ.get(_PIPE)
    if path is not None and _pulses is None:
        threading.Thread(target=_pulse, args=(path,), daemon=True, name="pulse").start()


def _pulse(path: str) -> None:
    with suppress(FileNotFoundError, BrokenPipeError):  # the main process is going, or gone
        pipe = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        while True:
            with suppress(BlockingIOError):  # full: the main process is frozen, and will hear that
                os.write(pipe, b"%d\n" % os.getpid())
            time.sleep(_PERIOD_SECONDS)
