"""JSON Schemas of the specs that users write."""

from typing import Any

from service.contract.errors import NotFoundError
from service.contract.schemas import SPECS, schema_of

PATH = "/v1/schemas"


def list_schemas() -> list[str]:
    """The specs that have a schema, by name."""
    return [*SPECS]


def get_schema(name: str) -> dict[str, Any]:
    """The schema of a spec, under the address that REST serves it at.

    Raises:
        NotFoundError: there is no such spec.
    """
    if name not in SPECS:
        raise NotFoundError(f"no schema {name}: there are {', '.join(SPECS)}")
    return schema_of(name, f"{PATH}/{name}")
