"""The REST door: FastAPI over the handlers."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from importlib.metadata import version
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi_offline import FastAPIOffline

from service.contract.open_inference import InferRequest
from service.handlers.context import Context
from service.rest import (
    artifacts,
    datasets,
    gene_tables,
    health,
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
from service.rest.access import authenticate, require_loopback
from service.rest.body_limit import BodyLimitMiddleware
from service.rest.parameters import require_text
from service.rest.plain_scores import PlainScoreMiddleware
from service.rest.problems import PROBLEM_RESPONSE, ProblemDocument, add_problem_handlers
from service.rest.tracing import TraceMiddleware

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_rest(context: Context, lifespan: Lifespan | None = None) -> FastAPI:
    """The app over one context, which the caller starts and closes.

    Raises:
        ValueError: the settings would open it to the network.
    """
    require_loopback(context.settings)
    app = FastAPIOffline(
        redoc_url=None,  # its page loads a picture from its maker
        swagger_ui_parameters={"validatorUrl": None},  # would be told of the document
        title="Cellgebra",
        version=version("cellgebra"),
        description="Train on strain designs, predict phenotypes with their uncertainty.",
        dependencies=[Depends(authenticate), Depends(require_text)],
        lifespan=lifespan,
        redirect_slashes=False,
    )
    app.state.context = context
    parts = (
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
        health,
        open_inference,
    )
    app.include_router(scores.table_router)  # before the route that takes any body
    for part in parts:
        app.include_router(part.router)
    add_problem_handlers(app)
    app.add_middleware(PlainScoreMiddleware, context=context)
    app.add_middleware(
        BodyLimitMiddleware,
        streamed=(datasets.UPLOAD_PATH, gene_tables.UPLOAD_PATH, scoring_jobs.UPLOAD_PATH),
    )
    app.add_middleware(TraceMiddleware)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _openapi(app: FastAPI) -> dict[str, Any]:
    """FastAPI's document, with our problem document for its error, and bodies that routes read."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
        )
        _add_own_schemas(document)
        app.openapi_schema = document
    return app.openapi_schema


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
