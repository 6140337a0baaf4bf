"""Routes of models, and of their latent algebra."""

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Query, Request, Response
from fastapi.responses import FileResponse, StreamingResponse
from pydantic_core import to_json

from service.contract.algebra import ComposeAnswer, ComposeRequest
from service.contract.registry import ModelReadiness, PromoteRequest, Promotion
from service.contract.repositories.models import ModelFilter
from service.contract.resources import ListAnswer, Model
from service.handlers import composing, exporting, models, registry
from service.handlers.context import Caller, Context
from service.rest.access import CallerDep
from service.rest.disconnects import while_connected
from service.rest.parameters import ContextDep, PageDep, problems

router = APIRouter(prefix="/v1/models", tags=["models"])


async def _wanted(
    dataset_id: str | None = None,
    name: Annotated[str | None, Query(description="Versions of this name alone")] = None,
    with_archived: Annotated[bool, Query(description="Archived models as well")] = False,
) -> ModelFilter:
    return ModelFilter(dataset_id, name, with_archived)


@router.get("", operation_id="listModels", summary="List models", responses=problems(422))
async def list_models(
    context: ContextDep,
    caller: CallerDep,
    page: PageDep,
    wanted: Annotated[ModelFilter, Depends(_wanted)],
) -> ListAnswer[Model]:
    """Newest first, without manifests."""
    return await context.threads.run(models.list_models, context, caller, page, wanted)


@router.get("/{model_id}", operation_id="getModel", summary="Get a model", responses=problems(404))
async def get_model(context: ContextDep, caller: CallerDep, model_id: str) -> Model:
    """With its report and its manifest; called by its id, `name@version` or `name@alias`."""
    return await context.threads.run(models.get_model, context, caller, model_id)


@router.delete(
    "/{model_id}",
    operation_id="deleteModel",
    summary="Delete a model",
    status_code=204,
    responses=problems(404, 409, 422),
)
async def delete_model(context: ContextDep, caller: CallerDep, model_id: str) -> None:
    """With what is stored of it. Refused while an alias, a job or a sweep needs it."""
    await models.delete_model(context, caller, model_id)


@router.get(
    "/{model_id}/ready",
    operation_id="checkModel",
    summary="Check whether a model can answer",
    responses={
        503: {"model": ModelReadiness, "description": "It cannot; `detail` says why"},
        **problems(404, 422),
    },
)
async def check_model(
    response: Response, context: ContextDep, caller: CallerDep, model_id: str
) -> ModelReadiness:
    """200 if what is stored of it is whole and an inference worker is alive, else 503."""
    readiness = await context.threads.run(models.check_model, context, caller, model_id)
    response.status_code = 200 if readiness.ready else 503
    return readiness


@router.post(
    "/{model_id}:archive",
    operation_id="archiveModel",
    summary="Archive a model",
    responses=problems(404, 409, 422),
)
async def archive_model(context: ContextDep, caller: CallerDep, model_id: str) -> Model:
    """Left out of lists; it scores by its id and version as before. No alias may mean it."""
    return await context.threads.run(models.archive_model, context, caller, model_id)


@router.post(
    "/{model_id}:unarchive",
    operation_id="unarchiveModel",
    summary="Take a model out of the archive",
    responses=problems(404, 422),
)
async def unarchive_model(context: ContextDep, caller: CallerDep, model_id: str) -> Model:
    """It is listed again, and may have aliases."""
    return await context.threads.run(
        models.archive_model, context, caller, model_id, is_archived=False
    )


_CHAMPION = {"alias": "champion", "note": "better within cycles"}


@router.post(
    "/{model_id}:promote",
    operation_id="promoteModel",
    summary="Have an alias mean a model",
    status_code=201,
    responses=problems(404, 409, 422, 503),
)
async def promote_model(
    response: Response,
    context: ContextDep,
    caller: CallerDep,
    model_id: str,
    body: Annotated[PromoteRequest, Body(examples=[_CHAMPION])],
) -> Promotion:
    """PENDING until every inference worker has loaded it; until then the alias means what it did.

    Follow it under `GET /v1/promotions/{promotion_id}`.
    """
    promotion = await context.threads.run(registry.promote, context, caller, model_id, body)
    response.headers["Location"] = f"/v1/promotions/{promotion.id}"
    return promotion


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


@router.get(
    "/{model_id}/export.zip",
    operation_id="exportModel",
    summary="Download a model",
    response_class=Response,
    responses={
        200: {"content": {"application/zip": {}}, "description": "Its files"},
        **problems(404, 409, 422, 429, 503, 504),
    },
)
async def export_model(
    context: ContextDep,
    caller: CallerDep,
    model_id: str,
    *,
    with_onnx: Annotated[
        bool, Query(description="Its ONNX file as well, which an inference worker writes")
    ] = True,
) -> Response:
    """Manifest, weights, ONNX where the kind has that form, an example, and a README."""
    archive = await exporting.export_model(context, caller, model_id, with_onnx=with_onnx)
    headers = {
        "Content-Disposition": f'attachment; filename="{archive.model_id}.zip"',
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingResponse(archive.chunks, headers=headers, media_type="application/zip")


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
    request: Request,
    context: ContextDep,
    caller: CallerDep,
    model_id: str,
    body: Annotated[ComposeRequest, Body(examples=[_ANALOGY])],
) -> Response:
    """Compose, subtract, analogy or interpolate: states as the head reads them, beside measured."""
    async with while_connected(request.receive):
        answer = await composing.compose_json(context, caller, model_id, body)
    return Response(to_json(answer, inf_nan_mode="null"), media_type="application/json")
