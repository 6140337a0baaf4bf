"""A real PostgreSQL server for the tests: given by URL, or started here and gone afterwards."""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """The server that the environment names, or one of our own."""
    given = os.environ.get(URL_VARIABLE)
    if given:
        yield PostgresServer(make_url(given).set(drivername=DRIVER))
        return
    account = unprivileged_account()
    scratch = _scratch_folder(account)
    try:
        programs = postgres_programs(account, scratch)
        password = _initialise(programs, account, scratch)
        process, url = _start(programs, account, scratch, password)
        try:
            yield PostgresServer(url)
        finally:
            stop(process, signal.SIGINT, timeout_seconds=20)
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


def _start(
    programs: Path, account: Account, scratch: Path, password: str
) -> tuple[subprocess.Popen, URL]:
    log_path = scratch / "log"
    for _ in range(START_ATTEMPTS):  # another process may take the free port first
        url = URL.create(DRIVER, "cellgebra", password, "127.0.0.1", free_port(), "postgres")
        options = {**OPTIONS, "port": str(url.port)}
        flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with log_path.open("ab") as log:
            process = subprocess.Popen(
                [programs / "postgres", "-D", scratch / "data", *flags],
                cwd=scratch,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for pytest, which stops the server afterwards
                preexec_fn=die_with_parent(signal.SIGINT),
                **account.popen,
            )
        if _is_ready(process, url):
            return process, url
        stop(process, signal.SIGQUIT, timeout_seconds=10)
    raise ServerError(f"PostgreSQL did not start:\n{log_path.read_text()[-4000:]}")


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
