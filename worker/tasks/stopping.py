"""How a worker that is asked to go tells the child that runs a job: by SIGUSR2.

On SIGTERM Celery's main process waits for the running task. The child hears of it here, so that
it checkpoints and hands the job back where it would otherwise train for hours.
"""

import os
import signal
import threading

import psutil

_asked = threading.Event()


def is_asked() -> bool:
    """Whether this process should hand its job back."""
    return _asked.is_set()


def ask() -> None:
    """Ask this process to hand its job back."""
    _asked.set()


def listen() -> None:
    """Install the handler in a child; it must run in the child's main thread."""
    signal.signal(signal.SIGUSR2, lambda *_: ask())


def ask_children() -> None:
    """Ask every pool child of this process."""
    for child in psutil.Process().children():
        if _is_pool_child(child):
            os.kill(child.pid, signal.SIGUSR2)


def _is_pool_child(child: psutil.Process) -> bool:
    """Whether it is a spawned pool process (not the resource tracker, which would die of it)."""
    try:
        return any("spawn_main" in part for part in child.cmdline())
    except psutil.Error:
        return False
