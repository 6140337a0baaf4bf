"""What is said of a fitted model: its data, its vocabulary, its labels, its versions."""

import hashlib
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import zip_longest

from service.contract.genes import GenesUsed
from service.contract.manifests import (
    IntervalCalibration,
    ManifestLabel,
    ModelManifest,
    vocabulary_sha256,
)
from service.contract.training import TrainingSpec
from worker.inference.neutral import NEUTRAL_MODEL
from worker.models.gene_features_by_edit import edit_of
from worker.training.gene_vocabulary import reads_networks
from worker.training.preparation import TrainingData

_VERSIONED = ("cellgebra", "numpy", "safetensors", "scikit-learn", "torch")


@dataclass(frozen=True)
class TableIdentity:
    """Which data a model is trained on; kept in its manifest."""

    dataset_id: str
    dataset_sha256: str
    table_sha256: str


def _labels_of(data: TrainingData) -> list[ManifestLabel]:
    return [
        ManifestLabel(
            name=label.column.name,
            kind=label.column.kind,
            measure=label.column.measure,
            scale=label.column.scale,
            unit=label.column.unit,
            transform=label.transform,
            center=data.standards[y].center,
            spread=data.standards[y].spread,
            detection_limit=label.column.detection_limit,
            neutral_model=NEUTRAL_MODEL[label.column.kind],
            train_count=int((data.train.label_NY[:, y] == data.train.label_NY[:, y]).sum()),
            censored_count=data.censored_counts[y],
        )
        for y, label in enumerate(data.labels)
    ]


def genes_used(spec: TrainingSpec, data: TrainingData) -> GenesUsed | None:
    """What the model has read of genes; None without a gene table."""
    if data.genes is None:
        return None
    reads = data.gene_vocabulary is not None
    return data.genes.read_by(
        spec.model.kind,
        reads_features=reads,
        reads_networks=reads and reads_networks(spec.model),
    )


def manifest_of(
    spec: TrainingSpec,
    data: TrainingData,
    identity: TableIdentity,
    weights: bytes = b"",
    intervals: Sequence[IntervalCalibration | None] = (),
) -> ModelManifest:
    """The manifest of fitted weights, without their report; `intervals` one a label, or none."""
    edits = list(data.vocabulary.keys)
    loci = sorted({edit_of(key).locus for key in edits})
    return ModelManifest(
        name=spec.name,
        model_kind=spec.model.kind,
        member_count=spec.ensemble_size,
        training_spec=spec.model_dump(mode="json"),
        dataset_id=identity.dataset_id,
        dataset_sha256=identity.dataset_sha256,
        table_sha256=identity.table_sha256,
        loci=loci,
        edits=edits,
        vocabulary_sha256=vocabulary_sha256(loci, edits),
        weights_sha256=hashlib.sha256(weights).hexdigest(),
        labels=[
            label.model_copy(update={"interval": interval})
            for label, interval in zip_longest(_labels_of(data), intervals)
        ],
        conditions=list(data.conditions),
        genes=genes_used(spec, data),
        report={},
        versions={"python": platform.python_version()} | {n: version(n) for n in _VERSIONED},
    )
