"""What every server of the tests shares: ports, death with the parent, and a firm end."""

import ctypes
import os
import signal
import socket
import subprocess
from collections.abc import Callable
from contextlib import suppress

PR_SET_PDEATHSIG = 1


class ServerError(RuntimeError):
    """A server that the tests need is missing or did not start."""


def free_port() -> int:
    """A TCP port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def die_with_parent(number: signal.Signals) -> Callable[[], None]:
    """For `preexec_fn`: the child gets this signal when pytest ends, even by kill -9."""
    libc = ctypes.CDLL(None, use_errno=True)

    def ask_the_kernel() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(number))

    return ask_the_kernel


def stop(process: subprocess.Popen, number: signal.Signals, *, timeout_seconds: float) -> int:
    """Signal a process and wait; kill it when it will not go."""
    if process.poll() is None:
        process.send_signal(number)
    try:
        return process.wait(timeout_seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait(timeout_seconds)


def kill_group(group_id: int) -> None:
    """Kill what is left of a process group."""
    with suppress(ProcessLookupError):
        os.killpg(group_id, signal.SIGKILL)
