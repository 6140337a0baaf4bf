"""One training: table and spec in, weights and manifest out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor

from service.contract.datasets import CovariateColumn, LabelColumn
from service.contract.jobs import EventType
from service.contract.manifests import ModelManifest
from service.contract.reports import TrainingReport
from service.contract.training import TrainingSpec
from worker.data.gene_choice import ChosenGenes, hashes_of
from worker.data.table import read_table
from worker.inference.predictor import Predictor
from worker.inference.support import count_support
from worker.training.calibration import calibrate
from worker.training.checkpoint import fingerprint
from worker.training.devices import device_of
from worker.training.diagnostics import diagnose
from worker.training.diagnostics_history import History
from worker.training.ensemble import Hooks
from worker.training.fitting import fit_tensors
from worker.training.group import leave_group
from worker.training.latent_monitor import LatentState
from worker.training.latent_planes import require_library
from worker.training.manifest import TableIdentity, manifest_of
from worker.training.memory import TrainingSize, require_memory
from worker.training.neutral import fit_neutral
from worker.training.preparation import TrainingData, prepare
from worker.training.progress import ALONE, Attempt, Emit, Pause, Reporter
from worker.training.report import build_report
from worker.training.seen_designs import seen_designs
from worker.training.selection import Chosen, Source, choose_model, with_selection
from worker.training.selection_folds import asking
from worker.training.upper_bounds import fit_bounds


@dataclass(frozen=True)
class TrainedModel:
    """Weights as safetensors, the manifest that tells what they are, the report if asked for."""

    weights: bytes
    manifest: ModelManifest
    report: TrainingReport | None

    def told(self) -> TrainingReport:
        """The report of a training that was asked for one.

        Raises:
            ValueError: it was not.
        """
        if self.report is None:
            raise ValueError("no report was asked for")
        return self.report


@dataclass(frozen=True)
class _Fitted:
    """What was chosen, the data as it reads them, and its weights by name."""

    chosen: Chosen
    data: TrainingData
    tensors: dict[str, Tensor]
    states: list[LatentState]

    @property
    def spec(self) -> TrainingSpec:
        """The spec of what was fitted; it names a model, never `auto`."""
        return self.chosen.spec


def train_model(
    spec: TrainingSpec,
    table_path: Path,
    labels: Sequence[LabelColumn],
    covariates: Sequence[CovariateColumn] = (),
    *,
    identity: TableIdentity,
    genes: ChosenGenes | None = None,
    attempt: Attempt = ALONE,
    with_report: bool = True,
    notes: Sequence[str] = (),
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
        genes: what of a gene table the spec uses.
        attempt: what earlier attempts left, and who is told of this one.
        with_report: measure; without it the manifest's report is empty.
        notes: what else the report has to say.

    Raises:
        InvalidArgumentError: the spec does not fit the table.
        FailedPreconditionError: no such device or library, too little memory, a foreign
            checkpoint, a loss that is no number.
        LatentCollapseError: the latent of most members collapsed.
        TrainingStoppedError: `should_stop` said so; the checkpoint is saved.
    """
    if with_report:
        require_library(spec.report.latent_map)
    source = _source(spec, table_path, labels, covariates, genes)
    history = History(attempt.emit, attempt.earlier_epochs)
    hooks = _hooks(spec, attempt, history)
    fitted = _fit(spec, source, hooks, attempt.checkpoint, identity)
    leave_group()  # the others have done their share
    packed = _pack(spec, fitted, identity)
    if with_report:
        packed = _report(packed, fitted, source, history, notes)
    hooks.reporter.progress(spec.ensemble_size, 0, message="done")
    return packed


def help_train(
    spec: TrainingSpec,
    table_path: Path,
    labels: Sequence[LabelColumn],
    covariates: Sequence[CovariateColumn] = (),
    *,
    identity: TableIdentity,
    genes: ChosenGenes | None = None,
    checkpoint: bytes | None = None,
) -> None:
    """Do the share of a process that is not the first of its group, which calls `train_model`.

    Raises:
        As `train_model`, and when it does.
    """
    source = _source(spec, table_path, labels, covariates, genes)
    _fit(spec, source, _hooks(spec, ALONE, ALONE.emit), checkpoint, identity)
    leave_group()


def _source(
    spec: TrainingSpec,
    table_path: Path,
    labels: Sequence[LabelColumn],
    covariates: Sequence[CovariateColumn],
    genes: ChosenGenes | None,
) -> Source:
    table = read_table(table_path)
    data = prepare(asking(spec, genes), table, labels, covariates, genes)
    return Source(table, labels, covariates, genes, data)


def _hooks(spec: TrainingSpec, attempt: Attempt, emit: Emit) -> Hooks:
    reporter = Reporter(emit, members=spec.ensemble_size, epochs=spec.epochs)
    return Hooks(reporter, Pause(attempt.should_stop), attempt.saver())


def _fit(
    spec: TrainingSpec,
    source: Source,
    hooks: Hooks,
    checkpoint: bytes | None,
    identity: TableIdentity,
) -> _Fitted:
    """Choose where the spec says `auto`; fit all members, and what is scored beside them."""
    device, data = device_of(spec.wanted_device), source.data
    require_memory(spec, TrainingSize.of(data))
    hashes = [identity.table_sha256, *hashes_of(source.genes)]
    key = fingerprint(spec, *hashes)
    chosen = choose_model(spec, source, device, hooks, checkpoint=checkpoint, key=key)
    if chosen.spec is not spec:
        data = source.read_by(chosen.spec)
    key = fingerprint(chosen.spec, *hashes)
    tensors, states = fit_tensors(
        data, chosen.spec, device, chosen.hooks, checkpoint=chosen.checkpoint, key=key
    )
    tensors |= fit_neutral(data) | fit_bounds(data, chosen.spec)
    designs = data.index.encode(data.train.designs)
    counts = count_support(designs, data.train.row_count_K, data.vocabulary.keys)
    counts |= seen_designs(data).arrays()
    tensors |= {name: torch.from_numpy(array) for name, array in counts.items()}
    return _Fitted(chosen, data, tensors, states)


def _pack(spec: TrainingSpec, fitted: _Fitted, identity: TableIdentity) -> TrainedModel:
    """Weights with their calibration, and the manifest, without a report."""
    data = fitted.data
    uncalibrated = Predictor(fitted.tensors, manifest_of(fitted.spec, data, identity), "")
    calibration, intervals = calibrate(data, fitted.spec, uncalibrated)
    tensors = fitted.tensors | calibration
    weights = save({name: tensor.contiguous() for name, tensor in tensors.items()})
    manifest = manifest_of(fitted.spec, data, identity, weights, intervals)
    return TrainedModel(weights, with_selection(manifest, spec, fitted.chosen), None)


def _report(
    packed: TrainedModel,
    fitted: _Fitted,
    source: Source,
    history: History,
    notes: Sequence[str],
) -> TrainedModel:
    """The same model, measured on the test part; its summary goes into the manifest."""
    predictor = Predictor.load(packed.weights, packed.manifest)
    report = build_report(fitted.data, predictor, fitted.spec, fitted.states)
    selection = fitted.chosen.selection
    told = {"selection": selection, "notes": (*report.notes, *notes)}
    report = report.model_copy(update=told)
    summary = report.as_json()
    history(EventType.REPORT, summary)
    epochs = history.epochs()
    shown = diagnose(
        fitted.spec, source.table, fitted.data, predictor, fitted.tensors, epochs=epochs
    )
    return replace(
        packed,
        manifest=packed.manifest.model_copy(update={"report": summary}),
        report=report.model_copy(update={"diagnostics": shown}),
    )
