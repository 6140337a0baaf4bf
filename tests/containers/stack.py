"""The deployment of docker-compose.yml, started by a real engine beside what else runs there."""

import json
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import yaml

from tests.servers.processes import free_port

ROOT = Path(__file__).parents[2]
COMPOSE = shlex.split(os.environ.get("CELLGEBRA_TEST_COMPOSE", "docker compose"))
ENGINE = "docker"
DATABASE_IMAGE = "postgres:17-bookworm"
WORKERS = ("worker-train", "worker-inference", "worker-batch", "worker-search", "worker-scoring")
# Faults are to be over within seconds, so leases are short.
SETTINGS = {
    "CELLGEBRA_LEASE_SECONDS": "15",
    "CELLGEBRA_CHECKPOINT_SECONDS": "1",
    "CELLGEBRA_REDISPATCH_SECONDS": "3",
    "CELLGEBRA_WORKER_STALE_SECONDS": "15",
    "CELLGEBRA_TORCH_THREADS": "1",
    "CELLGEBRA_SEARCH_THREADS": "1",
}
POLL_SECONDS = 0.25
NOTES: list[str] = []  # what was measured, for the end of the run


def command(*arguments: str, check: bool = True, timeout: float = 600) -> str:
    """Run it and give what it printed.

    Raises:
        AssertionError: it failed; with all that it printed.
    """
    done = subprocess.run(
        arguments,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert not check or done.returncode == 0, f"{shlex.join(arguments)}\n{done.stdout}"
    return done.stdout


def wait_until(is_so: Callable[[], object], what: str, seconds: float) -> float:
    """Seconds until it is so.

    Raises:
        AssertionError: it took too long.
    """
    begin = time.monotonic()
    while not is_so():
        assert time.monotonic() - begin < seconds, f"not within {seconds:g} s: {what}"
        time.sleep(POLL_SECONDS)
    return time.monotonic() - begin


class Stack:
    """One project of compose, on ports of its own."""

    def __init__(self, folder: Path) -> None:
        self.name = f"cellgebra-test-{os.getpid()}"
        self.rest_port, self.rpc_port = free_port(), free_port()
        self.base_url = f"http://127.0.0.1:{self.rest_port}"
        self._environment_file = folder / "stack.env"
        ports = {
            "CELLGEBRA_REST_PORT": str(self.rest_port),
            "CELLGEBRA_RPC_PORT": str(self.rpc_port),
        }
        lines = [f"{name}={value}" for name, value in {**SETTINGS, **ports}.items()]
        self._environment_file.write_text("\n".join(lines) + "\n")
        self._files = ["-f", str(ROOT / "docker-compose.yml")]
        override = _override()
        if override:
            path = folder / "override.yml"
            path.write_text(yaml.safe_dump(override))
            self._files += ["-f", str(path)]

    def compose(self, *arguments: str, check: bool = True) -> str:
        """One command of compose on this project."""
        options = (
            *("--project-name", self.name, "--project-directory", str(ROOT)),
            *("--env-file", str(self._environment_file), *self._files),
            *("--profile", "cpu"),
        )
        return command(*COMPOSE, *options, *arguments, check=check)

    def up(self, *services: str, scale: tuple[str, ...] = ()) -> None:
        """Create and start what is not there or not running yet."""
        scales = [part for one in scale for part in ("--scale", one)]
        self.compose("up", "--detach", "--no-build", *scales, *services)

    def once(self, *arguments: str) -> str:
        """What a command prints in a fresh container of `migrate`, without anything else."""
        return self.compose("run", "--rm", "--no-deps", "-T", "migrate", *arguments)

    def containers(self, service: str = "") -> list[str]:
        """Ids of the containers of a service, or of all."""
        labels = {"project": self.name} | ({"service": service} if service else {})
        filters = [f"--filter=label=com.docker.compose.{key}={labels[key]}" for key in labels]
        return command(ENGINE, "ps", "--all", "--quiet", "--no-trunc", *filters).split()

    def running(self) -> list[dict]:
        """What the engine says of every running container."""
        found = inspect(*self.containers())
        return [one for one in found if one["State"]["Running"]]

    def kill(self, service: str) -> None:
        """SIGKILL to a container's first process from outside: a crash, after which it restarts."""
        for one in inspect(*self.containers(service)):
            os.kill(one["State"]["Pid"], signal.SIGKILL)

    def is_healthy(self, *services: str) -> bool:
        """Whether every container of some services says that it is well."""
        states = [one["State"] for name in services for one in inspect(*self.containers(name))]
        return len(states) >= len(services) and all(_is_well(state) for state in states)

    def is_ready(self) -> bool:
        """Whether the service can work."""
        try:
            return httpx.get(f"{self.base_url}/health/ready", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def sql(self, statement: str) -> str:
        """The single value that a statement gives."""
        psql = ("psql", "-U", "cellgebra", "-d", "cellgebra", "-Atc", statement)
        return command(ENGINE, "exec", *self.containers("db"), *psql).strip()

    def models_of(self, job: dict) -> int:
        """How many models a job has made."""
        return int(self.sql(f"SELECT count(*) FROM models WHERE job_id = '{job['id']}'"))  # noqa: S608

    def live_workers(self, queue: str) -> int:
        """How many workers of a queue were heard of lately."""
        recent = (
            f"heartbeat_time > now() - interval '{SETTINGS['CELLGEBRA_WORKER_STALE_SECONDS']} s'"
        )
        statement = f"SELECT count(*) FROM workers WHERE queues::text LIKE '%{queue}%' AND {recent}"  # noqa: S608
        return int(self.sql(statement))

    def logs(self) -> str:
        """The end of what each container wrote."""
        return self.compose("logs", "--no-color", "--tail=60", check=False)

    def note(self, line: str) -> None:
        """Something measured, for the transcript."""
        NOTES.append(line)


@contextmanager
def stack(folder: Path) -> Iterator[Stack]:
    """A project that is gone afterwards, with its volumes and networks."""
    made = Stack(folder)
    try:
        yield made
    finally:
        made.compose("down", "--volumes", "--timeout", "5", "--remove-orphans", check=False)


def inspect(*ids: str) -> list[dict]:
    """What the engine says of containers, images or volumes."""
    return json.loads(command(ENGINE, "inspect", *ids)) if ids else []


def _is_well(state: dict) -> bool:
    health = state.get("Health", {}).get("Status", "healthy")
    return state["Running"] and health == "healthy"


def _override() -> dict | None:
    """For an image of the database that knows POSTGRES_PASSWORD, and not the file of it."""
    entrypoint = inspect(DATABASE_IMAGE)[0]["Config"]["Entrypoint"]
    if entrypoint == ["docker-entrypoint.sh"]:
        return None
    start = shlex.join(entrypoint)
    script = f'POSTGRES_PASSWORD=$$(cat $$POSTGRES_PASSWORD_FILE) exec {start} "$$0"'
    return {"services": {"db": {"entrypoint": ["/bin/sh", "-c", script], "command": ["postgres"]}}}
