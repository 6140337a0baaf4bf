"""The report of one label: readings beside nulls, on the test designs that have the label."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.contract.report_parts import NullDifference, PredictorRow
from service.contract.reports import BatchTie, LabelReport, TransformReport
from service.contract.training import NoSplit, TrainingSpec
from worker.inference.ensembles import MemberReadings
from worker.inference.neutral import NEUTRAL_MODEL, Neutral
from worker.models.classical import KINDS
from worker.training.batches import BatchOffsets
from worker.training.bootstrap import spearman_differences
from worker.training.held_out import HeldOut, gene_sets, to_unit
from worker.training.metrics import metric_row, spearman
from worker.training.nulls import null_predictions
from worker.training.preparation import TrainingData
from worker.training.report_columns import columns_of
from worker.training.report_verdict import best_null, verdict

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


def _model_rows(kind: str, readings: MemberReadings) -> dict[str, Floats]:
    intact = readings.intact_MBY.mean(axis=0)
    if kind in KINDS:  # one reading
        return {kind: intact}
    compose = readings.compose_MBY.mean(axis=0)
    return {f"{kind} (y_intact)": intact, f"{kind} (y_compose)": compose}


def held_out(
    data: TrainingData, y: int, readings: MemberReadings, neutral: Neutral, spec: TrainingSpec
) -> HeldOut:
    """The test designs that have the label, with every prediction of them."""
    label = data.labels[y]
    truth_K = data.test.design_means()[:, y]
    kept_K = ~np.isnan(truth_K)
    designs = tuple(d for d, kept in zip(data.test.designs, kept_K, strict=True) if kept)
    own = MemberReadings(*(y_MK[:, kept_K] for y_MK in readings))
    models = _model_rows(spec.model.kind, own)
    nulls = {}
    if designs:
        nulls = {
            name: to_unit(label, value_N)
            for name, value_N in null_predictions(data, y, designs, spec.seed).items()
            if name not in models
        }
    return HeldOut(
        label=label,
        designs=designs,
        truth_N=to_unit(label, truth_K[kept_K]),
        readings=own,
        neutral=Neutral(neutral.expected_B[kept_K], neutral.source_B[kept_K]),
        models=models,
        nulls=nulls,
        cluster_N=gene_sets(designs),
    )


def _table(held: HeldOut) -> tuple[PredictorRow, ...]:
    return tuple(
        PredictorRow(
            predictor=name,
            role="model" if name in held.models else "null",
            **metric_row(value_N, held.truth_N),
        )
        for name, value_N in held.predictors.items()
    )


def _differences(held: HeldOut, seed: int) -> tuple[NullDifference, ...]:
    found: Mapping[str, tuple[float, float, float]] = spearman_differences(
        held.best[1], held.nulls, held.truth_N, seed, held.cluster_N
    )
    return tuple(
        NullDifference(null=name, difference=value, low=low, high=high)
        for name, (value, low, high) in found.items()
    )


def _verdict(
    held: HeldOut, comparisons: Sequence[NullDifference], data: TrainingData, spec: TrainingSpec
) -> str:
    if isinstance(spec.split, NoSplit):
        return "Nothing was held out: this report claims nothing about new designs."
    return verdict(held.best[0], comparisons, data.split_description)


def _batches(found: BatchOffsets | None) -> dict[str, Any]:
    """Offsets, and which batches could be compared; sds are on the learned scale."""
    if found is None:
        return {"batch_offsets": {}}
    return {
        "batch_offsets": found.levels,
        "batch_ties": {
            name: tuple(BatchTie.model_validate(asdict(tie)) for tie in tied)
            for name, tied in found.ties.items()
        },
        "batch_offset_sd": found.offset_sd,
        "batch_noise_sd": found.noise_sd,
    }


def label_report(
    data: TrainingData, y: int, readings: MemberReadings, neutral: Neutral, spec: TrainingSpec
) -> LabelReport:
    """Everything about one label."""
    label = data.labels[y]
    held = held_out(data, y, readings, neutral, spec)
    comparisons = _differences(held, spec.seed)
    best = best_null(comparisons).null if comparisons else None
    models = list(held.models.values())
    column = label.column
    return LabelReport(
        name=column.name,
        kind=column.kind.value,
        unit=column.unit,
        neutral_model=NEUTRAL_MODEL[column.kind],
        scale_of_metrics=f"original unit ({column.unit})",
        learned_scale=label.transform.value,
        transform=TransformReport(
            kind=label.transform.value,
            center=data.standards[y].center,
            spread=data.standards[y].spread,
            detection_limit=column.detection_limit,
            fitted_on="training part",
        ),
        train_design_count=int((~np.isnan(data.train.design_means()[:, y])).sum()),
        test_design_count=len(held),
        test_gene_set_count=len(np.unique(held.cluster_N)),
        censored_count=data.censored_counts[y],
        **_batches(data.batch_offsets[y]),
        table=_table(held),
        best_null=best,
        spearman_differences=comparisons,
        rank_agreement_of_readings=spearman(*models) if len(models) == 2 else None,
        verdict=_verdict(held, comparisons, data, spec),
        test=columns_of(held, spec.seed, best, ()) if len(held) else None,
    )
