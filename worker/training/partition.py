"""Which rows train, which test, and which are left out, with the count of each reason."""

from collections.abc import Collection

import numpy as np

from service.contract.errors import InvalidArgumentError, Offender
from service.contract.splits import (
    BackgroundSplit,
    ConditionSplit,
    CovariateSplit,
    ForwardSplit,
    GeneSplit,
    GroupSplit,
    NoSplit,
    OrderSplit,
    QueryPairSplit,
    RandomSplit,
    Split,
)
from worker.data.table import DesignTable
from worker.training.split_designs import by_gene, by_group, by_order, by_query_pair, by_random
from worker.training.split_parts import Partition
from worker.training.split_values import by_background, by_condition, by_covariate, by_forward


def _by_value(
    table: DesignTable,
    split: CovariateSplit | ForwardSplit | ConditionSplit | BackgroundSplit,
    conditions: Collection[str],
) -> Partition:
    match split:
        case CovariateSplit():
            return by_covariate(table, split)
        case ForwardSplit():
            return by_forward(table, split)
        case ConditionSplit():
            return by_condition(table, split, conditions)
        case BackgroundSplit():
            return by_background(table, split)


def _by_design(
    table: DesignTable,
    split: RandomSplit | GroupSplit | GeneSplit | QueryPairSplit | OrderSplit,
) -> Partition:
    match split:
        case RandomSplit():
            return by_random(table, split)
        case GroupSplit():
            return by_group(table, split)
        case GeneSplit():
            return by_gene(table, split)
        case QueryPairSplit():
            return by_query_pair(table, split)
        case OrderSplit():
            return by_order(table, split)


def partition(table: DesignTable, split: Split, conditions: Collection[str] = ()) -> Partition:
    """Split a table's rows; controls (and designs without edits) are never tested on.

    Args:
        table: what to split.
        split: how.
        conditions: names of the covariates with the role condition.

    Raises:
        InvalidArgumentError: no such covariate, value, gene or group; too few of them; or a part
            has no row.
    """
    if isinstance(split, NoSplit):
        everything_N = np.ones(len(table), dtype=bool)
        return Partition(everything_N, ~everything_N, "nothing was held out")
    if isinstance(split, CovariateSplit | ForwardSplit | ConditionSplit | BackgroundSplit):
        parts = _by_value(table, split, conditions)
    else:
        parts = _by_design(table, split)
    for name, rows_N in (("training", parts.train_N), ("test", parts.test_N)):
        if not rows_N.any():
            message = (
                f"the {name} part is empty ({parts.description}; left out: "
                f"{dict(parts.left_out)}); controls and designs on both sides are not tested on"
            )
            raise InvalidArgumentError(
                f"split: {message}", [Offender(field="split", value=split.kind, message=message)]
            )
    return parts
