"""The route of scores: designs in JSON or a table, scores in JSON or a table."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Query, Request, Response
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

from service.contract.errors import InvalidRequestError
from service.contract.inference import ScoreAnswer, ScoreRequest
from service.contract.score_tables import TableForm
from service.handlers import scoring
from service.handlers.table_scores import DesignTable, score_table
from service.rest.access import CallerDep
from service.rest.disconnects import while_connected
from service.rest.parameters import ContextDep, problems
from service.rest.score_forms import (
    VENDOR,
    answered,
    form_of_answer,
    form_of_body,
    options_of_query,
    with_options,
)

_EXAMPLE = {
    "genotypes": ["PP_0368:knockdown", "PP_0368:knockdown+PP_0815:knockdown", ""],
    "fields": ["mean", "sd"],
}
_PATH = "/{model_id}:score"
_BINARY: dict[str, Any] = {
    form: {"schema": {"type": "string", "format": "binary"}} for form in TableForm
}

Options = Annotated[dict[str, Any], Depends(options_of_query)]
Column = Annotated[
    str | None,
    Query(
        description="Which column of a table holds the designs; default: the first named "
        "genotype, design, edits or perturbations"
    ),
]


class _TableRoute(APIRoute):
    """Takes requests whose body is a table."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http" or not _has_table(scope):
            return Match.NONE, {}
        return super().matches(scope)


def _has_table(scope: Scope) -> bool:
    return any(
        name == b"content-type" and value[: len(VENDOR)].lower() == VENDOR
        for name, value in scope["headers"]
    )


router = APIRouter(prefix="/v1/models", tags=["models"])
table_router = APIRouter(prefix="/v1/models", route_class=_TableRoute)


@router.post(
    _PATH,
    operation_id="score",
    summary="Score designs",
    response_model=ScoreAnswer,
    responses={
        200: {"description": "Scores, in the form of the body or of `Accept`", "content": _BINARY},
        **problems(400, 404, 409, 413, 422, 429, 503, 504),
    },
    openapi_extra={"requestBody": {"content": _BINARY}},
)
async def score(
    request: Request,
    context: ContextDep,
    caller: CallerDep,
    model_id: str,
    *,
    body: Annotated[ScoreRequest, Body(examples=[_EXAMPLE])],
    options: Options,
    column: Column = None,
) -> Response:
    """One array a column, in request order. A design that the model cannot encode is an error.

    A table (Arrow IPC, Parquet) is answered by a table of as many rows; what JSON says in its body
    then stands in the query.
    """
    if column is not None:
        raise InvalidRequestError("column is of tables; in JSON the designs are `genotypes`")
    asked = with_options(body, options)
    form = form_of_answer(request, None)
    async with while_connected(request.receive):
        answer = await scoring.score_bytes(context, caller, model_id, asked)
        return await answered(context, answer, form, {"timeout_seconds": asked.timeout_seconds})


@table_router.post(_PATH, operation_id="scoreTable", include_in_schema=False)
async def score_body(
    request: Request,
    context: ContextDep,
    caller: CallerDep,
    model_id: str,
    *,
    options: Options,
    column: Column = None,
) -> Response:
    """The same of a table."""
    form = form_of_body(request.headers["content-type"])
    if form is None:
        raise InvalidRequestError(
            f"the body is {request.headers['content-type'][:100]}: send application/json, "
            f"{', '.join(TableForm)}"
        )
    table = DesignTable(await request.body(), form, column, options)
    async with while_connected(request.receive):
        answer = await score_table(context, caller, model_id, table)
        return await answered(context, answer, form_of_answer(request, form), options)
