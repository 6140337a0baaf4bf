"""The held-out report: every number beside its nulls, and a verdict in plain words."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.contract.designs import Design
from service.contract.training import NoSplit, TrainingSpec, Transform
from worker.inference.ensembles import MemberReadings
from worker.inference.predictor import Predictor
from worker.models.classical import KINDS
from worker.training.bootstrap import spearman_differences
from worker.training.labels import ChosenLabel
from worker.training.latent_monitor import LatentState
from worker.training.metrics import metric_row, spearman
from worker.training.nulls import FOREST_MAX_ROWS, null_predictions
from worker.training.preparation import TrainingData

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

_LEARNED_REFERENCE = (
    "z_W is a learned vector: with one reference strain and no gene features there is nothing to "
    "encode it from, and an edit without training data has no prediction."
)


def _unit(label: ChosenLabel, learned_N: Floats) -> Floats:
    return np.exp(learned_N) if label.transform is Transform.LOG else learned_N


def _model_rows(kind: str, readings: MemberReadings) -> dict[str, Floats]:
    intact = readings.intact_MBY.mean(axis=0)
    if kind in KINDS:  # one reading
        return {kind: intact}
    compose = readings.compose_MBY.mean(axis=0)
    return {f"{kind} (y_intact)": intact, f"{kind} (y_compose)": compose}


def verdict(name: str, comparisons: Sequence[dict[str, Any]], split: str) -> str:
    """Say whether the model beats its nulls, by the interval of the Spearman difference."""
    if not comparisons:
        return f"Too few test designs to tell whether {name} beats its null models."
    beaten = [c["null"] for c in comparisons if c["low"] > 0]
    open_ = [c["null"] for c in comparisons if c["low"] <= 0 <= c["high"]]
    lost = [c["null"] for c in comparisons if c["high"] < 0]
    sentences = []
    if beaten:
        sentences.append(f"{name} ranks the held-out designs better than {', '.join(beaten)}.")
    if open_:
        sentences.append(f"It cannot be told apart from {', '.join(open_)}.")
    if lost:
        sentences.append(f"It is worse than {', '.join(lost)}: use that instead.")
    best = max(comparisons, key=lambda c: (-c["difference"], c["null"]))
    sentences.append(
        f"Against the best null ({best['null']}) Spearman differs by {best['difference']:+.3f} "
        f"(paired bootstrap, 95 %: {best['low']:+.3f} to {best['high']:+.3f}). "
        f"Held out: {split}."
    )
    return " ".join(sentences)


def _gene_sets(designs: Sequence[Design]) -> Codes:
    """Which designs edit the same genes [N]."""
    number: dict[frozenset[str], int] = {}
    sets = [frozenset(edit.locus for edit in design.edits) for design in designs]
    return np.array([number.setdefault(loci, len(number)) for loci in sets], dtype=np.int64)


def _comparisons(
    model_N: Floats, nulls: dict[str, Floats], truth_N: Floats, seed: int, cluster_N: Codes
) -> list[dict[str, Any]]:
    differences = spearman_differences(model_N, nulls, truth_N, seed, cluster_N)
    return [
        {"null": name, "difference": value, "low": low, "high": high}
        for name, (value, low, high) in differences.items()
    ]


def _label_report(
    data: TrainingData, y: int, readings: MemberReadings, spec: TrainingSpec
) -> dict[str, Any]:
    label = data.labels[y]
    truth_K = data.test.design_means()[:, y]
    kept_K = ~np.isnan(truth_K)
    truth_N = _unit(label, truth_K[kept_K])
    designs = [design for design, kept in zip(data.test.designs, kept_K, strict=True) if kept]
    models = {k: v[kept_K] for k, v in _model_rows(spec.model.kind, readings).items()}
    nulls = {}
    if designs:
        nulls = {
            name: _unit(label, value_N)
            for name, value_N in null_predictions(data, y, designs, spec.seed).items()
            if name not in models
        }
    name, best_N = next(iter(models.items()))
    cluster_N = _gene_sets(designs)
    comparisons = _comparisons(best_N, nulls, truth_N, spec.seed, cluster_N)
    readings_N = list(models.values())
    train_count = int((~np.isnan(data.train.design_means()[:, y])).sum())
    return {
        "name": label.column.name,
        "unit": label.column.unit,
        "scale_of_metrics": f"original unit ({label.column.unit})",
        "learned_scale": label.transform.value,
        "train_design_count": train_count,
        "test_design_count": len(designs),
        "test_gene_set_count": len(np.unique(cluster_N)),
        "censored_count": data.censored_counts[y],
        "batch_offsets": data.batch_offsets[y],
        "table": [
            {"predictor": key, **metric_row(value_N, truth_N)}
            for key, value_N in {**models, **nulls}.items()
        ],
        "rank_agreement_of_readings": (
            spearman(readings_N[0], readings_N[1]) if len(readings_N) == 2 else None
        ),
        "spearman_differences": comparisons,
        "verdict": (
            "Nothing was held out: this report claims nothing about new designs."
            if isinstance(spec.split, NoSplit)
            else verdict(name, comparisons, data.split_description)
        ),
    }


def _latent_report(states: Sequence[LatentState]) -> dict[str, Any] | None:
    if not states:
        return None

    def median(values: list[float]) -> float:
        return float(np.median(values))

    return {
        "statement": _LEARNED_REFERENCE,
        "composition_residual_median": median([s.residual for s in states]),
        "effective_rank": median([s.effective_rank for s in states]),
        "variance": median([s.variance for s in states]),
        "shuffled_residual_ratio": median([s.shuffled_ratio for s in states]),
        "collapsed_member_count": sum(s.is_collapsed for s in states),
        "member_at_additive_start_count": sum(s.is_start for s in states),
    }


def build_report(
    data: TrainingData, predictor: Predictor, spec: TrainingSpec, states: Sequence[LatentState]
) -> dict[str, Any]:
    """The report of a trained model; every value is JSON."""
    readings = predictor.readings(data.test.designs)
    notes = [
        "Controls (designs without edits) train the model and are left out of the test metrics.",
        "Offsets of batches are estimated with the edits, removed from the training labels and not "
        "predicted: a prediction is for the average batch.",
        "Replicates of a build are averaged; a test design is one row, whatever was measured.",
        "mean, sd, min and max are over the members of the ensemble, of y_intact.",
    ]
    starts = sum(state.is_start for state in states)
    if starts:
        notes.append(
            f"{starts} of {len(states)} members stayed at their additive start: no epoch was "
            "better on what they held out."
        )
    if len(data.train) > FOREST_MAX_ROWS:
        notes.append(f"The forest is fitted on {FOREST_MAX_ROWS} random training observations.")
    control_count = sum(design.order == 0 for design in data.train.designs)
    return {
        "split": {
            "kind": spec.split.kind,
            "description": data.split_description,
            "train_design_count": len(data.train.designs),
            "train_observation_count": len(data.train),
            "train_control_design_count": control_count,
            "test_design_count": len(data.test.designs),
            "left_out": dict(data.left_out),
        },
        "labels": [
            _label_report(data, y, label_readings, spec)
            for y, label_readings in enumerate(readings)
        ],
        "latent": _latent_report(states),
        "notes": notes,
    }
