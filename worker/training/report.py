"""The held-out report: every number beside its nulls, and a verdict in plain words."""

from collections.abc import Sequence

from service.contract.reports import SplitReport, TrainingReport
from service.contract.training import TrainingSpec
from worker.inference.predictor import Predictor
from worker.training.latent_monitor import LatentState
from worker.training.manifest import genes_used
from worker.training.nulls import forest_rows
from worker.training.preparation import TrainingData
from worker.training.report_label import Tested, label_report
from worker.training.report_latent import latent_report

_NOTES = (
    "Controls (designs without edits) train the model and are left out of the test metrics.",
    "Replicates of a build are averaged; a test design is one row, whatever was measured.",
)
_OF_BATCHES = (
    "Offsets of batches are estimated from the designs that several of them share (batch_ties), "
    "removed from the training labels and not predicted: a prediction is for the average batch. A "
    "batch that shares none is left as it was measured."
)
OF_NULLS = "The forest null"  # what notes begin with that belong to the table of nulls
_OF_MEMBERS = "mean, sd, min and max are over the members of the ensemble, of y_intact."


def _notes(
    spec: TrainingSpec, data: TrainingData, predictor: Predictor, states: Sequence[LatentState]
) -> tuple[str, ...]:
    used = genes_used(spec, data)
    notes = [*_NOTES]
    if any(offsets is not None for offsets in data.batch_offsets):
        notes.append(_OF_BATCHES)
    if spec.ensemble_size > 1:
        notes.append(_OF_MEMBERS)
    notes += () if used is None else used.notes
    bare = [label.name for label in predictor.manifest.labels if label.interval is None]
    if bare:
        notes.append(
            f"No intervals for {', '.join(bare)}: no member has left out a design to calibrate on. "
            "An ensemble_size of 5 gives them."
        )
    starts = sum(state.is_start for state in states)
    if starts:
        notes.append(
            f"{starts} of {len(states)} members stayed at their additive start: no epoch was "
            "better on what they held out."
        )
    rows = forest_rows(len(data.index))
    if len(data.train) > rows:
        notes.append(
            f"{OF_NULLS} is fitted on {rows:,} random training observations of {len(data.train):,}."
        )
    return tuple(notes)


def _split_report(data: TrainingData, spec: TrainingSpec) -> SplitReport:
    return SplitReport(
        kind=spec.split.kind,
        description=data.split_description,
        train_design_count=len(data.train.designs),
        train_observation_count=len(data.train),
        train_control_design_count=sum(design.order == 0 for design in data.train.designs),
        test_design_count=len(data.test.designs),
        left_out=dict(data.left_out),
    )


def build_report(
    data: TrainingData, predictor: Predictor, spec: TrainingSpec, states: Sequence[LatentState]
) -> TrainingReport:
    """The report of a trained model."""
    designs = data.test.designs
    tested = Tested(predictor, predictor.readings(designs), predictor.expected_neutral(designs))
    return TrainingReport(
        model_name=spec.name,
        model_kind=predictor.manifest.model_kind,
        split=_split_report(data, spec),
        labels=tuple(label_report(data, y, tested, spec) for y in range(len(data.labels))),
        latent=latent_report(states, reads_genes=data.gene_vocabulary is not None),
        notes=_notes(spec, data, predictor, states),
    )
