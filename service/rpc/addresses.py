"""Where a call comes from: the other end of its connection, or whom a proxy there names."""

import ipaddress
import os
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import unquote

# As uvicorn reads them for REST.
VARIABLE, DEFAULT = "FORWARDED_ALLOW_IPS", "127.0.0.1"
HEADER = "x-forwarded-for"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Proxies:
    """Who is believed when it says for whom it asks.

    Args:
        text: addresses and networks, with commas between them; `*` is everybody.
    """

    def __init__(self, text: str) -> None:
        self._names = {name.strip() for name in text.split(",")}
        self._networks: list[Network] = []
        for name in self._names:
            with suppress(ValueError):  # not an address: a name that is compared as it stands
                self._networks.append(ipaddress.ip_network(name))

    @classmethod
    def of_environment(cls) -> "Proxies":
        """Those of `FORWARDED_ALLOW_IPS`; this machine's own where nothing is said."""
        return cls(os.environ.get(VARIABLE, DEFAULT))

    def __contains__(self, address: str) -> bool:
        if "*" in self._names or address in self._names:
            return True
        try:
            known = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(known in network for network in self._networks)

    def who_asks(self, peer: str, forwarded: Sequence[str]) -> str:
        """The nearest address that is no proxy of ours.

        Args:
            peer: the other end of a connection, as gRPC writes it: `ipv4:192.0.2.1:4711`.
            forwarded: values of `x-forwarded-for`, each proxy's after that of the one before it.

        Returns:
            An address without a port. What a client says of itself counts behind no proxy.
        """
        nearest = _host_of(unquote(peer).partition(":")[2])
        if nearest not in self:
            return nearest
        hops = [hop.strip() for value in forwarded for hop in value.split(",") if hop.strip()]
        outside = [hop for hop in map(_host_of, reversed(hops)) if hop not in self]
        return (outside or [_host_of(hop) for hop in hops[:1]] or [nearest])[0]


def _host_of(text: str) -> str:
    """An address without the port behind it, if there is one."""
    bare, colon, _ = text.rpartition(":")
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return bare if colon and ":" not in bare else text
