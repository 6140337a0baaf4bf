"""The proxies of docker/proxy, their names, ports and certificates aside, as processes of ours."""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.processes import ServerError, die_with_parent, free_port, stop

FOLDER = Path(__file__).parents[2] / "docker" / "proxy"
START_SECONDS = 20.0

# What Debian's own nginx.conf has around it, in a folder of ours.
NGINX = """
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log info;
events {{ worker_connections 1024; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/nginx.conf;
}}
"""
CADDY = "{{\n\tadmin off\n\tauto_https off\n}}\nimport {folder}/Caddyfile\n"


@dataclass(frozen=True)
class Before:
    """Before what a proxy stands, and with what certificate."""

    rest_port: int
    rpc_port: int
    certificate: Path
    key: Path


def program(name: str) -> str | None:
    """Where a proxy is installed."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


@contextmanager
def proxy_before(name: str, folder: Path, before: Before) -> Iterator[int]:
    """Start nginx or caddy before a service; gives its port.

    Raises:
        ServerError: it does not take the configuration, or does not start.
    """
    port = free_port()
    doors = {
        r"127\.0\.0\.1:8000": f"127.0.0.1:{before.rest_port}",
        r"127\.0\.0\.1:8001": f"127.0.0.1:{before.rpc_port}",
    }
    if name == "nginx":
        ours = {
            r"listen 443 ": f"listen 127.0.0.1:{port} ",
            r"/etc/nginx/cellgebra/tls\.crt": str(before.certificate),
            r"/etc/nginx/cellgebra/tls\.key": str(before.key),
        }
        _write(folder, "nginx.conf", NGINX, doors | ours)
        command = ["-p", str(folder), "-c", str(folder / "main")]
    else:
        site = f":{port} {{\n\ttls {before.certificate} {before.key}"
        _write(folder, "Caddyfile", CADDY, doors | {r"(?m)^cellgebra\.example\.org \{": site})
        command = ["run", "--config", str(folder / "main"), "--adapter", "caddyfile"]
    with _running([str(program(name)), *command], port, folder):
        yield port


def _write(folder: Path, name: str, main: str, ours: Mapping[str, str]) -> None:
    """The configuration as it is in docker/proxy but for what has to be of this machine."""
    text = (FOLDER / name).read_text()
    for pattern, value in ours.items():
        text, count = re.subn(pattern, value, text)
        if count != 1:
            raise ServerError(f"{FOLDER / name} has {pattern} {count} times")
    (folder / name).write_text(text)
    (folder / "main").write_text(main.format(folder=folder))


@contextmanager
def _running(command: Sequence[str], port: int, folder: Path) -> Iterator[None]:
    with (folder / "stderr").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=os.environ | {"HOME": str(folder), "XDG_DATA_HOME": str(folder / "data")},
            preexec_fn=die_with_parent(signal.SIGTERM),
        )
    try:
        _wait(process, port, folder)
        yield
    finally:
        stop(process, signal.SIGTERM, timeout_seconds=10)


def _wait(process: subprocess.Popen, port: int, folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise ServerError(f"the proxy did not start: {(folder / 'stderr').read_text()[-2000:]}")
