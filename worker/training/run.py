"""One training: table and spec in, weights and manifest out."""

import hashlib
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from service.contract.datasets import CovariateColumn, LabelColumn
from service.contract.jobs import EventType
from service.contract.manifests import ManifestLabel, ModelManifest, vocabulary_sha256
from service.contract.models import AdditiveSpec, PerturbationSetSpec
from service.contract.training import TrainingSpec
from worker.data.table import read_table
from worker.inference.neutral import NEUTRAL_MODEL
from worker.inference.predictor import Predictor
from worker.inference.support import count_support
from worker.training.checkpoint import fingerprint
from worker.training.classical_ensemble import fit_classical
from worker.training.devices import device_of, threads_for
from worker.training.ensemble import Hooks, fit_networks, fit_ridges, fit_task
from worker.training.latent_monitor import LatentState, inspect_latent, require_latent
from worker.training.members import FitTask, new_network
from worker.training.memory import require_memory
from worker.training.neutral import fit_neutral
from worker.training.preparation import TrainingData, prepare
from worker.training.progress import Pause, Reporter, Saver
from worker.training.report import build_report

_VERSIONED = ("cellgebra", "numpy", "safetensors", "scikit-learn", "torch")


@dataclass(frozen=True)
class TableIdentity:
    """Which data a model is trained on; kept in its manifest."""

    dataset_id: str
    dataset_sha256: str
    table_sha256: str


@dataclass(frozen=True)
class TrainedModel:
    """Weights as safetensors, and the manifest that tells what they are."""

    weights: bytes
    manifest: ModelManifest


def train_model(
    spec: TrainingSpec,
    table_path: Path,
    labels: Sequence[LabelColumn],
    covariates: Sequence[CovariateColumn] = (),
    *,
    identity: TableIdentity,
    checkpoint: bytes | None = None,
    save_checkpoint: Callable[[bytes], None] = lambda _: None,
    emit: Callable[[EventType, dict[str, Any]], None] = lambda *_: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> TrainedModel:
    """Train, measure on the held-out part, and pack.

    Deterministic on CPU: two calls with one spec and one table give identical weights, and a call
    that goes on from a checkpoint gives those of an undisturbed one.

    Args:
        spec: what to train.
        table_path: the canonical Parquet table.
        labels: label columns of the data set.
        covariates: covariate columns of the data set.
        identity: what the manifest says of the data.
        checkpoint: state of an earlier run of the same spec on the same table.
        save_checkpoint: called with the state about every 30 seconds and on a stop.
        emit: called with progress, epochs and the report.
        should_stop: polled twice a second.

    Raises:
        InvalidArgumentError: the spec does not fit the table.
        FailedPreconditionError: no such device, too little memory, a foreign checkpoint, a loss
            that is no number.
        LatentCollapseError: the latent of most members collapsed.
        TrainingStoppedError: `should_stop` said so; the checkpoint is saved.
    """
    device = device_of(spec.device)
    data = prepare(spec, read_table(table_path), labels, covariates)
    require_memory(
        spec,
        len(data.train.designs),
        max((design.order for design in data.train.designs), default=0),
        [label.measure_order for label in data.labels],
    )
    hooks = Hooks(
        Reporter(emit, members=spec.ensemble_size, epochs=spec.epochs),
        Pause(should_stop),
        Saver(save_checkpoint),
    )
    key = fingerprint(spec, identity.table_sha256)
    tensors, states = _fit(data, spec, device, hooks, checkpoint=checkpoint, key=key)
    tensors |= fit_neutral(data)
    designs = data.index.encode(data.train.designs)
    counts = count_support(designs, data.train.row_count_K, data.index.keys)
    tensors |= {name: torch.from_numpy(array) for name, array in counts.items()}
    weights = save({name: tensor.contiguous() for name, tensor in tensors.items()})
    manifest = _manifest(spec, data, identity, weights)
    report = build_report(data, Predictor.load(weights, manifest), spec, states)
    emit(EventType.REPORT, report)
    hooks.reporter.progress(spec.ensemble_size, 0, message="done")
    return TrainedModel(weights, manifest.model_copy(update={"report": report}))


def _fit(
    data: TrainingData,
    spec: TrainingSpec,
    device: torch.device,
    hooks: Hooks,
    *,
    checkpoint: bytes | None,
    key: str,
) -> tuple[dict[str, Tensor], list[LatentState]]:
    if isinstance(spec.model, AdditiveSpec):
        return fit_ridges(data, spec, spec.model, hooks), []
    if not isinstance(spec.model, PerturbationSetSpec):
        return fit_classical(data, spec, spec.model, hooks), []
    task = fit_task(data, spec, spec.model, device)
    step = spec.batch_size * spec.model.latent_dim * max(spec.model.hidden_dim, spec.batch_size)
    with threads_for(step):
        judge = _LatentJudge(task, data)
        members = fit_networks(task, hooks, checkpoint, key, judge=judge)
        judge(members)  # a checkpoint may hold all of them
    named = {f"member.{m}.{k}": v for m, member in enumerate(members) for k, v in member.items()}
    return named, judge.states


class _LatentJudge:
    """Looks at the best weights of each finished member; ends the job when most collapsed."""

    def __init__(self, task: FitTask, data: TrainingData) -> None:
        edited = [design for design in data.train.designs if design.order > 0]
        self._is_blind = len(edited) < 2
        self._batch = data.index.encode(edited).to(task.device, torch.float32)
        self._task = task
        self.states: list[LatentState] = []

    def __call__(self, members: list[dict[str, Tensor]]) -> None:
        for member in range(len(self.states), 0 if self._is_blind else len(members)):
            start, net = new_network(self._task, member), new_network(self._task, member)
            net.load_state_dict(members[member])
            self.states.append(inspect_latent(net, start, self._batch))
        require_latent(self.states, self._task.spec.ensemble_size)


def _manifest_labels(data: TrainingData) -> list[ManifestLabel]:
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


def _manifest(
    spec: TrainingSpec, data: TrainingData, identity: TableIdentity, weights: bytes
) -> ModelManifest:
    loci = sorted({edit.locus for design in data.train.designs for edit in design.edits})
    edits = list(data.index.keys)
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
        labels=_manifest_labels(data),
        report={},
        versions={"python": platform.python_version()} | {n: version(n) for n in _VERSIONED},
    )
