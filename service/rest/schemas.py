"""Routes of JSON Schemas: what editors check specs in files by."""

from fastapi import APIRouter, Response
from pydantic_core import to_json

from service.handlers import schemas
from service.rest.access import CallerDep
from service.rest.parameters import problems

router = APIRouter(prefix=schemas.PATH, tags=["schemas"])

MEDIA_TYPE = "application/schema+json"


@router.get("", operation_id="listSchemas", summary="List the specs that have a schema")
async def list_schemas(caller: CallerDep) -> list[str]:
    """By name, as the command `cellgebra spec` calls them."""
    del caller
    return schemas.list_schemas()


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
    return Response(to_json(schemas.get_schema(name)), media_type=MEDIA_TYPE)
