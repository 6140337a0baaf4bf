"""How a worker that is asked to go tells the child that runs a job: by SIGUSR2.

On SIGTERM Celery's main process waits for the running task. The child hears of it here, so that
it checkpoints and hands the job back where it would otherwise train for hours. A child that is
still starting would die of the signal: it is asked once it listens.

A host that shuts down asks all processes at once, children too. Theirs would raise SystemExit
wherever they are, which a library may take for a failure of its own (DuckDB: "Query interrupted"),
and the job would end as FAILED. So SIGTERM is heard in the same way while a job is at work.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

_ASK_AGAIN_SECONDS = 0.2

_asked = threading.Event()
_never = threading.Event()


def is_asked() -> bool:
    """Whether this process should hand its job back."""
    return _asked.is_set()


def ask() -> None:
    """Ask this process to hand its job back."""
    _asked.set()


def listen() -> None:
    """Install the handler in a child; it must run in the child's main thread."""
    signal.signal(signal.SIGUSR2, lambda *_: ask())


@contextmanager
def hearing_sigterm() -> Iterator[None]:
    """Take SIGTERM as a question to hand the job back; it has its usual effect afterwards."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard = threading.Event()

    def hear(*_: object) -> None:
        heard.set()
        ask()

    before = signal.signal(signal.SIGTERM, hear)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        if heard.is_set():
            signal.raise_signal(signal.SIGTERM)


def ask_children(until: threading.Event = _never) -> None:
    """Ask every pool child of this process, again and again: one may only be starting."""
    thread = threading.Thread(target=_keep_asking, args=(until,), daemon=True, name="asking")
    thread.start()


def _keep_asking(until: threading.Event) -> None:
    while True:
        for child in psutil.Process().children():
            if _is_pool_child(child) and _listens(child):
                with suppress(psutil.NoSuchProcess):
                    child.send_signal(signal.SIGUSR2)
        if until.wait(_ASK_AGAIN_SECONDS):
            return


def _listens(child: psutil.Process) -> bool:
    """Whether it has a handler by now; only Linux tells, elsewhere it has to have one."""
    try:
        status = Path(f"/proc/{child.pid}/status").read_text()
    except OSError:
        return not Path("/proc/self/status").exists()
    caught = [line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")]
    return any(int(mask, 16) >> (signal.SIGUSR2 - 1) & 1 for mask in caught)


def _is_pool_child(child: psutil.Process) -> bool:
    """Whether it is a spawned pool process (not the resource tracker, which would die of it)."""
    try:
        return any("spawn_main" in part for part in child.cmdline())
    except psutil.Error:
        return False
