"""What a likelihood needs to know of observations beside their labels: sd, censored, dead.

All on the standardised scale that is learned. Made only for the regression term that reads it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from service.contract.errors import InvalidArgumentError, Offender
from service.contract.losses import GaussianNllTerm, HurdleTerm, RegressionTerm, TobitTerm
from service.contract.training import Transform
from worker.data.table import DesignTable
from worker.losses.regression import LabelDetails
from worker.training.labels import ChosenLabel, Standard

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Replicates:
    """Rows of the table that became observations: row_R of them, averaged into unit_R."""

    table: DesignTable
    row_R: Codes
    unit_R: Codes
    unit_count: int

    def values(self, label: ChosenLabel) -> Floats:
        """As measured, in the label's unit [R]."""
        return self.table.labels[label.column.name][self.row_R]

    def sums(self, value_R: Floats, present_R: Flags) -> Floats:
        """Sums over the labelled rows of each observation [N]."""
        unit_R = self.unit_R[present_R]
        sum_N = np.bincount(unit_R, weights=value_R[present_R], minlength=self.unit_count)
        return sum_N.astype(np.float64, copy=False)

    def all_of(self, flag_R: Flags, present_R: Flags) -> Flags:
        """Observations that have a label and whose labelled rows are all flagged [N]."""
        count_N = self.sums(np.ones(len(flag_R)), present_R)
        flags_N: Flags = (count_N > 0) & (
            self.sums(flag_R.astype(np.float64), present_R) == count_N
        )
        return flags_N


def _refuse(message: str, label: str | None = None) -> InvalidArgumentError:
    return InvalidArgumentError(
        message, [Offender(field="loss.terms", value=label, message=message)]
    )


def _row_sds(label: ChosenLabel, rows: Replicates, value_R: Floats) -> Floats:
    """Measured sds on the learned scale; a missing one is the root mean square of the others."""
    name = label.column.name
    measured = rows.table.sds.get(name)
    if measured is None or np.isnan(measured[rows.row_R]).all():
        raise _refuse(
            f"loss: gaussian_nll needs the measured sd of every label, and label {name} has none: "
            "upload it with an sd_column, or name another regression term",
            name,
        )
    sd_R = measured[rows.row_R]
    if (sd_R < 0).any():
        raise _refuse(f"loss: gaussian_nll: label {name} has an sd below 0", name)
    if label.transform is Transform.LOG:
        sd_R = sd_R / label.clip(value_R)  # to first order: d log x = dx / x
    known_R = ~np.isnan(sd_R)
    return np.where(known_R, sd_R, np.sqrt(np.mean(np.square(sd_R[known_R]))))


def _sd(label: ChosenLabel, rows: Replicates) -> Floats:
    """Sd of the mean of an observation's rows, whose errors are taken as independent [N]."""
    value_R = rows.values(label)
    present_R = ~np.isnan(value_R)
    sd_R = np.where(present_R, _row_sds(label, rows, value_R), 0.0)
    count_N = rows.sums(np.ones(len(value_R)), present_R)
    variance_N = rows.sums(np.square(sd_R), present_R)
    return np.where(count_N > 0, np.sqrt(variance_N) / np.maximum(count_N, 1), np.nan)


def _sds(rows: Replicates, labels: Sequence[ChosenLabel], spread_Y: Floats) -> LabelDetails:
    sd_NY = np.stack([_sd(label, rows) for label in labels], axis=1) / spread_Y
    return LabelDetails(sd_BY=torch.from_numpy(sd_NY))


def _below(label: ChosenLabel, rows: Replicates) -> Flags:
    value_R, limit = rows.values(label), label.column.detection_limit
    if limit is None:
        return np.zeros(rows.unit_count, dtype=bool)
    return rows.all_of(value_R < limit, ~np.isnan(value_R))


def _censored(rows: Replicates, labels: Sequence[ChosenLabel]) -> LabelDetails:
    if all(label.column.detection_limit is None for label in labels):
        names = ", ".join(label.column.name for label in labels)
        raise _refuse(f"loss: tobit needs a label with a detection_limit, which {names} have not")
    censored_NY = np.stack([_below(label, rows) for label in labels], axis=1)
    return LabelDetails(censored_BY=torch.from_numpy(censored_NY))


def _threshold(label: ChosenLabel, standard: Standard, threshold: float) -> float:
    """The hurdle on the standardised scale; interaction labels have none."""
    if label.measure_order:
        return -np.inf
    learned = label.clip(np.array([threshold]))
    if label.transform is Transform.LOG:
        if learned[0] <= 0:
            raise _refuse(
                f"loss: hurdle: the threshold {threshold:g} has no log, and label "
                f"{label.column.name} is learned on the log scale: give it a detection limit above "
                "0, or name a threshold above 0",
                label.column.name,
            )
        learned = np.log(learned)
    return float((learned[0] - standard.center) / standard.spread)


def _dead(label: ChosenLabel, rows: Replicates, threshold: float) -> Flags:
    if label.measure_order:
        return np.zeros(rows.unit_count, dtype=bool)
    value_R = rows.values(label)
    return rows.all_of(label.clip(value_R) <= label.clip(np.array([threshold])), ~np.isnan(value_R))


def _hurdles(
    rows: Replicates,
    labels: Sequence[ChosenLabel],
    standards: Sequence[Standard],
    threshold: float,
) -> LabelDetails:
    threshold_Y = [
        _threshold(label, standard, threshold)
        for label, standard in zip(labels, standards, strict=True)
    ]
    dead_NY = np.stack([_dead(label, rows, threshold) for label in labels], axis=1)
    if not dead_NY.any():
        raise _refuse(
            f"loss: hurdle: no training observation lies at or below the threshold {threshold:g}, "
            "so that there is no hurdle to learn: name another threshold or regression term"
        )
    return LabelDetails(
        dead_BY=torch.from_numpy(dead_NY),
        threshold_Y=torch.tensor(threshold_Y, dtype=torch.float64),
    )


def label_details(
    term: RegressionTerm,
    rows: Replicates,
    labels: Sequence[ChosenLabel],
    standards: Sequence[Standard],
) -> LabelDetails:
    """What the term needs of the training observations [N, Y].

    Raises:
        InvalidArgumentError: the data set does not have it; the message says what and where.
    """
    match term:
        case GaussianNllTerm():
            return _sds(rows, labels, np.array([standard.spread for standard in standards]))
        case TobitTerm():
            return _censored(rows, labels)
        case HurdleTerm():
            return _hurdles(rows, labels, standards, term.threshold)
        case _:
            return LabelDetails()
