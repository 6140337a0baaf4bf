"""Who calls. Until there are keys, the service is open to this machine alone.

A browser on this machine runs pages of strangers, so being on loopback is not enough: a request
has to name this host (DNS rebinding) and may not come from a page of another origin.
"""

import ipaddress
from functools import lru_cache
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request

from service.contract.errors import PermissionDeniedError
from service.contract.settings import Settings
from service.handlers.context import Caller

LOCAL_PROJECT = "default"
LOCAL_CALLER = "local"


@lru_cache(256)
def is_loopback(host: str) -> bool:
    """Whether an address or name is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def require_loopback(settings: Settings) -> None:
    """Refuse to open a door to the network without access control.

    Raises:
        ValueError: the host is not this machine's loopback address.
    """
    if not is_loopback(settings.host):
        raise ValueError(
            f"CELLGEBRA_HOST is {settings.host}, but access control is not there yet: anyone who "
            "reaches this address could read and change everything; use 127.0.0.1"
        )


async def authenticate(request: Request) -> Caller:
    """The caller of a request; a dependency of every route.

    Raises:
        PermissionDeniedError: the request comes from a page of another site.
    """
    host = request.headers.get("host", "")
    name = urlsplit(f"//{host}").hostname or ""
    origin = request.headers.get("origin")
    if not is_loopback(name) or (origin is not None and urlsplit(origin).netloc != host):
        raise PermissionDeniedError(
            "this service answers programs on its own machine, not pages of other sites: "
            "call it as 127.0.0.1 or localhost"
        )
    return Caller(LOCAL_PROJECT, LOCAL_CALLER)


CallerDep = Annotated[Caller, Depends(authenticate)]
