"""A broker that can be killed and comes back on the same socket, with its queues or without."""

import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import redis

from service.contract.broker import KEY_PREFIX, socket_url
from service.contract.jobs import Queue
from service.supervisor.broker import answers_ping, valkey_binary
from tests.servers.processes import ServerError, die_with_parent, stop

START_SECONDS = 10.0


class Broker:
    """Valkey with an append-only file, as `cellgebra up` runs it, in a private folder."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="cgc-", dir="/tmp"))
        self.socket = self._folder / "s"
        self.url = socket_url(self.socket)
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            ServerError: it does not.
        """
        command = [valkey_binary(), "--port", "0", "--unixsocket", self.socket, "--dir"]
        command += [self._folder, "--unixsocketperm", "700", "--save", "", "--appendonly", "yes"]
        self._process = subprocess.Popen(
            command,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGTERM),
        )
        deadline = time.monotonic() + START_SECONDS
        while not answers_ping(self.socket):
            if time.monotonic() > deadline:
                raise ServerError("Valkey did not start")
            time.sleep(0.02)

    def stop(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End it."""
        if self._process is not None:
            stop(self._process, number, timeout_seconds=10)
            self._process = None

    def forget(self) -> None:
        """Lose all that it had kept; it has to be stopped."""
        shutil.rmtree(self._folder / "appendonlydir")

    def repeat_messages(self) -> int:
        """Put a copy beside every message that waits; returns how many there are."""
        count = 0
        with redis.Redis(unix_socket_path=str(self.socket)) as client:
            for queue in Queue:
                key = f"{KEY_PREFIX}{queue.value}"
                for message in client.lrange(key, 0, -1):
                    count += client.linsert(key, "BEFORE", message, message) > 0
        return count

    def close(self) -> None:
        """End it and remove its folder."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)
