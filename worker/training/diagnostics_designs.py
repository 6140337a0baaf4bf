"""Measured, predicted and neutral values of designs, drawn where there are many."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from service.contract.designs import Design
from service.contract.report_diagnostics import (
    MOST_SHOWN,
    DesignFigures,
    Part,
    Quantiles,
    ShownDesigns,
)
from service.contract.training import Transform
from worker.data.table import DesignTable
from worker.inference.ensembles import MemberReadings
from worker.inference.predictor import Predictor
from worker.training.labels import ChosenLabel
from worker.training.observations import Part as DataPart
from worker.training.preparation import TrainingData
from worker.training.seeds import derived_seed

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

_FURTHEST = 10
_ENDS = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class MeasuredDesigns:
    """Designs that have a measured value, in the label's unit; all arrays [N]."""

    place_N: Codes  # in the part's list of designs
    order_N: Codes
    measured_N: Floats
    measured_sd_N: Floats
    predicted_N: Floats
    predicted_sd_N: Floats
    neutral_N: Floats

    def __len__(self) -> int:
        return len(self.place_N)

    def rows(self, index: Codes) -> "MeasuredDesigns":
        """Some of them."""
        return MeasuredDesigns(*(getattr(self, field.name)[index] for field in fields(self)))


@dataclass(frozen=True)
class ReadPart:
    """What pictures are drawn of, read once: the test part, or without one the training part."""

    name: Part
    part: DataPart
    order_K: Codes
    predictor: Predictor
    readings: list[MemberReadings]

    @classmethod
    def of(cls, data: TrainingData, predictor: Predictor) -> "ReadPart":
        """Read every design of the part."""
        part = data.test if data.test.designs else data.train
        return cls(
            name="test" if data.test.designs else "train",
            part=part,
            order_K=np.array([design.order for design in part.designs], dtype=np.int64),
            predictor=predictor,
            readings=predictor.readings(part.designs),
        )


def drawn(count: int, seed: int, most: int = MOST_SHOWN) -> Codes:
    """At most `most` of `count` places, at random, in order."""
    if count <= most:
        return np.arange(count)
    rng = np.random.default_rng(derived_seed(seed, "drawn") % 2**32)
    return np.sort(rng.choice(count, most, replace=False))


def quantiles_by_order(value_N: Floats, order_N: Codes) -> list[Quantiles]:
    """One entry an order that occurs."""
    found = []
    for order in np.unique(order_N).tolist():
        own_N = value_N[order_N == order]
        low, quarter, median, three_quarters, high = np.quantile(own_N, _ENDS).tolist()
        found.append(
            Quantiles(
                order=order,
                count=len(own_N),
                low=low,
                quarter=quarter,
                median=median,
                three_quarters=three_quarters,
                high=high,
            )
        )
    return found


def in_unit(label: ChosenLabel, learned_N: Floats) -> Floats:
    """Values on the learned scale, in the label's unit."""
    return np.exp(learned_N) if label.transform is Transform.LOG else learned_N


def measured_sds(table: DesignTable, part: DataPart, label: ChosenLabel) -> tuple[Floats, str]:
    """Standard error of each design's mean in the label's unit [K], and where it comes from.

    From the measured sds of its rows where the data set has them, else from the spread of its
    rows; NaN where a design has one row and no sd, or was measured below the detection limit: the
    error of a reading there (often 0) is not that of the limit, which it counts as.
    """
    name = label.column.name
    value_R = table.labels[name][part.row_R]
    present_R = ~np.isnan(value_R)
    row_R = part.row_R[present_R]
    design_R = part.design_N[part.unit_R[present_R]]
    size = len(part.designs)
    count_K = np.bincount(design_R, minlength=size)
    sd_R = table.sds[name][row_R] if name in table.sds else np.full(len(row_R), np.nan)
    if label.column.detection_limit is not None:
        below_R = value_R[present_R] < label.column.detection_limit
        sd_R = np.where(below_R, np.nan, sd_R)
    if not np.isnan(sd_R).all():
        square_K = np.bincount(design_R, weights=np.square(sd_R), minlength=size)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.sqrt(square_K) / count_K, "the sd column of the data set"
    value_R = label.clip(value_R[present_R])
    mean_K = np.bincount(design_R, weights=value_R, minlength=size) / np.maximum(count_K, 1)
    off_R = np.square(value_R - mean_K[design_R])
    square_K = np.bincount(design_R, weights=off_R, minlength=size)
    with np.errstate(invalid="ignore", divide="ignore"):
        error_K = np.sqrt(square_K / (count_K - 1) / count_K)
    if not np.nanmax(error_K, initial=0.0, where=count_K > 1) > 0:  # copies, no repeats
        return np.full(size, np.nan), ""
    return np.where(count_K > 1, error_K, np.nan), "repeated rows of a design (standard error)"


def _measured(
    table: DesignTable, data: TrainingData, read: "ReadPart"
) -> tuple[list[MeasuredDesigns], list[str]]:
    part, neutral = read.part, read.predictor.expected_neutral(read.part.designs)
    mean_KY = part.design_means()
    found, sources = [], []
    for y, label in enumerate(data.labels):
        sd_K, source = measured_sds(table, part, label)
        place_N = np.flatnonzero(~np.isnan(mean_KY[:, y]) & (read.order_K > 0))
        intact_MK = read.readings[y].intact_MBY
        spread_K = intact_MK.std(axis=0, ddof=1 if len(intact_MK) > 1 else 0)
        found.append(
            MeasuredDesigns(
                place_N=place_N,
                order_N=read.order_K[place_N],
                measured_N=in_unit(label, mean_KY[place_N, y]),
                measured_sd_N=sd_K[place_N],
                predicted_N=intact_MK.mean(axis=0)[place_N],
                predicted_sd_N=spread_K[place_N],
                neutral_N=neutral[y].expected_B[place_N],
            )
        )
        sources.append(source if not np.isnan(sd_K[place_N]).all() else "")
    return found, sources


def _shown(rows: MeasuredDesigns, designs: Sequence[Design]) -> ShownDesigns:
    known_N = ~np.isnan(rows.measured_sd_N)
    sds = zip(rows.measured_sd_N.tolist(), known_N.tolist(), strict=True)
    return ShownDesigns(
        genotype=[designs[place].genotype for place in rows.place_N.tolist()],
        order=rows.order_N.tolist(),
        measured=rows.measured_N.tolist(),
        measured_sd=[sd if known else None for sd, known in sds],
        predicted=rows.predicted_N.tolist(),
        predicted_sd=rows.predicted_sd_N.tolist(),
        expected_neutral=rows.neutral_N.tolist(),
    )


def design_figures(
    table: DesignTable, data: TrainingData, read: ReadPart, seed: int
) -> list[DesignFigures]:
    """One entry a label, over designs with edits."""
    found, sources = _measured(table, data, read)
    figures = []
    for label, known, rows, source in zip(
        data.labels, read.predictor.manifest.labels, found, sources, strict=True
    ):
        residual_N = rows.measured_N - rows.predicted_N
        furthest = np.argsort(-np.abs(residual_N), kind="stable")[:_FURTHEST]
        figures.append(
            DesignFigures(
                label=label.column.name,
                unit=label.column.unit,
                is_log=label.transform is Transform.LOG,
                neutral_model=known.neutral_model,
                part=read.name,
                design_count=len(rows),
                sd_source=source,
                shown=_shown(rows.rows(drawn(len(rows), seed)), read.part.designs),
                residual_by_order=quantiles_by_order(residual_N, rows.order_N),
                furthest=_shown(rows.rows(furthest), read.part.designs),
            )
        )
    return figures
