"""Addresses to listen on: is one free, and which one is."""

import errno
import socket

from service.supervisor.errors import PortInUseError


def claim_port(host: str, port: int, option: str) -> int:
    """The port, checked to be free; 0 asks for any free one.

    Raises:
        PortInUseError: it is taken, or this address is not ours.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            return int(probe.getsockname()[1])
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(
                f"port {port} of {host} is in use by another program; "
                f"choose another with {option} (0 takes any free one)"
            ) from error
        raise PortInUseError(
            f"cannot listen on {host}:{port} ({error.strerror}); choose with --host and {option}"
        ) from error
