"""The broker's URL in its two forms: one setting, two libraries that spell a socket differently.

`CELLGEBRA_BROKER_URL` is ``redis://``, ``rediss://``, ``valkey://``, ``valkeys://`` or
``unix:///path/of/socket`` (percent-encoded). redis-py says ``unix://``, kombu ``redis+socket://``.
"""

from pathlib import Path
from urllib.parse import quote

KEY_PREFIX = "cellgebra:"  # of every key, so that a broker can be shared

_SERVER_SCHEMES = {
    "redis": "redis",
    "rediss": "rediss",
    "valkey": "redis",
    "valkeys": "rediss",
}
_SOCKET_SCHEMES = ("unix", "redis+socket")


def socket_url(path: Path) -> str:
    """Setting for a server on a unix socket."""
    return f"unix://{quote(str(path))}"


def client_url(url: str) -> str:
    """The setting as redis-py takes it.

    Raises:
        ValueError: another kind of broker.
    """
    return _spell(url, socket_scheme="unix")


def celery_url(url: str) -> str:
    """The setting as kombu takes it.

    Raises:
        ValueError: another kind of broker.
    """
    return _spell(url, socket_scheme="redis+socket")


def _spell(url: str, *, socket_scheme: str) -> str:
    scheme, separator, rest = url.partition("://")
    if separator and scheme in _SERVER_SCHEMES:
        return f"{_SERVER_SCHEMES[scheme]}://{rest}"
    if separator and scheme in _SOCKET_SCHEMES and rest.startswith("/"):
        return f"{socket_scheme}://{rest}"
    raise ValueError(
        "CELLGEBRA_BROKER_URL must be redis://, rediss://, valkey://, valkeys:// or "
        "unix:///path/of/socket"
    )
