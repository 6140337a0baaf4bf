"""The task that scores: designs in, an answer on the caller's reply list. No row is written."""

import gc
import json
import logging
import time
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import redis

from service.contract.broker import client_url
from service.contract.errors import CellgebraError
from service.contract.inference import DEFAULT_LEVEL, ScoreField
from service.contract.jobs import SCORE_TASK_NAME
from worker.app import app
from worker.tasks.runtime import runtime

if TYPE_CHECKING:
    from worker.inference.predictor import Predictor

logger = logging.getLogger(__name__)

LOADED_MODELS = 16


@app.task(name=SCORE_TASK_NAME)
def score(payload: dict[str, Any]) -> None:
    """Score the designs of `payload`, unless its deadline is past."""
    if time.time() >= payload["deadline_unix_seconds"]:
        logger.info("dropped an expired score", extra={"request_id": payload["request_id"]})
        return
    reply = {"request_id": payload["request_id"], **_answer(payload)}
    pipeline = _replies().pipeline(transaction=False)
    pipeline.rpush(payload["reply_key"], json.dumps(reply, separators=(",", ":")))
    pipeline.expire(payload["reply_key"], payload["reply_ttl_seconds"])
    pipeline.execute()


def warm_up() -> None:
    """Load what scoring needs, and keep it out of the garbage collector's long pauses."""
    import torch

    import worker.inference.predictor  # noqa: F401

    torch.set_num_threads(runtime().settings.torch_threads or 1)
    gc.collect()
    gc.freeze()


def _answer(payload: dict[str, Any]) -> dict[str, Any]:
    try:
        predictor = _predictor(
            payload["model_id"], payload["manifest_sha256"], payload["weights_sha256"]
        )
        fields = payload.get("fields")
        chosen = None if fields is None else [ScoreField(field) for field in fields]
        answer = predictor.score(
            payload["genotypes"],
            chosen,
            interval_level=payload.get("interval_level", DEFAULT_LEVEL),
            deadline_unix_seconds=payload["deadline_unix_seconds"],
        )
    except CellgebraError as error:
        return {"error": error.as_problem()}
    except Exception:
        logger.exception("scoring failed", extra={"model_id": payload["model_id"]})
        return {"error": CellgebraError("scoring failed unexpectedly").as_problem()}
    return {"answer": answer.model_dump(mode="json", exclude_none=True)}


@lru_cache(maxsize=LOADED_MODELS)
def _predictor(model_id: str, manifest_sha256: str, weights_sha256: str) -> "Predictor":
    from worker.inference.predictor import Predictor

    store = runtime().store
    return Predictor.load(
        store.path(weights_sha256), json.loads(store.read(manifest_sha256)), model_id=model_id
    )


@cache
def _replies() -> "redis.Redis":
    return redis.Redis.from_url(
        client_url(runtime().settings.required_broker_url),
        socket_timeout=5,
        health_check_interval=25,
    )
