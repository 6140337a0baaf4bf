"""Routes of aliases, and of promotions."""

from typing import Annotated

from fastapi import APIRouter, Body, Depends, HTTPException, Path, Query, Response

from service.contract.comparisons import CompareRequest, Comparison
from service.contract.registry import ModelAlias, Promotion, RollbackRequest
from service.contract.resources import ListAnswer
from service.handlers import comparing, registry
from service.rest.access import CallerDep
from service.rest.parameters import ContextDep, PageDep, problems

router = APIRouter(prefix="/v1", tags=["models"])

AliasReference = Annotated[
    str, Path(description="Name of models, @, alias", examples=["titer@champion"])
]


def _names_no_method(reference: AliasReference) -> None:
    """A path that ends with a method is that of the method, whatever an alias may be named."""
    if reference.endswith(":rollback"):
        raise HTTPException(405, "only POST rolls back", headers={"Allow": "POST"})


_TWO = {"model_ids": ["titer@champion", "titer@challenger"], "top_count": 20}
OfName = Annotated[str | None, Query(description="Of this name of models alone")]


@router.get(
    "/model-aliases",
    operation_id="listModelAliases",
    summary="List aliases",
    responses=problems(422),
)
async def list_aliases(
    context: ContextDep, caller: CallerDep, page: PageDep, name: OfName = None
) -> ListAnswer[ModelAlias]:
    """Newest first, each with the model that it means now."""
    return await context.threads.run(registry.list_aliases, context, caller, page, name=name)


@router.get(
    "/model-aliases/{reference}",
    operation_id="getModelAlias",
    summary="Get an alias",
    dependencies=[Depends(_names_no_method)],
    responses=problems(404, 422),
)
async def get_alias(
    context: ContextDep, caller: CallerDep, reference: AliasReference
) -> ModelAlias:
    """With the model that it means now, and the one that it is about to mean."""
    return await context.threads.run(registry.get_alias, context, caller, reference)


@router.delete(
    "/model-aliases/{reference}",
    operation_id="deleteModelAlias",
    summary="Remove an alias",
    status_code=204,
    dependencies=[Depends(_names_no_method)],
    responses=problems(404, 409, 422),
)
async def delete_alias(context: ContextDep, caller: CallerDep, reference: AliasReference) -> None:
    """The model stays, and so do the promotions that the alias had."""
    await registry.delete_alias(context, caller, reference)


@router.post(
    "/model-aliases/{reference}:rollback",
    operation_id="rollbackModelAlias",
    summary="Have an alias mean what it meant before",
    status_code=201,
    responses=problems(404, 409, 422, 503),
)
async def rollback(
    response: Response,
    context: ContextDep,
    caller: CallerDep,
    reference: AliasReference,
    body: Annotated[RollbackRequest | None, Body(examples=[{"note": "too narrow"}])] = None,
) -> Promotion:
    """A promotion of the model before the last one; once more goes forward again."""
    promotion = await context.threads.run(
        registry.rollback, context, caller, reference, body or RollbackRequest()
    )
    response.headers["Location"] = f"/v1/promotions/{promotion.id}"
    return promotion


@router.post(
    "/models:compare",
    operation_id="compareModels",
    summary="Compare models",
    responses=problems(404, 409, 422, 429, 503, 504),
)
async def compare(
    context: ContextDep,
    caller: CallerDep,
    body: Annotated[CompareRequest, Body(examples=[_TWO])],
) -> Comparison:
    """Figures, if they are of one test part, and how the models rank the same designs."""
    return await comparing.compare(context, caller, body)


@router.get(
    "/promotions", operation_id="listPromotions", summary="List promotions", responses=problems(422)
)
async def list_promotions(
    context: ContextDep,
    caller: CallerDep,
    page: PageDep,
    name: OfName = None,
    alias: Annotated[str | None, Query(description="Of this alias alone")] = None,
) -> ListAnswer[Promotion]:
    """Newest first: who has promoted what, when, from which version, by which figures."""
    return await context.threads.run(
        registry.list_promotions, context, caller, page, name=name, alias=alias
    )


@router.get(
    "/promotions/{promotion_id}",
    operation_id="getPromotion",
    summary="Get a promotion",
    responses=problems(404),
)
async def get_promotion(context: ContextDep, caller: CallerDep, promotion_id: str) -> Promotion:
    """PENDING, SUCCEEDED, or FAILED with the reason."""
    return await context.threads.run(registry.get_promotion, context, caller, promotion_id)
