"""What is answered at once: designs in, an answer on the caller's reply list. No row is written."""

import gc
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import redis

from service.contract.algebra import ComposeRequest
from service.contract.broker import client_url
from service.contract.errors import CellgebraError, DeadlineExceededError
from service.contract.exports import ONNX_FILE
from service.contract.jobs import COMPOSE_TASK_NAME, EXPORT_TASK_NAME, SCORE_TASK_NAME
from service.contract.questions import Part, pack_reply
from service.contract.telemetry import span
from service.contract.tracing import about
from worker.app import app
from worker.tasks.loaded import loaded_models
from worker.tasks.runtime import runtime

if TYPE_CHECKING:
    from worker.inference.predictor import Predictor

logger = logging.getLogger(__name__)

# Of a request that is cut into parts; what else goes on in the machine has to have room.
_MOST_THREADS = 4

Request = Mapping[str, Any]
Work = Callable[["Predictor", Sequence[Request]], Sequence[Part]]


@app.task(name=SCORE_TASK_NAME)
def score(question: dict[str, Any]) -> None:
    """Score the designs of every request of `question` that is not past its deadline."""
    from worker.inference.batching import score_requests

    _reply(question, score_requests)


@app.task(name=COMPOSE_TASK_NAME)
def compose(question: dict[str, Any]) -> None:
    """Carry out the latent operations of `question` that are not past their deadlines."""
    _reply(question, _compose)


@app.task(name=EXPORT_TASK_NAME)
def export_onnx(question: dict[str, Any]) -> None:
    """Write a model as ONNX into the scratch folder of every request of `question`."""
    _reply(question, _export)


def _reply(question: Mapping[str, Any], work: Work) -> None:
    traces = list(dict.fromkeys(request.get("trace_id", "") for request in question["requests"]))
    subjects: dict[str, str | list[str]] = {"model_id": (model_id := question["model_id"])}
    if len(traces) > 1:
        subjects["trace_ids"] = traces
    with about(traces[0], None, **subjects), span("score", model_id=model_id):
        begin = time.perf_counter()
        parts = _parts(question, work)
        logger.debug("answered %d requests in %.4f s", len(parts), time.perf_counter() - begin)
    pipeline = _replies().pipeline(transaction=False)
    pipeline.rpush(question["reply_key"], pack_reply(question["question_id"], parts))
    pipeline.expire(question["reply_key"], question["reply_ttl_seconds"])
    pipeline.execute()


def warm_up() -> None:
    """Load and compile what scoring needs, and keep it out of the collector's long pauses."""
    import torch

    import worker.inference.batching
    import worker.inference.composition  # noqa: F401
    from worker.inference.threads import use_threads
    from worker.inference.warming import compile_readings

    threads = runtime().settings.torch_threads
    torch.set_num_threads(threads or 1)
    use_threads(threads or min(os.cpu_count() or 1, _MOST_THREADS))
    compile_readings()
    gc.collect()
    gc.freeze()


def _parts(question: Mapping[str, Any], work: Work) -> list[Part]:
    """One part a request; what is past its deadline is not computed."""
    requests = question["requests"]
    now = time.time()
    is_alive = [now < request["deadline_unix_seconds"] for request in requests]
    if not all(is_alive):
        logger.info("dropped %d expired requests", is_alive.count(False))
    alive = [request for request, wanted in zip(requests, is_alive, strict=True) if wanted]
    found = iter(_answers(question, alive, work) if alive else [])
    late = DeadlineExceededError("the deadline passed before a worker was free")
    return [next(found) if wanted else late for wanted in is_alive]


def _answers(
    question: Mapping[str, Any], requests: Sequence[Request], work: Work
) -> Sequence[Part]:
    try:
        predictor = loaded_models().get(
            question["model_id"], question["manifest_sha256"], question["weights_sha256"]
        )
        return work(predictor, requests)
    except CellgebraError as error:
        return [error] * len(requests)
    except Exception:
        logger.exception("scoring failed")
        return [CellgebraError("scoring failed unexpectedly")] * len(requests)


def _compose(predictor: "Predictor", requests: Sequence[Request]) -> list[Part]:
    from worker.inference.composition import compose_designs

    return [
        compose_designs(
            predictor,
            ComposeRequest.model_validate(request["request"]),
            deadline_unix_seconds=request["deadline_unix_seconds"],
        )
        .model_dump_json(exclude_none=True)
        .encode()
        for request in requests
    ]


def _export(predictor: "Predictor", requests: Sequence[Request]) -> list[Part]:
    from worker.inference.onnx_export import onnx_model
    from worker.inference.weights import read_weights

    store, manifest = runtime().store, predictor.manifest
    weights = store.path_of_stored(manifest.weights_sha256)
    model = onnx_model(read_weights(weights, manifest.weights_sha256), manifest)
    content = model.SerializeToString()
    for request in requests:
        store.hand_over(request["scratch"], ONNX_FILE, content)
    return [b"{}"] * len(requests)


@cache
def _replies() -> "redis.Redis":
    return redis.Redis.from_url(
        client_url(runtime().settings.required_broker_url),
        socket_timeout=5,
        health_check_interval=25,
    )
