"""The report of one label: readings beside nulls, on the test designs that have the label."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from service.contract.reports import BatchTie, LabelReport, TransformReport
from service.contract.training import TrainingSpec
from worker.inference.ensembles import MemberReadings
from worker.inference.neutral import NEUTRAL_MODEL, Neutral
from worker.inference.predictor import Predictor
from worker.training.batches import BatchOffsets
from worker.training.held_out import HeldOut, held_out
from worker.training.preparation import TrainingData
from worker.training.report_calibration import calibration_of, ends_of
from worker.training.report_columns import columns_of
from worker.training.report_designs import orders_of, readings_of, seen_of
from worker.training.report_headline import headline_of
from worker.training.report_noise import ceilings_of
from worker.training.report_table import differences, groups_of, resampled, table_of, top_of
from worker.training.report_units import original_scale
from worker.training.report_verdict import Evidence, best_null, verdict


@dataclass(frozen=True)
class Tested:
    """A trained model and what it says of the test designs: readings and expectation, per label."""

    predictor: Predictor
    readings: list[MemberReadings]
    neutral: list[Neutral]


def _transform(data: TrainingData, y: int) -> TransformReport:
    label, standard = data.labels[y], data.standards[y]
    return TransformReport(
        kind=label.transform.value,
        center=standard.center,
        spread=standard.spread,
        detection_limit=label.column.detection_limit,
        fitted_on="training part",
    )


def _censored(held: HeldOut) -> int:
    """Test designs at the detection limit."""
    limit = held.label.column.detection_limit
    return 0 if limit is None else int(np.sum(held.truth_N <= limit * (1 + 1e-9)))


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


def label_report(data: TrainingData, y: int, tested: Tested, spec: TrainingSpec) -> LabelReport:
    """Everything about one label."""
    label = data.labels[y]
    held = held_out(data, y, tested.readings[y], tested.neutral[y], spec)
    top = top_of(held)
    drawn = resampled(held, top)
    is_flat = len(held) > 1 and not np.ptp(held.truth_N) > 0
    of_ranks = () if is_flat else differences(held, drawn.spearman)
    # One group is the whole: what it says was said.
    of_groups = differences(held, drawn.within_groups) if len(held.groups) > 1 else ()
    best = best_null(of_ranks).null if of_ranks else None
    readings = readings_of(held, spec.seed)
    column = label.column
    evidence = Evidence(
        held.best[0],
        spec.model.kind,
        of_ranks,
        of_groups,
        data.split_description,
        spec.split,
        is_flat,
    )
    return LabelReport(
        name=column.name,
        kind=column.kind.value,
        unit=column.unit,
        neutral_model=NEUTRAL_MODEL[column.kind],
        scale_of_metrics=original_scale(column.unit),
        learned_scale=label.transform.value,
        transform=_transform(data, y),
        train_design_count=int((~np.isnan(data.train.design_means()[:, y])).sum()),
        test_design_count=len(held),
        test_gene_set_count=len(np.unique(held.cluster_N)),
        censored_count=data.censored_counts[y],
        test_censored_count=_censored(held),
        **_batches(data.batch_offsets[y]),
        headline=headline_of(held, data.repeats, y, spec.seed),
        table=table_of(held, drawn, top),
        best_null=best,
        resample_count=0 if held.resamples is None else len(held.resamples.count_RC) - 1,
        spearman_differences=of_ranks,
        pearson_differences=() if is_flat else differences(held, drawn.pearson),
        within_group_differences=of_groups,
        nulls_left_out=dict(held.nulls_left_out),
        seen=seen_of(data, y, held.designs),
        groups=groups_of(held),
        top=top,
        calibration=calibration_of(held, tested.predictor, y),
        ceilings=ceilings_of(held, data.repeats, y, spec.seed),
        orders=orders_of(held),
        readings=readings,
        rank_agreement_of_readings=None if readings is None else readings.rank_agreement,
        verdict=verdict(evidence),
        test=columns_of(held, spec.seed, best, ends_of(held, tested.predictor, y)),
    )
