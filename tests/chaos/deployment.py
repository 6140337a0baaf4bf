"""A deployment to be broken: `cellgebra up` with short leases over a broker of our own."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import psutil
from celery import Celery
from sqlalchemy import select

from service.contract.artifacts import ArtifactStore
from service.contract.broker import KEY_PREFIX, celery_url
from service.contract.database import Database
from service.contract.jobs import Queue
from service.contract.records import JobRecord, WorkerRecord
from service.supervisor.programs import WorkerOptions
from tests.chaos.broker import Broker
from tests.chaos.ledger import attempts
from tests.servers.embedded import STOP_SECONDS, EmbeddedService, embedded_service
from tests.servers.processes import die_with_parent, kill_group

LEASE_SECONDS = 8.0
ENVIRONMENT = {
    "CELLGEBRA_LEASE_SECONDS": str(LEASE_SECONDS),
    "CELLGEBRA_HEARTBEAT_SECONDS": "0.5",
    "CELLGEBRA_SCHEDULER_PERIOD_SECONDS": "0.5",
    "CELLGEBRA_REDISPATCH_SECONDS": "3",
    "CELLGEBRA_CHECKPOINT_SECONDS": "1",
    "CELLGEBRA_INGEST_WAIT_SECONDS": "0",
    "CELLGEBRA_TORCH_THREADS": "1",
    "CELLGEBRA_SEARCH_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
_PYTHON = (sys.executable, "-P", "-m")
_QUIET = ("--loglevel", "INFO", "--without-gossip", "--without-mingle", "--without-heartbeat")


class Deployment:
    """The service, its database and its broker; it can be stopped and started again."""

    def __init__(self, folder: Path, database_url: str | None, **environment: str) -> None:
        self.data_dir = folder / "data"
        self.broker = Broker()
        self._database_url = database_url
        url = database_url or f"sqlite:///{self.data_dir / 'cellgebra.db'}"
        self.database = Database(url, pool_size=5)
        self.store = ArtifactStore(self.data_dir / "artifacts")
        self._environment = ENVIRONMENT | environment
        self._running = ExitStack()
        self._service: EmbeddedService | None = None

    @property
    def kind(self) -> str:
        """Of the database."""
        return "SQLite" if self.database.is_sqlite else "PostgreSQL"

    @property
    def service(self) -> EmbeddedService:
        """The running service."""
        assert self._service is not None
        return self._service

    @property
    def environment(self) -> dict[str, str]:
        """Settings of every process of it, for one more."""
        url = self.database.engine.url.render_as_string(hide_password=False)
        return self._environment | {
            "CELLGEBRA_DATA_DIR": str(self.data_dir),
            "CELLGEBRA_DATABASE_URL": url,
            "CELLGEBRA_BROKER_URL": self.broker.url,
        }

    def start(self) -> None:
        """Start the service and wait until it is ready."""
        options = ["--broker-url", self.broker.url, "--train-workers", "2"]
        if self._database_url is not None:
            options += ["--database-url", self._database_url]
        self._service = self._running.enter_context(
            embedded_service(self.data_dir, *options, environment=self._environment)
        )

    def stop(self) -> None:
        """Stop the service; nothing of it may be left."""
        self._running.close()

    def close(self) -> None:
        """Stop everything."""
        try:
            self.stop()
        finally:
            self.broker.close()
            self.database.close()

    def terminate_everything(self) -> None:
        """Ask every process of it to go, all at once, as a host that shuts down does."""
        up = self.service.process
        for process in self.service.processes():
            with suppress(psutil.NoSuchProcess):
                process.terminate()
        self.broker.stop(signal.SIGTERM)
        up.wait(STOP_SECONDS)
        self.stop()

    @contextmanager
    def another_scheduler(self, **environment: str) -> Iterator[None]:
        """One more scheduler, as long as the block runs; it is at work when the block begins."""
        before = self.count_in_logs("service.scheduler: looks every")
        with self._another("scheduler", [*_PYTHON, "service.cli", "scheduler"], environment) as one:
            for _ in attempts():
                if self.count_in_logs("service.scheduler: looks every") > before:
                    break
            yield
            assert one.is_running(), "the other scheduler has ended by itself"

    @contextmanager
    def another_worker(self, kind: WorkerOptions, **environment: str) -> Iterator[psutil.Process]:
        """One more worker, as long as the block runs; it is there when the block begins."""
        command = [*_PYTHON, "celery", "-A", "worker.app:app", "worker", *_QUIET, *kind.pool]
        command += ["-Q", ",".join(kind.queues), "-n", f"another-{kind.name}@%h"]
        with self._another(kind.name, command, environment) as worker:
            for _ in attempts():
                if self.is_present(worker.pid):
                    break
            yield worker

    @contextmanager
    def _another(
        self, name: str, command: list[str], environment: dict[str, str]
    ) -> Iterator[psutil.Process]:
        """A process of our own beside those of the service; it is killed in the end."""
        with (self.data_dir / "logs" / f"another_{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=self.data_dir,
                env={**os.environ, **self.environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGKILL),
            )
        try:
            yield psutil.Process(process.pid)
        finally:
            kill_group(process.pid)
            process.wait()

    @contextmanager
    def deaf(self, queue: Queue, *names: str) -> Iterator[None]:
        """Workers that take no messages of a queue, and have none, as long as the block runs."""
        app = Celery(broker=celery_url(self.broker.url), set_as_current=False)
        app.conf.broker_transport_options = {"global_keyprefix": KEY_PREFIX}
        where = [f"{name}@{socket.gethostname()}" for name in names]
        with closing(app), app.connection_for_write() as connection:
            options = {"destination": where, "connection": connection, "reply": True, "timeout": 10}
            told = app.control.cancel_consumer(queue, **options)
            assert len(told) == len(where), told
            asked = app.control.inspect(destination=where, connection=connection, timeout=10)
            try:
                for _ in attempts():
                    if not any(any(tasks.values()) for tasks in (asked.reserved(), asked.active())):
                        break
                yield
            finally:
                app.control.add_consumer(queue, **options)

    @contextmanager
    def halted(self, *names: str) -> Iterator[None]:
        """Workers at a halt, as long as the block runs: what they are asked for waits."""
        halted: list[psutil.Process] = []
        try:
            for name in names:
                worker = self.main_process(name)
                for process in (worker, *worker.children()):
                    freeze(process, self.database)
                    halted.append(process)
            yield
        finally:
            for process in halted:
                with suppress(psutil.NoSuchProcess):
                    process.send_signal(signal.SIGCONT)

    def is_present(self, pid: int) -> bool:
        """Whether a worker counts as alive."""
        with self.database.read() as session:
            return session.scalar(select(WorkerRecord).where(WorkerRecord.pid == pid)) is not None

    def main_process(self, name: str) -> psutil.Process:
        """The process of a program: a worker by its name, or a command such as `api`."""
        words = (f"{name}@%h", name)
        for process in self.service.processes():
            command = process.cmdline()
            if command[:1] == [sys.executable] and any(word in command for word in words):
                return process
        raise LookupError(f"no process of {name}")

    def count_in_logs(self, text: str) -> int:
        """How often the processes have said something."""
        return sum(log.read_text().count(text) for log in (self.data_dir / "logs").glob("*.log"))

    def holder_of(self, job_id: str) -> psutil.Process:
        """The process that holds the lease of a job."""
        with self.database.read() as session:
            owner = session.get_one(JobRecord, job_id).owner
        assert owner is not None, f"{job_id} is not held"
        return psutil.Process(int(owner.rpartition(":")[2]))


def freeze(process: psutil.Process, database: Database) -> None:
    """Freeze a process between its transactions: within one of SQLite it would stop everybody."""
    for _ in attempts():
        process.send_signal(signal.SIGSTOP)
        if not database.is_sqlite or _is_writable(database):
            return
        process.send_signal(signal.SIGCONT)
    raise AssertionError(f"process {process.pid} is always in a transaction")


def _is_writable(database: Database) -> bool:
    with closing(sqlite3.connect(str(database.engine.url.database), timeout=1)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        return True


def kill_worker(process: psutil.Process) -> None:
    """Kill -9 a worker: its main process and its child, whichever of them is given."""
    parent = process.parent()
    tree = [process, *process.children()]
    if parent is not None and "celery" in parent.cmdline():
        tree.append(parent)
    for one in tree:
        one.send_signal(signal.SIGKILL)
