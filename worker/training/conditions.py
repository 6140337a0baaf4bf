"""The conditions that a model holds under: one value of each, by what it was trained on."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from service.contract.datasets import CovariateColumn
from service.contract.errors import InvalidArgumentError
from service.contract.inference import Condition
from worker.data.table import DesignTable


def one_condition_each(
    table: DesignTable, rows_N: NDArray[np.bool_], covariates: Sequence[CovariateColumn]
) -> tuple[Condition, ...]:
    """The value of every covariate of the role condition among some rows.

    Raises:
        InvalidArgumentError: a condition has several values there, or rows without one.
    """
    found = []
    for covariate in covariates:
        if covariate.role != "condition":
            continue
        column = table.covariates[covariate.name]
        code_N = column.code_N[rows_N]
        codes = np.unique(code_N[code_N >= 0]).tolist()
        if missing := int((code_N < 0).sum()):
            raise InvalidArgumentError(
                f"covariate {covariate.name} is a condition, and {missing:,} of {len(code_N):,} "
                "rows of the training part have none: say which, or leave those rows out"
            )
        if len(codes) > 1:
            raise InvalidArgumentError(
                f"covariate {covariate.name} is a condition with {len(codes)} values in the "
                "training part, and a score cannot name one yet: upload one data set a condition, "
                "or give it the role batch"
            )
        found += [Condition(name=covariate.name, value=column.values[code]) for code in codes]
    return tuple(found)
