"""Paths of resources: an id is data, whatever it holds."""

from urllib.parse import quote


def path_of(collection: str, resource_id: str, rest: str = "") -> str:
    """The path of one resource; `rest` is a ``:verb`` or a ``/part`` of it."""
    quoted = quote(resource_id, safe="").replace(".", "%2E")  # `..` would lead out of it
    return f"{collection}/{quoted}{rest}"
