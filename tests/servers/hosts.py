"""A deployment of several hosts, which share a database, a broker and a bucket, and no folder."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from service.contract.jobs import Queue
from service.migrations.migrate import migrate
from tests.servers.processes import ServerError, die_with_parent, free_port, kill_group, stop

READY_SECONDS = 90.0
STOP_SECONDS = 20.0
_JOBS = [queue for queue in Queue if queue is not Queue.INFERENCE]
_SPAWNED = ("--pool", "prefork", "--concurrency", "1")


def _worker(name: str, queues: list[Queue], *pool: str) -> tuple[str, ...]:
    return (
        *("celery", "-A", "worker.app:app", "worker", "-Q", ",".join(queues), "-n", f"{name}@%h"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat", *pool),
    )


# A host each. Two that take any job can help each other, and take jobs over.
PROGRAMS = {
    "inference": _worker("inference", [Queue.INFERENCE], "--pool", "solo"),
    "api": ("service.cli", "api"),
    "first": _worker("first", _JOBS, *_SPAWNED),
    "second": _worker("second", _JOBS, *_SPAWNED),
    "scheduler": ("service.cli", "scheduler"),
}


@dataclass(frozen=True)
class Hosts:
    """Where it listens; each host's data are in the folder of its name in `root`."""

    base_url: str
    grpc_address: str
    root: Path
    environment: Mapping[str, str]
    processes: dict[str, subprocess.Popen] = field(default_factory=dict)

    def shut_down(self, name: str) -> None:
        """Take a host away, in an orderly way."""
        stop(self.processes.pop(name), signal.SIGTERM, timeout_seconds=STOP_SECONDS)

    def logs(self) -> str:
        """The end of the output of every process, for messages."""
        paths = sorted(self.root.glob("*.log"))
        return "\n".join(f"--- {path.name}\n{path.read_text()[-3000:]}" for path in paths)


@contextmanager
def several_hosts(root: Path, environment: Mapping[str, str]) -> Iterator[Hosts]:
    """Start every program, wait until they are ready, and stop them.

    `environment` names the database, the broker and the bucket.

    Raises:
        ServerError: they do not become ready, or a process has ended by itself.
    """
    migrate(environment["CELLGEBRA_DATABASE_URL"])
    ports = {"CELLGEBRA_PORT": str(free_port()), "CELLGEBRA_GRPC_PORT": str(free_port())}
    hosts = Hosts(
        f"http://127.0.0.1:{ports['CELLGEBRA_PORT']}",
        f"127.0.0.1:{ports['CELLGEBRA_GRPC_PORT']}",
        root,
        environment,
    )
    with ExitStack() as running:
        for name, program in PROGRAMS.items():
            process = _start(root / name, program, {**environment, **ports})
            running.callback(kill_group, process.pid)
            hosts.processes[name] = process
        _wait_until_ready(hosts)
        yield hosts
        ended = [name for name, one in hosts.processes.items() if one.poll() is not None]
        if ended:
            raise ServerError(f"ended by themselves: {ended}\n{hosts.logs()}")
        for process in hosts.processes.values():
            process.terminate()
        for name in list(hosts.processes):
            hosts.shut_down(name)


def _start(
    folder: Path, program: tuple[str, ...], environment: Mapping[str, str]
) -> subprocess.Popen:
    folder.mkdir(parents=True)
    with folder.with_suffix(".log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", *program],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **environment, "CELLGEBRA_DATA_DIR": str(folder)},
            cwd=folder,
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGKILL),
        )


def _wait_until_ready(hosts: Hosts) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{hosts.base_url}/health/ready", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise ServerError(f"the hosts did not become ready\n{hosts.logs()}")
