"""A real Valkey server for the tests, on a private unix socket."""

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from service.contract.broker import socket_url
from service.supervisor.broker import valkey_binary
from tests.servers.processes import ServerError, die_with_parent, stop

START_SECONDS = 10.0
LONGEST_SOCKET_PATH = 107  # sun_path of sockaddr_un, less its final zero


class ValkeyServer:
    """A running server and its one address, `url`, as `CELLGEBRA_BROKER_URL` takes it."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self.url = socket_url(socket)

    def flush(self) -> None:
        """Forget everything."""
        with self.connect() as client:
            client.flushall()

    def connect(self) -> redis.Redis:
        """A client."""
        return redis.Redis(unix_socket_path=str(self.socket))


@contextmanager
def valkey_server() -> Iterator[ValkeyServer]:
    """Start a server of our own; it ends with the block."""
    folder = _short_folder()  # mode 0700: the socket is private
    try:
        process = _start(folder)
        try:
            server = ValkeyServer(folder / "s")
            _wait_until_ready(process, server)
            yield server
        finally:
            stop(process, signal.SIGTERM, timeout_seconds=10)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path) -> subprocess.Popen:
    socket = folder / "s"
    command = [valkey_binary(), "--port", "0", "--unixsocket", socket, "--unixsocketperm", "700"]
    command += ["--dir", folder, "--save", "", "--appendonly", "no", "--logfile", folder / "log"]
    return subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=die_with_parent(signal.SIGTERM),
    )


def _short_folder() -> Path:
    for parent in (tempfile.gettempdir(), "/tmp"):  # noqa: S108 - mkdtemp makes it private
        folder = Path(tempfile.mkdtemp(prefix="cgv-", dir=parent))
        if len(str(folder / "s")) <= LONGEST_SOCKET_PATH:
            return folder
        folder.rmdir()
    raise ServerError("no folder for temporary files whose path is short enough for a socket")


def _wait_until_ready(process: subprocess.Popen, server: ValkeyServer) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with server.connect() as client:
                client.ping()
        except redis.ConnectionError:
            time.sleep(0.02)
        else:
            return
    raise ServerError(f"Valkey did not start: {(server.socket.parent / 'log').read_text()[-2000:]}")
