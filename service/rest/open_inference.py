"""Routes of the Open Inference Protocol, version 2: `/v2`."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from service.contract.errors import CellgebraError, InvalidArgumentError
from service.contract.open_inference import (
    InferAnswer,
    InferenceModel,
    InferProblem,
    ServerMetadata,
)
from service.handlers import open_inference
from service.handlers.context import Caller, Context
from service.handlers.health import check_health
from service.rest.access import CallerDep
from service.rest.disconnects import while_connected
from service.rest.open_inference_bodies import read_request, write_answer
from service.rest.parameters import ContextDep
from service.rest.problems import answer_error, http_status

_JSON = "application/json"
_BINARY = "application/octet-stream"
_REQUEST = "#/components/schemas/InferRequest"


class _Route(APIRoute):
    """Answers errors as the protocol wants them: `{"error": ...}`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except CellgebraError as error:
                if error.code == "INTERNAL":
                    raise
                status = 400 if error.code == "INVALID_ARGUMENT" else None
                told = await answer_error(request, error)  # for its headers
                kept = {k: v for k, v in told.headers.items() if k == "retry-after"}
                return JSONResponse(
                    {"error": open_inference.problem_text(error)},
                    status or http_status(error.code, error.reason),
                    kept,
                )

        return answer


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    keys: list[int | str] = [*statuses, "default"]
    return {key: {"model": InferProblem, "description": "What went wrong"} for key in keys}


router = APIRouter(prefix="/v2", tags=["open inference protocol"], route_class=_Route)

_MODEL = "/models/{model_name}"
_VERSION = _MODEL + "/versions/{model_version}"


@router.get(
    "", operation_id="getServerMetadata", summary="What the server is", responses=_problems()
)
async def get_server_metadata(caller: CallerDep) -> ServerMetadata:  # noqa: ARG001
    """Its name, its version, and the extensions of the protocol that it knows."""
    return open_inference.server_metadata()


@router.get(
    "/health/live",
    operation_id="isServerLive",
    summary="Is the process alive?",
    responses=_problems(),
)
async def is_live() -> dict[str, bool]:
    """Answers as long as the process does."""
    return {"live": True}


@router.get(
    "/health/ready",
    operation_id="isServerReady",
    summary="Can the service work?",
    responses=_problems(503),
)
async def is_server_ready(context: ContextDep) -> Response:
    """As `/health/ready`."""
    health = await context.threads.run_shared(check_health, context)
    if health.ready:
        return JSONResponse({"ready": True})
    return JSONResponse({"error": f"not ready: {health.model_dump_json()}"}, 503)


@router.get(_MODEL, operation_id="getModelMetadata", responses=_problems(404, 400))
async def get_model_metadata(
    context: ContextDep, caller: CallerDep, model_name: str
) -> InferenceModel:
    """Which tensors a model takes and gives. It is called by id, `name@version` or `name@alias`."""
    return await open_inference.get_inference_model(context, caller, model_name)


@router.get(_VERSION, operation_id="getVersionMetadata", responses=_problems(404, 400))
async def get_version_metadata(
    context: ContextDep, caller: CallerDep, model_name: str, model_version: str
) -> InferenceModel:
    """Which tensors a version of a name takes and gives."""
    return await open_inference.get_inference_model(context, caller, model_name, model_version)


@router.get(f"{_MODEL}/ready", operation_id="isModelReady", responses=_problems(404, 400, 503))
async def is_model_ready(context: ContextDep, caller: CallerDep, model_name: str) -> Response:
    """Whether a model can answer now."""
    return await _ready(context, caller, model_name, "")


@router.get(f"{_VERSION}/ready", operation_id="isVersionReady", responses=_problems(404, 400, 503))
async def is_version_ready(
    context: ContextDep, caller: CallerDep, model_name: str, model_version: str
) -> Response:
    """Whether a version of a name can answer now."""
    return await _ready(context, caller, model_name, model_version)


async def _ready(context: Context, caller: Caller, name: str, version: str) -> Response:
    if await open_inference.is_ready(context, caller, name, version):
        return JSONResponse({"name": name, "ready": True})
    return JSONResponse({"error": f"model {name} is not ready"}, 503)


_INFER: dict[str, Any] = {
    "responses": {
        200: {
            "model": InferAnswer,
            "description": "Scores: JSON, and behind it the bytes of binary outputs",
            "content": {_BINARY: {}},
        },
        **_problems(400, 404, 409, 413, 429, 503, 504),
    },
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {_JSON: {"schema": {"$ref": _REQUEST}}, _BINARY: {}},
        }
    },
}
JsonLength = Annotated[
    str | None,
    Header(
        alias="Inference-Header-Content-Length",
        description="How many bytes of the body are JSON, where binary tensors follow",
    ),
]


async def _version(model_name: str, model_version: str) -> tuple[str, str]:
    return model_name, model_version


@router.post(f"{_MODEL}/infer", operation_id="infer", summary="Score designs", **_INFER)
async def infer(
    request: Request,
    context: ContextDep,
    caller: CallerDep,
    model_name: str,
    json_length: JsonLength = None,
) -> Response:
    """One input, `genotype` (BYTES); outputs are FP32, one a label and field."""
    return await _infer(request, context, caller, (model_name, ""), json_length)


@router.post(
    f"{_VERSION}/infer", operation_id="inferByVersion", summary="Score with a version", **_INFER
)
async def infer_by_version(
    request: Request,
    context: ContextDep,
    caller: CallerDep,
    model: Annotated[tuple[str, str], Depends(_version)],
    json_length: JsonLength = None,
) -> Response:
    """As without a version."""
    return await _infer(request, context, caller, model, json_length)


async def _infer(
    request: Request,
    context: Context,
    caller: Caller,
    model: tuple[str, str],
    json_length: str | None,
) -> Response:
    asked, inputs = read_request(await request.body(), json_length)
    async with while_connected(request.receive):
        found = await open_inference.infer(
            context,
            caller,
            *model,
            inputs=inputs,
            outputs=None if asked.outputs is None else [one.name for one in asked.outputs],
            timeout_seconds=_seconds(asked.parameters.get("timeout")),
        )
    return write_answer(model[0], asked, found)


def _seconds(microseconds: object) -> float | None:
    if microseconds is None:
        return None
    is_number = isinstance(microseconds, int) and not isinstance(microseconds, bool)
    if not is_number or not 0 < int(str(microseconds)) <= 60_000_000:
        raise InvalidArgumentError("timeout: microseconds of at most one minute")
    return int(str(microseconds)) / 1e6
