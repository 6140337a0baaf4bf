"""Routes of models, and of scores."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, Response
from pydantic_core import to_json

from service.contract.errors import InvalidRequestError
from service.contract.inference import ScoreAnswer, ScoreField, ScoreRequest
from service.contract.resources import ListAnswer, Model
from service.handlers import models, scoring
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


def _fields(texts: list[str]) -> list[ScoreField]:
    try:
        return [ScoreField(part.strip()) for part in ",".join(texts).split(",")]
    except ValueError as error:
        raise InvalidRequestError(f"fields: {error}; known: {', '.join(ScoreField)}") from None
