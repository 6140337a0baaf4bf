"""Scores: genotypes in, a columnar answer out, through an inference worker."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

import orjson

from service.coalescing import ModelKey
from service.contract.genotype_reader import GenotypeReader
from service.contract.inference import ScoreAnswer, ScoreRequest
from service.contract.tracing import name_subjects
from service.handlers.conditions import require_conditions
from service.handlers.context import Caller, Context
from service.handlers.resolution import Resolved, resolve

# Reading this many genotypes takes about a millisecond; more would hold the event loop up.
_INLINE_DESIGNS = 64


async def score(
    context: Context, caller: Caller, reference: str, request: ScoreRequest
) -> ScoreAnswer:
    """Score designs with a model: nothing is dropped, the order is kept.

    `reference` is its id, `name@version` or `name@alias`; the answer says which it was.

    Raises:
        NotFoundError: this project has no such model, or alias.
        InvalidArgumentError: the model holds under other conditions; every one is listed.
        InvalidDesignError: genotypes are malformed; every offender is listed.
        AmbiguousGeneError: names may be of several genes; every one is listed, with them.
        UnknownEditsError: edits are not in the model's vocabulary; every offender is listed.
        FailedPreconditionError: the model has no states to include.
        ResourceExhaustedError: too many requests, or designs, are in flight.
        DeadlineExceededError: no worker answered within the request's timeout.
        UnavailableError: the broker does not answer, or a blob of the model is missing.
    """
    return ScoreAnswer.model_validate(await score_json(context, caller, reference, request))


async def score_json(
    context: Context, caller: Caller, reference: str, request: ScoreRequest
) -> dict[str, Any]:
    """The same answer as `score`, as the JSON that the worker made.

    Raises:
        CellgebraError: as `score`.
    """
    answer: dict[str, Any] = orjson.loads(await score_bytes(context, caller, reference, request))
    return answer


async def score_bytes(
    context: Context, caller: Caller, reference: str, request: ScoreRequest
) -> bytes:
    """The same answer as `score`, as JSON.

    It is what the worker wrote, which nothing parses here, and behind it the names of the model
    and of the designs.

    Raises:
        CellgebraError: as `score`.
    """
    design_count = len(request.genotypes)
    await context.limits.take_designs(caller.key_id, design_count)
    with context.scores.one(design_count):
        model = await context.manifests.get(
            context.database, context.store, context.threads, caller.project_id, reference
        )
        name_subjects(model_id=model.model_id)
        require_conditions(model.manifest.conditions, request.conditions)
        names = model.manifest.genes.names if model.manifest.genes is not None else {}
        known = partial(_known, model.edits, request.genotypes, names, model.reader)
        if design_count <= _INLINE_DESIGNS:
            resolved, designs = known()
        else:
            resolved, designs = await context.threads.run(known)
        asked = {
            "design_count": design_count,
            "designs": designs,
            "fields": request.fields,
            "interval_level": request.interval_level,
            "include": request.include,
        }
        answer = await context.coalescer.ask(
            ModelKey(model.model_id, model.manifest_sha256, model.weights_sha256),
            asked,
            design_count=design_count,
            timeout_seconds=request.timeout_seconds,
        )
    fields: dict[str, Any] = {
        "model_name": model.name,
        "model_version": model.version,
        "genotypes": resolved.genotypes,
    }
    if resolved.locus_of:
        fields["resolved_names"] = resolved.names()
    if model.manifest.conditions:
        fields["conditions"] = [one.model_dump() for one in model.manifest.conditions]
    return with_fields(answer, fields)


def _known(
    edits: Collection[str],
    genotypes: Sequence[str],
    names: Mapping[str, Sequence[str]],
    reader: GenotypeReader,
) -> tuple[Resolved, dict[str, str | None]]:
    """What is asked for, and the same as it travels: nobody reads the texts a second time."""
    resolved = resolve(edits, genotypes, names, reader=reader)
    read = resolved.read or reader.read(resolved.genotypes)
    return resolved, read.packed()


def with_fields(answer: bytes, fields: dict[str, Any]) -> bytes:
    """A JSON object with further fields (at least one) behind its own, which stay as they are."""
    return b"".join((memoryview(answer)[:-1], b",", memoryview(orjson.dumps(fields))[1:]))
