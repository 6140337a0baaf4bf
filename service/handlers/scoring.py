"""Scores: genotypes in, a columnar answer out, through an inference worker."""

from functools import partial
from typing import Any

from service.contract.inference import ScoreAnswer, ScoreRequest
from service.contract.jobs import SCORE_TASK_NAME
from service.handlers.context import Caller, Context
from service.handlers.resolution import resolve

# Reading this many genotypes takes about a millisecond; more would hold the event loop up.
_INLINE_DESIGNS = 64


async def score(
    context: Context, caller: Caller, reference: str, request: ScoreRequest
) -> ScoreAnswer:
    """Score designs with a model: nothing is dropped, the order is kept.

    `reference` is its id, `name@version` or `name@alias`; the answer says which it was.

    Raises:
        NotFoundError: this project has no such model, or alias.
        InvalidDesignError: genotypes are malformed; every offender is listed.
        AmbiguousGeneError: names may be of several genes; every one is listed, with them.
        UnknownEditsError: edits are not in the model's vocabulary; every offender is listed.
        ResourceExhaustedError: too many requests are in flight.
        DeadlineExceededError: no worker answered within the request's timeout.
        UnavailableError: the broker does not answer.
    """
    return ScoreAnswer.model_validate(await score_json(context, caller, reference, request))


async def score_json(
    context: Context, caller: Caller, reference: str, request: ScoreRequest
) -> dict[str, Any]:
    """The same answer as `score`, as the JSON that the worker made from a `ScoreAnswer`.

    Raises:
        CellgebraError: as `score`.
    """
    with context.scores.one():
        model = await context.manifests.get(
            context.database, context.store, context.threads, caller.project_id, reference
        )
        names = model.manifest.genes.names if model.manifest.genes is not None else {}
        known = partial(resolve, model.edits, request.genotypes, names, reader=model.reader)
        if len(request.genotypes) <= _INLINE_DESIGNS:
            resolved = known()
        else:
            resolved = await context.threads.run(known)
        payload = {
            "model_id": model.model_id,
            "manifest_sha256": model.manifest_sha256,
            "weights_sha256": model.weights_sha256,
            "genotypes": resolved.genotypes,
            "fields": request.fields,
            "interval_level": request.interval_level,
        }
        answer = await context.scorer.ask(
            SCORE_TASK_NAME, payload, timeout_seconds=request.timeout_seconds
        )
    answer.update(model_name=model.name, model_version=model.version)
    if resolved.locus_of:
        answer["resolved_names"] = resolved.names()
    return answer
