"""Arithmetic in a model's latent space: designs in, states with their readings out."""

import time
from typing import Any

import orjson

from service.contract.algebra import ComposeAnswer, ComposeRequest
from service.contract.errors import FailedPreconditionError
from service.contract.jobs import COMPOSE_TASK_NAME
from service.contract.latent_models import LATENT_KINDS, no_latent_space
from service.contract.tracing import trace_id
from service.handlers.context import Caller, Context
from service.handlers.resolution import resolve


async def compose(
    context: Context, caller: Caller, reference: str, request: ComposeRequest
) -> ComposeAnswer:
    """Carry a latent operation out: compose, subtract, analogy or interpolate.

    `reference` calls the model, as in `score`.

    Raises:
        NotFoundError: this project has no such model, or alias.
        FailedPreconditionError: the model has no latent space.
        InvalidDesignError: genotypes are malformed, or designs to compose have an edit in common
            or edits that exclude each other; every offender is listed.
        AmbiguousGeneError: names may be of several genes; every one is listed, with them.
        UnknownEditsError: edits are not in the model's vocabulary; every offender is listed.
        ResourceExhaustedError: too many requests are in flight.
        DeadlineExceededError: no worker answered within the request's timeout.
        UnavailableError: the broker does not answer.
    """
    return ComposeAnswer.model_validate(await compose_json(context, caller, reference, request))


async def compose_json(
    context: Context, caller: Caller, reference: str, request: ComposeRequest
) -> dict[str, Any]:
    """The same answer as `compose`, as the JSON that the worker made from a `ComposeAnswer`.

    Raises:
        CellgebraError: as `compose`.
    """
    with context.scores.one():
        model = await context.manifests.get(
            context.database, context.store, context.threads, caller.project_id, reference
        )
        if model.manifest.model_kind not in LATENT_KINDS:
            raise FailedPreconditionError(no_latent_space(model.manifest.model_kind))
        names = model.manifest.genes.names if model.manifest.genes is not None else {}
        resolved = resolve(
            model.edits, request.designs, names, field_name="designs", reader=model.reader
        )
        meant = request.model_copy(update={"designs": resolved.genotypes})
        question = {
            "model_id": model.model_id,
            "manifest_sha256": model.manifest_sha256,
            "weights_sha256": model.weights_sha256,
            "requests": [
                {
                    "request": meant.model_dump(mode="json"),
                    "deadline_unix_seconds": time.time() + request.timeout_seconds,
                    "trace_id": trace_id.get(),
                }
            ],
        }
        (part,) = await context.questions.ask(
            COMPOSE_TASK_NAME, question, timeout_seconds=request.timeout_seconds
        )
    if not isinstance(part, bytes):
        raise part
    answer: dict[str, Any] = orjson.loads(part)
    answer.update(model_name=model.name, model_version=model.version)
    if resolved.locus_of:
        answer["resolved_names"] = resolved.names()
    return answer
