"""Whether the process of this container is well: ``python -m service.probe rest|rpc|beat``.

It runs every few seconds beside each process, so it imports no more than its question needs.
"""

import os
import sys
import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path

TIMEOUT_SECONDS = 4.0
STALE_SECONDS = 60.0  # far longer than any period between two beats


def main() -> None:
    """Exit status 0 if all is well; else 1, and what is wrong on standard error."""
    kind = sys.argv[1] if len(sys.argv) == 2 else ""
    if kind not in PROBES:
        sys.exit(f"usage: python -m service.probe {'|'.join(PROBES)}")
    try:
        problem = PROBES[kind]()
    except OSError as error:
        problem = str(error)
    if problem:
        sys.exit(f"{kind}: {problem}")


def probe_rest() -> str | None:
    """Ask the REST server of this container."""
    connection = HTTPConnection("127.0.0.1", _port("PORT", 8000), timeout=TIMEOUT_SECONDS)
    connection.request("GET", "/health/live")
    status = connection.getresponse().status
    return None if status == 200 else f"/health/live says {status}"


def probe_rpc() -> str | None:
    """Ask the gRPC server of this container; over TLS, whether it shakes hands.

    There is no certificate here to show it, and none to know it by.
    """
    if os.environ.get("CELLGEBRA_GRPC_TLS_CERTIFICATE"):
        return _probe_tls(_port("GRPC_PORT", 8001))
    import grpc
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    with grpc.insecure_channel(f"127.0.0.1:{_port('GRPC_PORT', 8001)}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        try:
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT_SECONDS)
        except grpc.RpcError as error:
            return str(error)
    serving = health_pb2.HealthCheckResponse.SERVING
    return None if answer.status == serving else "the server is not serving"


def _probe_tls(port: int) -> str | None:
    import socket
    import ssl

    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # nothing is sent
    context.set_alpn_protocols(["h2"])
    with (
        socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS) as plain,
        context.wrap_socket(plain) as shaken,
    ):
        protocol = shaken.selected_alpn_protocol()
    return None if protocol == "h2" else "what listens there does not speak HTTP/2"


def probe_beat() -> str | None:
    """Look how long ago the worker or scheduler of this container has touched its file."""
    age = time.time() - Path(os.environ["CELLGEBRA_BEAT_FILE"]).stat().st_mtime
    return None if age < STALE_SECONDS else f"the last beat was {age:.0f} s ago"


def _port(name: str, default: int) -> int:
    return int(os.environ.get(f"CELLGEBRA_{name}") or default)


PROBES: dict[str, Callable[[], str | None]] = {
    "rest": probe_rest,
    "rpc": probe_rpc,
    "beat": probe_beat,
}

if __name__ == "__main__":
    main()
