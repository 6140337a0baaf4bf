"""What is answered at once: designs in, an answer on the caller's reply list. No row is written."""

import gc
import json
import logging
import time
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import redis
from pydantic import BaseModel

from service.contract.algebra import ComposeAnswer, ComposeRequest
from service.contract.broker import client_url
from service.contract.errors import CellgebraError
from service.contract.inference import DEFAULT_LEVEL, ScoreAnswer, ScoreField
from service.contract.jobs import COMPOSE_TASK_NAME, SCORE_TASK_NAME
from worker.app import app
from worker.tasks.loaded import loaded_models
from worker.tasks.runtime import runtime

if TYPE_CHECKING:
    from worker.inference.predictor import Predictor

logger = logging.getLogger(__name__)


@app.task(name=SCORE_TASK_NAME)
def score(payload: dict[str, Any]) -> None:
    """Score the designs of `payload`, unless its deadline is past."""
    _reply(payload, _score)


@app.task(name=COMPOSE_TASK_NAME)
def compose(payload: dict[str, Any]) -> None:
    """Carry the latent operation of `payload` out, unless its deadline is past."""
    _reply(payload, _compose)


def _reply(
    payload: dict[str, Any], work: Callable[["Predictor", dict[str, Any]], BaseModel]
) -> None:
    if time.time() >= payload["deadline_unix_seconds"]:
        logger.info("dropped an expired request", extra={"request_id": payload["request_id"]})
        return
    reply = {"request_id": payload["request_id"], **_answer(payload, work)}
    pipeline = _replies().pipeline(transaction=False)
    pipeline.rpush(payload["reply_key"], json.dumps(reply, separators=(",", ":")))
    pipeline.expire(payload["reply_key"], payload["reply_ttl_seconds"])
    pipeline.execute()


def warm_up() -> None:
    """Load what scoring needs, and keep it out of the garbage collector's long pauses."""
    import torch

    import worker.inference.composition  # noqa: F401

    torch.set_num_threads(runtime().settings.torch_threads or 1)
    gc.collect()
    gc.freeze()


def _answer(
    payload: dict[str, Any], work: Callable[["Predictor", dict[str, Any]], BaseModel]
) -> dict[str, Any]:
    try:
        predictor = loaded_models().get(
            payload["model_id"], payload["manifest_sha256"], payload["weights_sha256"]
        )
        answer = work(predictor, payload)
    except CellgebraError as error:
        return {"error": error.as_problem()}
    except Exception:
        logger.exception("scoring failed", extra={"model_id": payload["model_id"]})
        return {"error": CellgebraError("scoring failed unexpectedly").as_problem()}
    return {"answer": answer.model_dump(mode="json", exclude_none=True)}


def _score(predictor: "Predictor", payload: dict[str, Any]) -> ScoreAnswer:
    fields = payload.get("fields")
    return predictor.score(
        payload["genotypes"],
        None if fields is None else [ScoreField(field) for field in fields],
        interval_level=payload.get("interval_level", DEFAULT_LEVEL),
        deadline_unix_seconds=payload["deadline_unix_seconds"],
    )


def _compose(predictor: "Predictor", payload: dict[str, Any]) -> ComposeAnswer:
    from worker.inference.composition import compose_designs

    request = ComposeRequest.model_validate(payload["request"])
    deadline = payload["deadline_unix_seconds"]
    return compose_designs(predictor, request, deadline_unix_seconds=deadline)


@cache
def _replies() -> "redis.Redis":
    return redis.Redis.from_url(
        client_url(runtime().settings.required_broker_url),
        socket_timeout=5,
        health_check_interval=25,
    )
