"""Scores for clients of the Open Inference Protocol; see `service.contract.open_inference`."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version as version_of
from math import isfinite
from typing import Any

from pydantic import ValidationError

from service.contract.errors import (
    CellgebraError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    Offender,
)
from service.contract.inference import ScoreRequest
from service.contract.open_inference import (
    DEFAULT_ALIAS,
    EXTENSIONS,
    INPUT_NAME,
    SERVER_NAME,
    InferenceModel,
    OutputColumn,
    ServerMetadata,
    TensorMetadata,
    output_columns,
)
from service.handlers.context import Caller, Context
from service.handlers.invalid import invalid_request
from service.handlers.manifests import KnownModel
from service.handlers.matching import close_matches
from service.handlers.models import check_model
from service.handlers.scoring import score_json

_TOLD = 10
_DEFAULT_SECONDS = 10.0


@dataclass(frozen=True)
class InputTensor:
    """An input as a door has read it; `elements` are bytes, or texts."""

    name: str
    datatype: str
    shape: Sequence[int]
    elements: Sequence[bytes | str]


@dataclass(frozen=True)
class OutputTensor:
    """An output: float32 values [n], and the unit of its label."""

    name: str
    unit: str
    values: "array[float]"


@dataclass(frozen=True)
class Inference:
    """Scores, and which model has made them."""

    model_id: str
    model_version: str
    vocabulary_sha256: str
    outputs: list[OutputTensor]


def server_metadata() -> ServerMetadata:
    """What the server is."""
    version = version_of("cellgebra")
    return ServerMetadata(name=SERVER_NAME, version=version, extensions=list(EXTENSIONS))


async def get_inference_model(
    context: Context, caller: Caller, name: str, version: str = ""
) -> InferenceModel:
    """What a model takes and gives.

    Raises:
        InvalidArgumentError: the version is no number.
        NotFoundError: this project has no such model.
    """
    _, model = await _find(context, caller, name, version)
    return InferenceModel(
        name=name,
        versions=[str(model.version)],
        platform=f"{SERVER_NAME}_{model.manifest.model_kind}",
        inputs=[TensorMetadata(name=INPUT_NAME, datatype="BYTES", shape=[-1])],
        outputs=[
            TensorMetadata(name=column.name, datatype="FP32", shape=[-1])
            for column in output_columns(model.manifest.labels)
        ],
    )


async def is_ready(context: Context, caller: Caller, name: str, version: str = "") -> bool:
    """Whether a model can answer now.

    Raises:
        InvalidArgumentError: the version is no number.
        NotFoundError: this project has no such model.
    """
    reference, _ = await _find(context, caller, name, version)
    readiness = await context.threads.run(check_model, context, caller, reference)
    return readiness.ready


async def infer(
    context: Context,
    caller: Caller,
    name: str,
    version: str,
    *,
    inputs: Sequence[InputTensor],
    outputs: Sequence[str] | None,
    timeout_seconds: float | None = None,
) -> Inference:
    """Score the genotypes of the one input; `outputs` None gives all that there are.

    Raises:
        InvalidArgumentError: inputs, outputs or the version are not those of the model; genotypes
            cannot be read or scored, with every offender.
        NotFoundError: this project has no such model.
        FailedPreconditionError: a value does not fit FP32, or there is no interval.
        CellgebraError: as `service.handlers.scoring.score`.
    """
    reference, model = await _find(context, caller, name, version)
    columns = _wanted(output_columns(model.manifest.labels), outputs)
    body = {
        "genotypes": _genotypes(inputs),
        "fields": sorted({column.field.value for column in columns}),
        "timeout_seconds": _DEFAULT_SECONDS if timeout_seconds is None else timeout_seconds,
    }
    try:
        request = ScoreRequest.model_validate(body)
    except ValidationError as error:
        raise invalid_request(error.errors(include_url=False), body) from None
    answer = await score_json(context, caller, reference, request)
    labels = {label["name"]: label for label in answer["labels"]}
    return Inference(
        model_id=answer["model_id"],
        model_version=str(answer["model_version"]),
        vocabulary_sha256=answer["vocabulary_sha256"],
        outputs=[_output(column, labels[column.label]) for column in columns],
    )


def problem_text(error: CellgebraError) -> str:
    """An error as the one text that the protocol has for it, with the first offenders."""
    told = [
        f"{offender.field}: {offender.message}" if offender.field else offender.message
        for offender in error.offenders[:_TOLD]
    ]
    more = [f"and {len(error.offenders) - _TOLD} more"] if len(error.offenders) > _TOLD else []
    return "; ".join([error.detail, *(text for text in told if text != error.detail), *more])


async def _find(
    context: Context, caller: Caller, name: str, version: str
) -> tuple[str, KnownModel]:
    """How scoring calls the model, and what is known of it."""
    if version and not version.isdecimal():
        raise InvalidArgumentError(f"version {version[:50]!r} is no number")

    async def known(reference: str) -> KnownModel:
        return await context.manifests.get(
            context.database, context.store, context.threads, caller.project_id, reference
        )

    if version:
        return f"{name}@{version}", await known(f"{name}@{version}")
    try:
        return name, await known(name)
    except NotFoundError:
        if "@" in name:
            raise
    reference = f"{name}@{DEFAULT_ALIAS}"
    try:
        return reference, await known(reference)
    except NotFoundError:
        raise NotFoundError(
            f"no model {name}: give an id, a name with a version or an alias, or promote a "
            f"version of the name to {DEFAULT_ALIAS}"
        ) from None


def _genotypes(inputs: Sequence[InputTensor]) -> list[str]:
    if [tensor.name for tensor in inputs] != [INPUT_NAME]:
        names = ", ".join(tensor.name for tensor in inputs) or "none"
        raise InvalidArgumentError(f"a model takes one input, {INPUT_NAME}; given: {names[:200]}")
    (tensor,) = inputs
    if tensor.datatype != "BYTES":
        raise InvalidArgumentError(f"{INPUT_NAME} is of BYTES, not of {tensor.datatype[:20]}")
    shape, count = list(tensor.shape), len(tensor.elements)
    if shape not in ([count], [count, 1]):
        raise InvalidArgumentError(
            f"{INPUT_NAME} of shape {shape} holds {count} elements: give the shape [{count}]"
        )
    return list(_texts(tensor.elements))


def _texts(elements: Iterable[bytes | str]) -> Iterable[str]:
    for index, element in enumerate(elements):
        try:
            yield element if isinstance(element, str) else element.decode()
        except UnicodeDecodeError:
            message = "is not UTF-8"
            raise InvalidArgumentError(
                f"{INPUT_NAME}[{index}] {message}",
                [Offender(field=f"{INPUT_NAME}[{index}]", message=message)],
            ) from None


def _wanted(known: Sequence[OutputColumn], names: Sequence[str] | None) -> list[OutputColumn]:
    if not names:
        return list(known)
    by_name = {column.name: column for column in known}
    offenders = [
        Offender(
            field=f"outputs[{index}]",
            value=name[:200],
            message=f"the model has no output {name[:200]!r}",
            suggestions=close_matches(name[:200], by_name),
        )
        for index, name in enumerate(names)
        if name not in by_name
    ]
    if offenders:
        raise InvalidArgumentError(
            f"{offenders[0].message}; it has: {', '.join(by_name)}", offenders[:100]
        )
    return [by_name[name] for name in names]


def _output(column: OutputColumn, label: dict[str, Any]) -> OutputTensor:
    holder = label.get("interval") if column.column in {"low", "high"} else label
    if holder is None:
        raise FailedPreconditionError(
            f"{column.name}: too few designs were left out in training for an interval; name the "
            "outputs that are wanted"
        )
    values = array("f", holder[column.column])
    if not all(map(isfinite, values)):
        raise FailedPreconditionError(
            f"{column.name}: a value is too large for FP32; /v1/models/{{id}}:score has float64"
        )
    return OutputTensor(column.name, label["unit"], values)
