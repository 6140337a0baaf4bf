"""A proxy that loses requests and answers: what a network between a client and a service does."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from urllib.parse import urlsplit

BUSY = b"HTTP/1.1 503 x\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
BLOCK_BYTES = 65536


class Fault(Enum):
    """What becomes of a request."""

    NONE = auto()
    REQUEST_LOST = auto()  # it never reaches the service
    ANSWER_LOST = auto()  # the service has done its work, and nobody is told
    BUSY = auto()  # 503 with Retry-After
    CUT = auto()  # the answer breaks off after some bytes


@dataclass
class FlakyProxy:
    """A proxy on a port of its own; `faults` says of a request line what becomes of it."""

    upstream: tuple[str, int]
    faults: Callable[[str], Fault]
    cut_bytes: int = 1500
    seen: list[tuple[str, Fault]] = field(default_factory=list)

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._handle, args=(connection,), daemon=True).start()

    def _handle(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            request = _read_request(connection)
            if not request:
                return
            line = request.partition(b"\r\n")[0].decode()
            fault = self.faults(line)
            self.seen.append((line, fault))
            if fault is Fault.REQUEST_LOST:
                return
            if fault is Fault.BUSY:
                connection.sendall(BUSY)
                return
            with socket.create_connection(self.upstream) as service:
                service.sendall(request)
                self._relay(service, connection, fault)

    def _relay(self, service: socket.socket, client: socket.socket, fault: Fault) -> None:
        left = self.cut_bytes if fault is Fault.CUT else None
        while block := service.recv(BLOCK_BYTES):
            if fault is Fault.ANSWER_LOST:
                continue
            client.sendall(block if left is None else block[:left])
            left = None if left is None else left - len(block)
            if left is not None and left <= 0:
                return


def _read_request(connection: socket.socket) -> bytes:
    """A request, whole, that asks to close the connection behind it."""
    text = b""
    while b"\r\n\r\n" not in text:
        block = connection.recv(BLOCK_BYTES)
        if not block:
            return b""
        text += block
    head, _, body = text.partition(b"\r\n\r\n")
    lines = [one for one in head.split(b"\r\n") if not one.lower().startswith(b"connection:")]
    lengths = [one for one in lines if one.lower().startswith(b"content-length:")]
    missing = int(lengths[0].partition(b":")[2]) - len(body) if lengths else 0
    while missing > 0:
        block = connection.recv(BLOCK_BYTES)
        body, missing = body + block, missing - len(block)
    return b"\r\n".join([*lines, b"Connection: close", b"", body])


@contextmanager
def flaky_proxy(
    base_url: str, faults: Callable[[str], Fault], cut_bytes: int = 1500
) -> Iterator[tuple[str, FlakyProxy]]:
    """The address of a proxy before a service, and the proxy."""
    upstream = urlsplit(base_url)
    proxy = FlakyProxy((upstream.hostname, upstream.port), faults, cut_bytes)
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=proxy.serve, args=(listener,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", proxy
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
