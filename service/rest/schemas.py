"""Routes of JSON Schemas: what editors check specs in files by."""

from typing import Any

from fastapi import APIRouter, Response
from pydantic_core import to_json

from service.contract.errors import NotFoundError
from service.contract.schemas import SPECS, schema_of
from service.rest.access import CallerDep
from service.rest.parameters import problems

router = APIRouter(prefix="/v1/schemas", tags=["schemas"])

MEDIA_TYPE = "application/schema+json"


@router.get("", operation_id="listSchemas", summary="List the specs that have a schema")
async def list_schemas(caller: CallerDep) -> list[str]:
    """By name, as the command `cellgebra spec` calls them."""
    del caller
    return [*SPECS]


@router.get(
    "/{name}",
    operation_id="getSchema",
    summary="Get the JSON Schema of a spec",
    response_class=Response,
    responses={
        200: {"content": {MEDIA_TYPE: {}}, "description": "JSON Schema, 2020-12"},
        **problems(404),
    },
)
async def get_schema(caller: CallerDep, name: str) -> Response:
    """Named in a file (`# yaml-language-server: $schema=...`), editors complete and check it."""
    del caller
    if name not in SPECS:
        raise NotFoundError(f"no schema {name}: there are {', '.join(SPECS)}")
    schema: dict[str, Any] = schema_of(name, f"{router.prefix}/{name}")
    return Response(to_json(schema), media_type=MEDIA_TYPE)
