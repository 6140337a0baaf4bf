"""Routes of models, and of scores."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, Request, Response
from fastapi.responses import FileResponse
from pydantic_core import to_json

from service.contract.algebra import ComposeAnswer, ComposeRequest
from service.contract.errors import InvalidRequestError
from service.contract.inference import ScoreAnswer, ScoreField, ScoreRequest
from service.contract.resources import ListAnswer, Model
from service.handlers import composing, models, scoring
from service.handlers.context import Caller, Context
from service.rest.access import CallerDep
from service.rest.parameters import ContextDep, PageDep, problems

router = APIRouter(prefix="/v1/models", tags=["models"])

_EXAMPLE = {
    "genotypes": ["PP_0368:knockdown", "PP_0368:knockdown+PP_0815:knockdown", ""],
    "fields": ["mean", "sd"],
}


@router.get("", operation_id="listModels", summary="List models", responses=problems(422))
async def list_models(
    context: ContextDep, caller: CallerDep, page: PageDep, dataset_id: str | None = None
) -> ListAnswer[Model]:
    """Newest first, without manifests."""
    return await context.threads.run(
        models.list_models, context, caller, page, dataset_id=dataset_id
    )


@router.get("/{model_id}", operation_id="getModel", summary="Get a model", responses=problems(404))
async def get_model(context: ContextDep, caller: CallerDep, model_id: str) -> Model:
    """With its report and its manifest."""
    return await context.threads.run(models.get_model, context, caller, model_id)


# The page needs no script, no other file and no network, and may not have any of them: what stands
# on it was named by users.
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox",
    "Referrer-Policy": "no-referrer",
}


@router.get(
    "/{model_id}/report.html",
    operation_id="getModelReportPage",
    summary="Read a model's report",
    response_class=Response,
    responses={
        200: {"content": {"text/html": {}}, "description": "One page, with its pictures"},
        **problems(404),
    },
)
async def get_report_page(
    request: Request, context: ContextDep, caller: CallerDep, model_id: str
) -> Response:
    """For a browser: self-contained, without scripts."""
    return await _report(request, context, caller, model_id, is_page=True)


@router.get(
    "/{model_id}/report.json",
    operation_id="getModelReport",
    summary="Get a model's whole report",
    response_class=Response,
    responses={
        200: {"content": {"application/json": {}}, "description": "A `TrainingReport`"},
        **problems(404),
    },
)
async def get_report(
    request: Request, context: ContextDep, caller: CallerDep, model_id: str
) -> Response:
    """With the columns of single designs and everything that the page draws."""
    return await _report(request, context, caller, model_id, is_page=False)


async def _report(
    request: Request, context: Context, caller: Caller, model_id: str, *, is_page: bool
) -> Response:
    sha256, path = await context.threads.run(
        models.find_report, context, caller, model_id, is_page=is_page
    )
    headers = {
        **(PAGE_HEADERS if is_page else {}),
        "ETag": f'"{sha256}"',
        "Cache-Control": "private, no-cache",
        "X-Content-Type-Options": "nosniff",
    }
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    media_type = "text/html; charset=utf-8" if is_page else "application/json"
    return FileResponse(path, headers=headers, media_type=media_type)


@router.post(
    "/{model_id}:score",
    operation_id="score",
    summary="Score designs",
    response_model=ScoreAnswer,
    responses=problems(404, 422, 429, 503, 504),
)
async def score(
    context: ContextDep,
    caller: CallerDep,
    model_id: str,
    body: Annotated[ScoreRequest, Body(examples=[_EXAMPLE])],
    fields: Annotated[
        list[str] | None,
        Query(
            description="Columns to answer, by comma or repeated; as `fields` of the body",
            examples=["mean,sd"],
        ),
    ] = None,
) -> Response:
    """One array a column, in request order. A design that the model cannot encode is an error."""
    if fields is not None:
        body = body.model_copy(update={"fields": _fields(fields)})
    answer = await scoring.score_json(context, caller, model_id, body)
    return Response(to_json(answer, inf_nan_mode="null"), media_type="application/json")


_ANALOGY = {
    "operation": "analogy",
    "designs": [
        "PP_0368:knockdown+PP_0815:knockdown",
        "PP_0815:knockdown",
        "PP_0751:knockdown",
    ],
}


@router.post(
    "/{model_id}:compose",
    operation_id="compose",
    summary="Compose designs in the latent space",
    response_model=ComposeAnswer,
    responses=problems(404, 409, 422, 429, 503, 504),
)
async def compose(
    context: ContextDep,
    caller: CallerDep,
    model_id: str,
    body: Annotated[ComposeRequest, Body(examples=[_ANALOGY])],
) -> Response:
    """Compose, subtract, analogy or interpolate: states as the head reads them, beside measured."""
    answer = await composing.compose_json(context, caller, model_id, body)
    return Response(to_json(answer, inf_nan_mode="null"), media_type="application/json")


def _fields(texts: list[str]) -> list[ScoreField]:
    try:
        return [ScoreField(part.strip()) for part in ",".join(texts).split(",")]
    except ValueError as error:
        raise InvalidRequestError(f"fields: {error}; known: {', '.join(ScoreField)}") from None
