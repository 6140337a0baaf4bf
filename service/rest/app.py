"""The REST door: FastAPI over the handlers."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import cache
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi_offline import FastAPIOffline

from service.contract.open_inference import InferRequest
from service.handlers.access import require_keys
from service.handlers.context import Context
from service.rest import (
    api_keys,
    artifacts,
    audit,
    datasets,
    gene_tables,
    health,
    login,
    losses,
    models,
    open_inference,
    registry,
    schemas,
    scores,
    scoring_jobs,
    search_jobs,
    sweeps,
    training_jobs,
)
from service.rest.access import AccessMiddleware, authenticate
from service.rest.body_limit import BodyLimitMiddleware
from service.rest.parameters import require_text
from service.rest.plain_scores import PlainScoreMiddleware
from service.rest.problems import PROBLEM_RESPONSE, ProblemDocument, add_problem_handlers
from service.rest.security_headers import SecurityHeadersMiddleware
from service.rest.tracing import TraceMiddleware

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

PARTS = (
    datasets,
    gene_tables,
    training_jobs,
    sweeps,
    models,
    scores,
    registry,
    search_jobs,
    scoring_jobs,
    losses,
    schemas,
    artifacts,
    api_keys,
    audit,
    health,
    login,
    open_inference,
)


def _all_routes() -> APIRouter:
    router = APIRouter(dependencies=[Depends(authenticate), Depends(require_text)])
    router.include_router(scores.table_router)  # before the route that takes any body
    for part in PARTS:
        router.include_router(part.router)
    return router


ABOUT: dict[str, Any] = {
    "title": "Cellgebra",
    "version": version("cellgebra"),
    "description": "Train on strain designs, predict phenotypes with their uncertainty.",
}
# Of every app of this process: FastAPI works a route out when it is first looked for.
ROUTES = _all_routes().routes


def create_rest(context: Context, lifespan: Lifespan | None = None) -> FastAPI:
    """The app over one context, which the caller starts and closes.

    Raises:
        ValueError: the settings would open it to the network, and there is no key.
        SQLAlchemyError: they would, and the database cannot be asked for one.
    """
    require_keys(context.settings)
    app = FastAPIOffline(
        redoc_url=None,  # its page loads a picture from its maker
        swagger_ui_parameters={"validatorUrl": None},  # would be told of the document
        **ABOUT,
        routes=ROUTES,
        lifespan=lifespan,
        redirect_slashes=False,
    )
    app.state.context = context
    add_problem_handlers(app)
    app.add_middleware(PlainScoreMiddleware, context=context)
    app.add_middleware(
        BodyLimitMiddleware,
        streamed=(datasets.UPLOAD_PATH, gene_tables.UPLOAD_PATH, scoring_jobs.UPLOAD_PATH),
        settings=context.settings,
    )
    app.add_middleware(AccessMiddleware, context=context)
    app.add_middleware(TraceMiddleware, metrics=context.metrics)
    app.add_middleware(SecurityHeadersMiddleware)
    app.openapi = _openapi  # type: ignore[method-assign]
    return app


@cache
def _openapi() -> dict[str, Any]:
    """FastAPI's document, with our problem document for its error, and bodies that routes read."""
    document = get_openapi(**ABOUT, routes=ROUTES)
    _add_own_schemas(document)
    return document


def _add_own_schemas(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for model in (ProblemDocument, InferRequest):
        own = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(own.pop("$defs"))
        schemas[model.__name__] = own
    for path in document["paths"].values():
        for operation in path.values():
            _declare_problem(operation["responses"])


def _declare_problem(responses: dict[str, Any]) -> None:
    unprocessable = responses.get("422", {}).get("content", {})
    if "application/json" in unprocessable:
        responses["422"] = PROBLEM_RESPONSE
    responses.setdefault("default", PROBLEM_RESPONSE)
