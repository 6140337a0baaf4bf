"""Readings as columns of labels, and no number that is none."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.contract.errors import InvalidDesignError, Offender
from service.contract.inference import ScoreField
from worker.inference.ensembles import MemberReadings
from worker.inference.interactions import LARGEST, sign_agreement
from worker.inference.neutral import Neutral

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


def spread(value_MB: Floats) -> Floats:
    """Standard deviation over the members [B], n - 1 in the denominator; 0 for one member."""
    if len(value_MB) < 2:
        return np.zeros(value_MB.shape[1])
    deviation_B: Floats = value_MB.std(axis=0, ddof=1)
    return deviation_B


def require_finite(values: Sequence[Floats], texts: Callable[[Places], list[str]]) -> None:
    """JSON has no infinity, and a score that is none must not look like a missing one.

    `values` are of designs, [..., B] each; `texts` gives the genotypes of some designs.

    Raises:
        InvalidDesignError: a prediction is no finite number; every such design is listed.
    """
    # NaN is not below either.
    if all(np.abs(value).max(initial=0) < LARGEST for value in values):
        return
    good_B = np.all(
        [(np.abs(np.atleast_2d(value)) < LARGEST).all(axis=0) for value in values], axis=0
    )
    bad = np.flatnonzero(~good_B)
    offenders = [
        Offender(
            field=f"genotypes[{row}]",
            value=text[:200],
            message="the prediction is no finite number: its levels are too far out of range",
        )
        for row, text in zip(bad.tolist(), texts(bad), strict=True)
    ]
    raise InvalidDesignError(offenders[0].message, offenders)


def label_columns(
    readings: MemberReadings,
    neutral: Neutral | None,
    own_MB: Floats | None,
    wanted: frozenset[ScoreField],
) -> dict[ScoreField, NDArray[Any]]:
    """The columns of one label that are wanted [B], in the order of an answer.

    `own_MB` are neutral expectations by each member alone; None where all have `neutral`.
    """
    member_MB = readings.intact_MBY
    mean_B = member_MB.mean(axis=0)
    columns: dict[ScoreField, Callable[[], NDArray[Any]]] = {
        ScoreField.MEAN: lambda: mean_B,
        ScoreField.SD: lambda: spread(member_MB),
        ScoreField.MIN: lambda: member_MB.min(axis=0),
        ScoreField.MAX: lambda: member_MB.max(axis=0),
    }
    if neutral is not None:
        columns |= {
            ScoreField.EXPECTED_NEUTRAL: lambda: neutral.expected_B,
            ScoreField.INTERACTION: lambda: mean_B - neutral.expected_B,
        }
    columns |= {
        ScoreField.Y_COMPOSE: lambda: (
            mean_B if readings.compose_MBY is member_MB else readings.compose_MBY.mean(axis=0)
        ),
        ScoreField.Y_INTACT: lambda: mean_B,
    }
    if neutral is not None:
        columns |= {
            ScoreField.NEUTRAL_SOURCE: lambda: neutral.source_B,
            ScoreField.SIGN_AGREEMENT: lambda: sign_agreement(
                member_MB, mean_B, neutral.expected_B
            ),
            ScoreField.INTERACTION_SD: lambda: spread(
                member_MB if own_MB is None else member_MB - own_MB
            ),
        }
    return {field: column() for field, column in columns.items() if field in wanted}
