"""The address of a service, and paths of resources: an id is data, whatever it holds."""

from urllib.parse import quote

import httpx

from service.contract.errors import InvalidArgumentError


def address_of(url: str) -> str:
    """The address of a service, as paths are put behind it.

    Raises:
        InvalidArgumentError: it is none.
    """
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL()
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise InvalidArgumentError(
            f"{url!r} is no address of a service: write it as http://127.0.0.1:8000"
        )
    return url.rstrip("/")


def path_of(collection: str, resource_id: str, rest: str = "") -> str:
    """The path of one resource; `rest` is a ``:verb`` or a ``/part`` of it."""
    quoted = quote(resource_id, safe="").replace(".", "%2E")  # `..` would lead out of it
    return f"{collection}/{quoted}{rest}"
