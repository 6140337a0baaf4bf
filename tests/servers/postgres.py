"""A real PostgreSQL server for the tests: given by URL, or started here and gone afterwards."""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url

from tests.servers.binaries import Account, can_enter, postgres_programs, unprivileged_account
from tests.servers.processes import ServerError, die_with_parent, free_port, stop

URL_VARIABLE = "CELLGEBRA_TEST_POSTGRES_URL"
DRIVER = "postgresql+psycopg"
START_ATTEMPTS = 3
START_SECONDS = 30.0
# The data is thrown away: nothing has to survive a crash.
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "200",
}


class PostgresServer:
    """A server on which databases are made and dropped."""

    def __init__(self, admin_url: URL) -> None:
        self._admin_url = admin_url
        self._prefix = f"cellgebra_test_{secrets.token_hex(4)}"
        self._numbers = count(1)

    def create_database(self, *, template: str | None = None) -> str:
        """Make a database, as a copy of the one at the URL `template`; returns its URL."""
        name = f"{self._prefix}_{next(self._numbers)}"
        statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        if template is not None:
            origin = sql.Identifier(str(make_url(template).database))
            statement += sql.SQL(" TEMPLATE {}").format(origin)
        self._execute(statement)
        return self._admin_url.set(database=name).render_as_string(hide_password=False)

    def drop_database(self, url: str) -> None:
        """Drop a database, whoever is connected to it."""
        name = sql.Identifier(str(make_url(url).database))
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(_plain(self._admin_url), autocommit=True) as connection:
            connection.execute(statement)


class OwnPostgresServer(PostgresServer):
    """A server of ours, which can be brought down and comes back with its data."""

    def __init__(self, installation: "_Installation", process: subprocess.Popen, url: URL) -> None:
        super().__init__(url)
        self._installation, self._process, self._url = installation, process, url

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT breaks off transactions, SIGQUIT is a crash."""
        stop(self._process, number, timeout_seconds=20)

    def start(self) -> None:
        """Start it again where it was.

        Raises:
            ServerError: it does not start.
        """
        self._process = _launch(self._installation, self._url)
        if not _is_ready(self._process, self._url):
            raise _not_started(self._installation)


@dataclass(frozen=True)
class _Installation:
    """Programs, who runs them, the folder of the data, and options."""

    programs: Path
    account: Account
    scratch: Path
    options: Mapping[str, str]


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """The server that the environment names, or one of our own."""
    given = os.environ.get(URL_VARIABLE)
    if given:
        yield PostgresServer(make_url(given).set(drivername=DRIVER))
        return
    with own_postgres_server() as server:
        yield server


@contextmanager
def own_postgres_server(**options: str) -> Iterator[OwnPostgresServer]:
    """A server of our own, with options on top of `OPTIONS`."""
    account = unprivileged_account()
    scratch = _scratch_folder(account)
    try:
        programs = postgres_programs(account, scratch)
        password = _initialise(programs, account, scratch)
        installation = _Installation(programs, account, scratch, OPTIONS | options)
        server = OwnPostgresServer(installation, *_start(installation, password))
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _scratch_folder(account: Account) -> Path:
    for parent in dict.fromkeys([tempfile.gettempdir(), "/tmp", "/var/tmp"]):  # noqa: S108 - mkdtemp
        if Path(parent).is_dir() and can_enter(Path(parent) / "any", account):
            scratch = Path(tempfile.mkdtemp(prefix="cellgebra-pg-", dir=parent))
            account.own(scratch)
            return scratch
    raise ServerError("no folder for temporary files that an unprivileged user can enter")


def _initialise(programs: Path, account: Account, scratch: Path) -> str:
    password = secrets.token_hex(16)
    password_file = scratch / "password"
    password_file.touch(mode=0o600)
    account.own(password_file)
    password_file.write_text(password)
    command = [programs / "initdb", "-D", scratch / "data", "-U", "cellgebra", "--encoding=UTF8"]
    command += ["--locale=C", "--auth=scram-sha-256", f"--pwfile={password_file}", "--no-sync"]
    done = subprocess.run(
        command, cwd=scratch, capture_output=True, text=True, check=False, **account.popen
    )
    if done.returncode != 0:
        raise ServerError(f"initdb failed: {done.stdout}{done.stderr}")
    return password


def _start(installation: _Installation, password: str) -> tuple[subprocess.Popen, URL]:
    for _ in range(START_ATTEMPTS):  # another process may take the free port first
        url = URL.create(DRIVER, "cellgebra", password, "127.0.0.1", free_port(), "postgres")
        process = _launch(installation, url)
        if _is_ready(process, url):
            return process, url
        stop(process, signal.SIGQUIT, timeout_seconds=10)
    raise _not_started(installation)


def _launch(installation: _Installation, url: URL) -> subprocess.Popen:
    scratch = installation.scratch
    options = {**installation.options, "port": str(url.port)}
    flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    with (scratch / "log").open("ab") as log:
        return subprocess.Popen(
            [installation.programs / "postgres", "-D", scratch / "data", *flags],
            cwd=scratch,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for pytest, which stops the server afterwards
            preexec_fn=die_with_parent(signal.SIGINT),
            **installation.account.popen,
        )


def _not_started(installation: _Installation) -> ServerError:
    text = (installation.scratch / "log").read_text()
    return ServerError(f"PostgreSQL did not start:\n{text[-4000:]}")


def _is_ready(process: subprocess.Popen, url: URL) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            psycopg.connect(_plain(url), connect_timeout=2).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return True
    return False


def _plain(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
