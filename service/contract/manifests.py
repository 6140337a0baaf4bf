"""What is stored beside a model's weights: enough to score by name, never by index."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from service.contract.datasets import LabelKind
from service.contract.errors import FailedPreconditionError
from service.contract.genes import GenesUsed
from service.contract.inference import Condition
from service.contract.selection import Selection
from service.contract.training import Transform

# Of weights and manifest together: raise it with every change after which older weights no longer
# load, or would be read as something else.
FORMAT_VERSION = 2

NeutralModel = Literal["multiplicative", "additive", "min", "zero"]


def vocabulary_sha256(loci: list[str], edits: list[str]) -> str:
    """Hash of sorted loci and edit keys; the same names give the same hash, in any order."""
    text = json.dumps({"loci": sorted(loci), "edits": sorted(edits)}, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


class IntervalCalibration(BaseModel):
    """What a label's intervals were calibrated on.

    `design_count` training designs were predicted by the member that had left them out; an
    interval of a level needs at least 2 / (1 - level) - 1 of them. `widened_by` is the factor that
    their residuals were stretched by, where what is held out lies further away than they did.
    """

    method: str
    calibrated_on: str
    design_count: int
    widened_by: float = 1.0


class ManifestLabel(BaseModel):
    """How one head output becomes a label: value = inverse_transform(output * spread + center).

    `interval` is None where no member left designs out (an ensemble of one that is no network).
    """

    name: str
    kind: LabelKind
    measure: str | None = None
    scale: Literal["linear", "log"]
    unit: str
    transform: Transform
    center: float
    spread: float
    detection_limit: float | None = None
    neutral_model: NeutralModel
    train_count: int
    censored_count: int = 0
    interval: IntervalCalibration | None = None


class ModelManifest(BaseModel):
    """Everything but the tensors. `edits` are edit keys (no level), in the order of the weights.

    Where `training_spec` names the model `auto`, `selected_model` is the spec that it chose, and
    `selection` tells among what and why. `conditions` are those that all of its training rows were
    measured under.
    """

    model_config = ConfigDict(protected_namespaces=())

    format_version: int = FORMAT_VERSION
    name: str
    model_kind: str
    member_count: int
    training_spec: dict[str, Any]
    selected_model: dict[str, Any] | None = None
    selection: Selection | None = None
    dataset_id: str
    dataset_sha256: str
    table_sha256: str
    loci: list[str]
    edits: list[str]
    vocabulary_sha256: str
    weights_sha256: str
    labels: list[ManifestLabel]
    backgrounds: list[str] = [""]
    conditions: list[Condition] = []
    genes: GenesUsed | None = None
    report: dict[str, Any]
    versions: dict[str, str]

    @property
    def model_spec(self) -> dict[str, Any]:
        """The spec of what was fitted."""
        spec: dict[str, Any] = self.selected_model or self.training_spec["model"]
        return spec


def read_manifest(content: bytes | Mapping[str, Any]) -> ModelManifest:
    """A stored manifest, as JSON or what JSON holds, of a model that this program can load.

    Raises:
        FailedPreconditionError: it was stored by an older program, or by a newer one.
    """
    stored = content if isinstance(content, Mapping) else json.loads(content)
    version = stored.get("format_version", 1)
    if version != FORMAT_VERSION:
        remedy = "train it again"
        if isinstance(version, int) and version > FORMAT_VERSION:
            remedy = "use the program that stored it, or train it again"
        raise FailedPreconditionError(
            f"model {stored.get('name', '')!r} is stored in format {version}, and this program "
            f"reads format {FORMAT_VERSION}: {remedy}"
        )
    return ModelManifest.model_validate(stored)
