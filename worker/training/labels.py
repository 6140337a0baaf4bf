"""Labels as a model learns them: chosen by name, transformed, standardised."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from service.contract.datasets import LabelColumn
from service.contract.errors import InvalidArgumentError, Offender
from service.contract.training import TrainingLabel, Transform
from worker.inference.ensembles import MEASURE_ORDER

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ChosenLabel:
    """A column to learn, its transform, and its weight in the loss."""

    column: LabelColumn
    transform: Transform
    weight: float

    @property
    def measure_order(self) -> int:
        """Order of the mixed difference it measures; 0 for a label read directly."""
        return MEASURE_ORDER[self.column.measure]

    def clip(self, value_N: Floats) -> Floats:
        """Values below the detection limit, as the limit."""
        limit = self.column.detection_limit
        return value_N if limit is None else np.maximum(value_N, limit)

    def apply(self, value_N: Floats) -> Floats:
        """Values in the label's unit on the scale that is learned.

        Raises:
            InvalidArgumentError: the log of a value that is not above 0.
        """
        clipped_N = self.clip(value_N)
        if self.transform is Transform.IDENTITY:
            return clipped_N
        bad = int(np.sum(clipped_N <= 0))
        if bad:
            raise InvalidArgumentError(
                f"label {self.column.name}: the log of {bad} values at or below 0; give the label "
                "a detection limit above 0, or the transform identity",
                [Offender(field="labels", value=self.column.name, message="log of values <= 0")],
            )
        return np.log(clipped_N)

    def censored(self, value_N: Floats) -> int:
        """How many values lie below the detection limit."""
        limit = self.column.detection_limit
        return 0 if limit is None else int(np.sum(value_N < limit))


@dataclass(frozen=True)
class Standard:
    """Center and spread of a label's training values; standardised = (value - center) / spread."""

    center: float
    spread: float


def choose_labels(
    wanted: Sequence[TrainingLabel],
    columns: Sequence[LabelColumn],
    present: Mapping[str, Floats],
) -> tuple[ChosenLabel, ...]:
    """Match the spec's labels with the data set's.

    Raises:
        InvalidArgumentError: the data set has no such label; every offender is listed.
    """
    by_name = {column.name: column for column in columns if column.name in present}
    offenders = [
        Offender(
            field=f"labels[{i}].name",
            value=label.name,
            message=f"the data set has no label {label.name}",
            suggestions=get_close_matches(label.name, by_name),
        )
        for i, label in enumerate(wanted)
        if label.name not in by_name
    ]
    if offenders:
        names = ", ".join(str(offender.value) for offender in offenders)
        raise InvalidArgumentError(
            f"labels: the data set has no label {names}; it has {', '.join(sorted(by_name))}",
            offenders,
        )
    chosen = []
    for label in wanted:
        column = by_name[label.name]
        by_scale = Transform.LOG if column.scale == "log" else Transform.IDENTITY
        chosen.append(ChosenLabel(column, label.transform or by_scale, label.weight))
    return tuple(chosen)


def require_values(labels: Sequence[ChosenLabel], learned_NY: Floats) -> None:
    """Refuse labels that are missing throughout the training part.

    Raises:
        InvalidArgumentError: there are such labels; every one is named.
    """
    names = [
        label.column.name
        for label, learned_N in zip(labels, learned_NY.T, strict=True)
        if np.isnan(learned_N).all()
    ]
    if names:
        raise InvalidArgumentError(
            f"label {', '.join(names)} has no value in the training part: choose another label, or "
            "a split whose training part has some",
            [Offender(field="labels", value=n, message="only missing values") for n in names],
        )


def standard_of(label: ChosenLabel, learned_N: Floats) -> Standard:
    """Center and spread of the training part.

    A mixed difference is 0 by construction below its order, so that an interaction label keeps
    its zero: only its spread is scaled away.

    Raises:
        InvalidArgumentError: all values are the same.
    """
    present_N = learned_N[~np.isnan(learned_N)]
    name = label.column.name
    center = 0.0 if label.measure_order else float(present_N.mean())
    spread = float(np.sqrt(np.mean((present_N - center) ** 2)))
    if spread <= 1e-12 * max(1.0, abs(center)):
        raise InvalidArgumentError(
            f"label {name} has the same value throughout the training part: there is nothing to "
            "learn",
            [Offender(field="labels", value=name, message="constant")],
        )
    return Standard(center, spread)
