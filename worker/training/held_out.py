"""Test designs of one label: what was measured, and what every predictor says."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.contract.designs import Design
from service.contract.models import EditFrequencySpec
from service.contract.training import TrainingSpec, Transform
from worker.inference.ensembles import MemberReadings
from worker.inference.neutral import Neutral
from worker.models.classical import KINDS
from worker.training.bootstrap import Resamples
from worker.training.gene_sets import gene_sets
from worker.training.labels import ChosenLabel
from worker.training.nulls import null_predictions
from worker.training.observations import Part
from worker.training.preparation import TrainingData

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]

RANKS_ONLY = frozenset({EditFrequencySpec().kind})


def to_unit(label: ChosenLabel, learned_N: Floats) -> Floats:
    """Values of the learned scale in the label's unit."""
    return np.exp(learned_N) if label.transform is Transform.LOG else learned_N


def to_learned(label: ChosenLabel, value_N: Floats) -> Floats:
    """Values in the label's unit on the learned scale; those below the limit count as the limit."""
    if label.transform is not Transform.LOG:
        return value_N
    least = label.column.detection_limit or 1e-12 * float(np.max(np.abs(value_N), initial=1.0))
    return np.log(np.maximum(value_N, least))


@dataclass(frozen=True)
class Group:
    """Test designs that were measured under one value of a column, and their means there [n]."""

    column: str
    value: str
    place_n: Codes
    truth_n: Floats


@dataclass(frozen=True)
class HeldOut:
    """One label on its test designs, in the label's unit; every array is in one order.

    `models` are the readings of the trained model (y_intact first), `nulls` what they have to beat;
    `cluster_N` says which designs edit the same genes, and `resamples` draws those together (None:
    too few). The error variance of a measured mean is that of a row times `row_weight_N`, and that
    of a build times `build_weight_N`.
    """

    label: ChosenLabel
    designs: tuple[Design, ...]
    truth_N: Floats
    readings: MemberReadings
    neutral: Neutral
    models: Mapping[str, Floats]
    nulls: Mapping[str, Floats]
    nulls_left_out: Mapping[str, str]
    cluster_N: Codes
    resamples: Resamples | None
    groups: tuple[Group, ...]
    row_weight_N: Floats
    build_weight_N: Floats

    def __len__(self) -> int:
        return len(self.designs)

    @property
    def predictors(self) -> dict[str, Floats]:
        """Models, then nulls."""
        return {**self.models, **self.nulls}

    @property
    def of_values(self) -> dict[str, Floats]:
        """The predictors of values; a frequency ranks, and predicts no value."""
        return {k: value_N for k, value_N in self.predictors.items() if k not in RANKS_ONLY}

    @property
    def best(self) -> tuple[str, Floats]:
        """The model's first reading, with its name."""
        return next(iter(self.models.items()))

    def orders(self) -> Codes:
        """How many edits each design has."""
        return np.array([design.order for design in self.designs], dtype=np.int64)

    def learned(self, value_N: Floats) -> Floats:
        """Values in the label's unit on the learned scale."""
        return to_learned(self.label, value_N)


def _model_rows(kind: str, readings: MemberReadings) -> dict[str, Floats]:
    intact = readings.intact_MBY.mean(axis=0)
    if kind in KINDS:  # one reading
        return {kind: intact}
    compose = readings.compose_MBY.mean(axis=0)
    return {f"{kind} (y_intact)": intact, f"{kind} (y_compose)": compose}


def _weights(part: Part, y: int) -> tuple[Floats, Floats]:
    """Error variance of each design's mean over that of one row, and over that of one build [K]."""
    labelled_R = ~np.isnan(part.row_label_RY[:, y])
    row_N = np.bincount(part.unit_R[labelled_R], minlength=len(part))
    labelled_N = row_N > 0
    designs = len(part.designs)
    build_K = np.bincount(part.design_N[labelled_N], minlength=designs)
    inverse_K = np.bincount(
        part.design_N[labelled_N], weights=1 / row_N[labelled_N], minlength=designs
    )
    count_K = np.maximum(build_K, 1)
    return inverse_K / count_K**2, 1 / count_K


def _groups(data: TrainingData, y: int, place_K: Codes) -> tuple[Group, ...]:
    """Designs of each value of the context; `place_K` is -1 for a design without the label."""
    context, part = data.context, data.test
    if context is None:
        return ()
    found = []
    for code, value in enumerate(context.values):
        rows = np.flatnonzero((context.test_N == code) & ~np.isnan(part.label_NY[:, y]))
        if not len(rows):
            continue
        kept, of_row = np.unique(part.design_N[rows], return_inverse=True)
        total = np.bincount(of_row.reshape(-1), weights=part.label_NY[rows, y])
        mean = total / np.bincount(of_row.reshape(-1))
        found.append(Group(context.column, value, place_K[kept], to_unit(data.labels[y], mean)))
    return tuple(found)


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
    nulls, left_out = null_predictions(data, y, designs, spec.seed, spec.model.kind)
    row_weight_K, build_weight_K = _weights(data.test, y)
    cluster_N = gene_sets(designs)
    return HeldOut(
        label=label,
        designs=designs,
        truth_N=to_unit(label, truth_K[kept_K]),
        readings=own,
        neutral=Neutral(neutral.expected_B[kept_K], neutral.source_B[kept_K]),
        models=models,
        nulls={name: to_unit(label, value_N) for name, value_N in nulls.items()},
        nulls_left_out=left_out,
        cluster_N=cluster_N,
        resamples=Resamples.of(cluster_N, spec.seed) if designs else None,
        groups=_groups(data, y, np.where(kept_K, np.cumsum(kept_K) - 1, -1)),
        row_weight_N=row_weight_K[kept_K],
        build_weight_N=build_weight_K[kept_K],
    )
