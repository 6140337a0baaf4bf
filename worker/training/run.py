"""One training: table and spec in, weights and manifest out."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save

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
from worker.training.manifest import TableIdentity, manifest_of
from worker.training.memory import require_memory
from worker.training.neutral import fit_neutral
from worker.training.preparation import prepare
from worker.training.progress import Pause, Reporter, Saver
from worker.training.report import build_report
from worker.training.selection import Source, choose_model, with_selection
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


def train_model(
    spec: TrainingSpec,
    table_path: Path,
    labels: Sequence[LabelColumn],
    covariates: Sequence[CovariateColumn] = (),
    *,
    identity: TableIdentity,
    genes: ChosenGenes | None = None,
    checkpoint: bytes | None = None,
    save_checkpoint: Callable[[bytes], None] = lambda _: None,
    emit: Callable[[EventType, dict[str, Any]], None] = lambda *_: None,
    should_stop: Callable[[], bool] = lambda: False,
    earlier_epochs: Iterable[Mapping[str, Any]] = (),
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
        checkpoint: state of an earlier run of the same spec on the same table.
        save_checkpoint: called with the state about every 30 seconds and on a stop.
        emit: called with progress, epochs and the report.
        should_stop: polled twice a second.
        earlier_epochs: data of epoch events that came before the checkpoint.
        with_report: measure; without it the manifest's report is empty.
        notes: what else the report has to say.

    Raises:
        InvalidArgumentError: the spec does not fit the table.
        FailedPreconditionError: no such device, too little memory, a foreign checkpoint, a loss
            that is no number.
        LatentCollapseError: the latent of most members collapsed.
        TrainingStoppedError: `should_stop` said so; the checkpoint is saved.
    """
    device = device_of(spec.device)
    table = read_table(table_path)
    data = prepare(asking(spec, genes), table, labels, covariates, genes)
    require_memory(
        spec,
        len(data.train.designs),
        max((design.order for design in data.train.designs), default=0),
        [label.measure_order for label in data.labels],
    )
    history = History(emit, earlier_epochs)
    hooks = Hooks(
        Reporter(history, members=spec.ensemble_size, epochs=spec.epochs),
        Pause(should_stop),
        Saver(save_checkpoint),
    )
    hashes = [identity.table_sha256, *hashes_of(genes)]
    source = Source(table, labels, covariates, genes, data)
    key = fingerprint(spec, *hashes)
    chosen = choose_model(spec, source, device, hooks, checkpoint=checkpoint, key=key)
    fitted, hooks, checkpoint = chosen.spec, chosen.hooks, chosen.checkpoint
    if fitted is not spec and genes is not None:
        data = prepare(fitted, table, labels, covariates, genes)
    key = fingerprint(fitted, *hashes)
    tensors, states = fit_tensors(data, fitted, device, hooks, checkpoint=checkpoint, key=key)
    tensors |= fit_neutral(data) | fit_bounds(data, fitted)
    designs = data.index.encode(data.train.designs)
    counts = count_support(designs, data.train.row_count_K, data.vocabulary.keys)
    tensors |= {name: torch.from_numpy(array) for name, array in counts.items()}
    uncalibrated = Predictor(tensors, manifest_of(fitted, data, identity), "")
    calibration, intervals = calibrate(data, fitted, uncalibrated)
    tensors |= calibration
    weights = save({name: tensor.contiguous() for name, tensor in tensors.items()})
    bare = manifest_of(fitted, data, identity, weights, intervals)
    manifest = with_selection(bare, spec, chosen)
    if not with_report:
        hooks.reporter.progress(spec.ensemble_size, 0, message="done")
        return TrainedModel(weights, manifest, None)
    predictor = Predictor.load(weights, manifest)
    report = build_report(data, predictor, fitted, states)
    report = report.model_copy(
        update={"selection": chosen.selection, "notes": (*report.notes, *notes)}
    )
    summary = report.as_json()
    emit(EventType.REPORT, summary)
    hooks.reporter.progress(spec.ensemble_size, 0, message="done")
    shown = diagnose(fitted, table, data, predictor, tensors, epochs=history.epochs())
    report = report.model_copy(update={"diagnostics": shown})
    return TrainedModel(weights, manifest.model_copy(update={"report": summary}), report)
