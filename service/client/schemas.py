# Generated from service/client/aio/schemas.py by `make client`. Change that file.
"""JSON Schemas of specs, as the client sees them: for editors, forms and validators."""

from typing import Any

from service.client.paths import path_of
from service.client.transport import Transport

_PATH = "/v1/schemas"


class Schemas:
    """The schemas of the specs that this service takes, which may be newer than the client."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def names(self) -> list[str]:
        """The specs that have a schema, as the command `cellgebra spec` calls them."""
        return [str(name) for name in self._transport.get(_PATH)]

    def get(self, name: str) -> dict[str, Any]:
        """The JSON Schema (2020-12) of a spec; its `$id` is the path that it is served at.

        Raises:
            NotFoundError: no spec is called so; those that are there are listed.
        """
        return dict(self._transport.get(path_of(_PATH, name)))
