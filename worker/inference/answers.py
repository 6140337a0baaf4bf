"""Readings as an answer: columns of labels, and no number that is none."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.contract.designs import Design
from service.contract.errors import InvalidDesignError, Offender
from service.contract.inference import LabelScores, ScoreField
from service.contract.manifests import ManifestLabel
from worker.inference.ensembles import MemberReadings
from worker.inference.neutral import Neutral

Floats = NDArray[np.float64]

# Its square is still a number, and so are the spread of such values and what is left of them.
LARGEST = 1e150


def spread(value_MB: Floats) -> Floats:
    """Standard deviation over the members [B], n - 1 in the denominator; 0 for one member."""
    if len(value_MB) < 2:
        return np.zeros(value_MB.shape[1])
    deviation_B: Floats = value_MB.std(axis=0, ddof=1)
    return deviation_B


def require_finite(
    designs: Sequence[Design],
    readings: Sequence[MemberReadings],
    neutral: Sequence[Neutral | None],
) -> None:
    """JSON has no infinity, and a score that is none must not look like a missing one.

    Raises:
        InvalidDesignError: a prediction is no finite number; every such design is listed.
    """
    values = [y_MB for label in readings for y_MB in label]
    values += [label.expected_B[None] for label in neutral if label is not None]
    bad_B = ~(np.abs(np.concatenate(values)) < LARGEST).all(axis=0)  # NaN is not below either
    if not bad_B.any():
        return
    offenders = [
        Offender(
            field=f"genotypes[{row}]",
            value=designs[row].genotype[:200],
            message="the prediction is no finite number: its levels are too far out of range",
        )
        for row in np.flatnonzero(bad_B).tolist()
    ]
    raise InvalidDesignError(offenders[0].message, offenders)


def label_scores(
    label: ManifestLabel,
    readings: MemberReadings,
    neutral: Neutral | None,
    wanted: frozenset[ScoreField],
) -> LabelScores:
    """The columns of one label that are wanted."""
    member_MB = readings.intact_MBY
    mean_B = member_MB.mean(axis=0)
    columns: dict[ScoreField, NDArray[Any]] = {
        ScoreField.MEAN: mean_B,
        ScoreField.SD: spread(member_MB),
        ScoreField.MIN: member_MB.min(axis=0),
        ScoreField.MAX: member_MB.max(axis=0),
        ScoreField.Y_COMPOSE: readings.compose_MBY.mean(axis=0),
        ScoreField.Y_INTACT: mean_B,
    }
    if neutral is not None:
        columns |= {
            ScoreField.EXPECTED_NEUTRAL: neutral.expected_B,
            ScoreField.INTERACTION: mean_B - neutral.expected_B,
            ScoreField.NEUTRAL_SOURCE: neutral.source_B,
        }
    return LabelScores(
        name=label.name,
        unit=label.unit,
        neutral_model=label.neutral_model,
        **{field.value: value.tolist() for field, value in columns.items() if field in wanted},
    )
