"""The Open Inference Protocol, version 2, as far as models of designs have a use for it.

One input, `genotype` (BYTES, UTF-8), and one output (FP32) a label and field, `titer.mean`.
Source: https://github.com/kserve/open-inference-protocol; tensors may be binary, as in the
binary-data extension of Triton.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from service.contract.inference import ScoreField
from service.contract.manifests import ManifestLabel

SERVER_NAME = "cellgebra"
EXTENSIONS = ("binary_tensor_data",)
INPUT_NAME = "genotype"
# The version of a name that is meant where none is given.
DEFAULT_ALIAS = "champion"

_FIELDS = {
    **{
        field.value: field
        for field in (
            ScoreField.MEAN,
            ScoreField.SD,
            ScoreField.MIN,
            ScoreField.MAX,
            ScoreField.EXPECTED_NEUTRAL,
            ScoreField.INTERACTION,
            ScoreField.INTERACTION_SD,
            ScoreField.SIGN_AGREEMENT,
            ScoreField.Y_COMPOSE,
            ScoreField.Y_INTACT,
        )
    },
    "low": ScoreField.INTERVAL,
    "high": ScoreField.INTERVAL,
}


class OutputColumn(BaseModel):
    """What an output's name means."""

    name: str
    label: str
    column: str
    field: ScoreField


def output_columns(labels: list[ManifestLabel]) -> list[OutputColumn]:
    """Every output of a model; a label without calibration has no interval."""
    return [
        OutputColumn(name=f"{label.name}.{column}", label=label.name, column=column, field=field)
        for label in labels
        for column, field in _FIELDS.items()
        if field is not ScoreField.INTERVAL or label.interval is not None
    ]


class TensorMetadata(BaseModel):
    """A tensor that a model takes or gives; -1 in the shape is one element a design."""

    name: str
    datatype: Literal["BYTES", "FP32"]
    shape: list[int]


class ServerMetadata(BaseModel):
    """What the server is."""

    name: str
    version: str
    extensions: list[str]


class InferenceModel(BaseModel):
    """What a model takes and gives; `name` is what it was asked for by."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class InferInput(BaseModel):
    """The tensor of genotypes: `data` nested or flat, or binary behind the JSON."""

    name: str
    datatype: str
    shape: Annotated[list[int], Field(min_length=1, max_length=8)]
    parameters: dict[str, Any] = {}
    data: list[Any] | None = None


class InferOutput(BaseModel):
    """An output that is wanted; its parameter `binary_data` asks for bytes."""

    name: str
    parameters: dict[str, Any] = {}


class InferRequest(BaseModel):
    """Designs to score. Parameters: `timeout` in microseconds, `binary_data_output`."""

    id: str | None = None
    parameters: dict[str, Any] = {}
    inputs: Annotated[list[InferInput], Field(min_length=1)]
    outputs: list[InferOutput] | None = None


class InferenceColumn(BaseModel):
    """An output: its parameters tell the `unit` of the label, and how many bytes it has."""

    name: str
    datatype: Literal["FP32"] = "FP32"
    shape: list[int]
    parameters: dict[str, Any]
    data: list[float] | None = None


class InferAnswer(BaseModel):
    """Scores, in the order of the request; parameters name the model that has answered."""

    model_name: str
    model_version: str
    id: str | None = None
    parameters: dict[str, Any]
    outputs: list[InferenceColumn]


class InferProblem(BaseModel):
    """What went wrong."""

    error: str
