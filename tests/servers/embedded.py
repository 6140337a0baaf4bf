"""The whole service as a user starts it: `cellgebra up` in a process of its own, on free ports."""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from tests.servers.processes import ServerError, die_with_parent, free_port, kill_group, stop

READY_SECONDS = 180.0
STOP_SECONDS = 60.0
GONE_SECONDS = 5.0
MARK = "CELLGEBRA_TEST_MARK"


@dataclass(frozen=True)
class EmbeddedService:
    """A running service."""

    base_url: str
    grpc_address: str
    data_dir: Path
    log: Path
    process: subprocess.Popen
    mark: str
    options: tuple[str, ...] = ()

    @property
    def database_url(self) -> str:
        """Where its database is."""
        if "--database-url" in self.options:
            return self.options[self.options.index("--database-url") + 1]
        return f"sqlite:///{self.data_dir / 'cellgebra.db'}"

    def processes(self) -> list[psutil.Process]:
        """Every process of this service, whoever its parent is by now."""
        return [process for process in psutil.process_iter() if _mark_of(process) == self.mark]

    def logs(self) -> str:
        """The end of what each process wrote."""
        paths = [self.log, *sorted((self.data_dir / "logs").glob("*.log"))]
        return "\n".join(f"--- {path.name}\n{path.read_text()[-3000:]}" for path in paths)


@contextmanager
def embedded_service(
    data_dir: Path, *arguments: str, environment: dict[str, str] | None = None
) -> Iterator[EmbeddedService]:
    """Start `cellgebra up`, wait until it is ready, stop it; no process may be left afterwards.

    Raises:
        ServerError: it does not become ready, fails when told to stop, or leaves a process behind.
    """
    service = _start(data_dir, arguments, environment or {})
    try:
        _wait_until_ready(service)
        yield service
        if service.process.poll() is None:  # else the test has ended it, in its own way
            code = stop(service.process, signal.SIGTERM, timeout_seconds=STOP_SECONDS)
            if code != 0:
                raise ServerError(f"`cellgebra up` ended with {code}\n{service.logs()}")
        _require_gone(service)
    finally:
        kill_group(service.process.pid)
        service.process.wait()
        for process in service.processes():
            process.kill()


def _start(
    data_dir: Path, arguments: Sequence[str], environment: dict[str, str]
) -> EmbeddedService:
    port, grpc_port = free_port(), free_port()
    mark = secrets.token_hex(8)
    log = data_dir.with_name(f"{data_dir.name}-up.log")
    command = [sys.executable, "-P", "-m", "service.cli", "up", "--data-dir", str(data_dir)]
    command += ["--host", "127.0.0.1", "--port", str(port), "--grpc-port", str(grpc_port)]
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment, MARK: mark},
            cwd=data_dir.parent,
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGTERM),
        )
    return EmbeddedService(
        base_url=f"http://127.0.0.1:{port}",
        grpc_address=f"127.0.0.1:{grpc_port}",
        data_dir=data_dir,
        log=log,
        process=process,
        mark=mark,
        options=tuple(arguments),
    )


def _wait_until_ready(service: EmbeddedService) -> None:
    deadline = time.monotonic() + READY_SECONDS
    with httpx.Client(base_url=service.base_url, timeout=5) as client:  # each takes its time
        while time.monotonic() < deadline and service.process.poll() is None:
            if _is_ready(client):
                return
            time.sleep(0.2)
    raise ServerError(f"`cellgebra up` did not become ready\n{service.logs()}")


def _is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/health/ready").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def _require_gone(service: EmbeddedService) -> None:
    _, alive = psutil.wait_procs(service.processes(), timeout=GONE_SECONDS)
    if alive:
        raise ServerError(f"`cellgebra up` left processes behind: {alive}\n{service.logs()}")


def _mark_of(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(MARK)
    except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
        return None
