"""The owner of a group: the task that starts it, passes on what it tells, and ends it.

The group is a torchrun and its processes, all of them of this machine. They hold no lease, open no
database and store no blob: the owner does, by what the first of them tells. Whatever becomes of the
owner, the group does not outlive it.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psutil

from service.contract.errors import CellgebraError
from worker.tasks.held_jobs import HeldJob, JobStoppedError, ProcessLostError

if TYPE_CHECKING:
    from worker.training.group_folder import GroupFolder

_PERIOD_SECONDS = 0.1
_STOP_SECONDS = 2.0  # for a checkpoint: a cancel has five in all, a worker that goes six
_TAIL_BYTES = 4000
_PR_SET_PDEATHSIG = 1


class _ReportedError(CellgebraError):
    """An error of ours that a process of the group ended by, as it stands in a row."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(problem["detail"])
        self._problem = problem

    def as_problem(self) -> dict[str, Any]:
        """As that process told it."""
        return self._problem


def run_group(held: HeldJob, folder: "GroupFolder", process_count: int) -> None:
    """Have processes train what the folder asks for; the model lies in it afterwards.

    Raises:
        CellgebraError: that of the training.
        JobStoppedError: a stop was asked for, or the lease is lost.
        ProcessLostError: a process was killed.
        RuntimeError: the training failed unexpectedly.
    """
    with _started(folder, process_count) as torchrun:
        give_up_time = None
        while torchrun.poll() is None:
            _pass_on(held, folder)
            if held.is_lost.is_set():
                raise JobStoppedError
            if held.should_stop() and give_up_time is None:
                folder.ask_to_stop()
                give_up_time = time.monotonic() + _STOP_SECONDS
            if give_up_time is not None and time.monotonic() > give_up_time:
                raise JobStoppedError
            if give_up_time is not None and len(folder.endings()) == process_count:
                break  # torchrun takes a second to see it
            time.sleep(_PERIOD_SECONDS)
        _pass_on(held, folder)
        _require_success(folder, torchrun.poll() or 0)


def _pass_on(held: HeldJob, folder: "GroupFolder") -> None:
    for message in folder.messages():
        if message.event is not None:
            held.emit(*message.event)
        if message.checkpoint is not None:
            held.save_checkpoint(folder.take(message.checkpoint))


def _require_success(folder: "GroupFolder", code: int) -> None:
    endings = folder.endings()
    for problem in (one.problem for one in endings):
        if problem is not None:
            raise _ReportedError(problem)
    if any(one.is_stopped for one in endings):
        raise JobStoppedError
    if code == 0:
        return
    traces = [one.trace for one in endings if one.trace is not None and not one.is_lost]
    if traces:
        raise RuntimeError(f"a process of the group failed:\n{traces[0]}")
    raise ProcessLostError(f"a process of the group was killed:\n{_log_of(folder)}")


def _log_of(folder: "GroupFolder") -> str:
    return folder.log.read_bytes()[-_TAIL_BYTES:].decode(errors="replace")


@contextmanager
def _started(folder: "GroupFolder", process_count: int) -> "Iterator[subprocess.Popen[bytes]]":
    command = [
        *(sys.executable, "-P", "-m", "torch.distributed.run"),
        *("--standalone", "--max-restarts", "0", "--nproc-per-node", str(process_count)),
        *("-m", "worker.training.group_process", str(folder.path)),
    ]
    with folder.log.open("ab") as log:
        torchrun = subprocess.Popen(  # noqa: S603 - our own program
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONSAFEPATH": "1"},
            preexec_fn=_die_with_owner(),
        )
    try:
        yield torchrun
    finally:
        _kill(torchrun)


def _kill(torchrun: "subprocess.Popen[bytes]") -> None:
    """End torchrun and its processes, which lead sessions of their own."""
    if torchrun.poll() is not None:
        return  # and so have they
    family = psutil.Process(torchrun.pid).children(recursive=True)
    torchrun.kill()
    for process in family:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    torchrun.wait()
    psutil.wait_procs(family, timeout=_STOP_SECONDS)


def _die_with_owner() -> Callable[[], None] | None:
    """What torchrun does before exec; its processes do the same (on Linux)."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    owner = os.getpid()

    def prepare() -> None:
        prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
        if os.getppid() != owner:
            os.kill(os.getpid(), signal.SIGKILL)

    return prepare
