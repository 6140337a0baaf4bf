"""The column whose values tell groups of measurements apart, e.g. the cycle they come from.

Within a group, predictions are compared with each other alone: a model that knows which cycle was
good, and nothing of designs, has no rank correlation there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.contract.splits import (
    BackgroundSplit,
    ConditionSplit,
    CovariateSplit,
    ForwardSplit,
    GroupSplit,
    Split,
)
from worker.data.table import Coded, DesignTable

Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Context:
    """Name and values of the column, and the value of each observation (-1: missing)."""

    column: str
    values: tuple[str, ...]
    train_N: Codes
    test_N: Codes

    def names(self, code_N: Codes) -> list[str | None]:
        """Values by their codes."""
        return [self.values[code] if code >= 0 else None for code in code_N.tolist()]


def context_column(
    table: DesignTable, split: Split, batch: Sequence[str]
) -> tuple[str, Coded] | None:
    """The column that a split goes by; else the first batch covariate; None without either."""
    match split:
        case CovariateSplit() | ForwardSplit() | ConditionSplit():
            return split.covariate, table.covariates[split.covariate]
        case BackgroundSplit():
            return "background", Coded(table.backgrounds, table.background_N)
        case GroupSplit():
            return "group", Coded(table.groups, table.group_N)
        case _:
            return (batch[0], table.covariates[batch[0]]) if batch else None


def of_units(code_R: Codes, unit_R: Codes, units: int) -> Codes:
    """The value of each observation: that of its first row."""
    code_N = np.full(units, -1, dtype=np.int64)
    code_N[unit_R[::-1]] = code_R[::-1]
    return code_N
