"""Which rows train, which test, and which are left out, with the count of each reason."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from service.contract.errors import InvalidArgumentError, Offender
from service.contract.training import CovariateSplit, NoSplit, RandomSplit, Split
from worker.data.table import Coded, DesignTable

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Partition:
    """Rows of the two parts. `description` says in words how they were told apart."""

    train_N: Flags
    test_N: Flags
    description: str
    left_out: Mapping[str, int] = field(default_factory=dict)


def _controls(table: DesignTable) -> Flags:
    empty_K = np.array([design.order == 0 for design in table.designs], dtype=bool)
    control_N: Flags = table.is_control_N | empty_K[table.design_N]
    return control_N


def _count_designs(table: DesignTable, rows_N: Flags) -> int:
    return len(np.unique(table.design_N[rows_N]))


def _random(table: DesignTable, split: RandomSplit) -> Partition:
    control_N = _controls(table)
    groups = np.unique(table.group_N[~control_N])
    order = np.random.default_rng(split.seed).permutation(len(groups))
    held_out = groups[order[: max(1, round(split.test_fraction * len(groups)))]]
    in_groups_N = np.isin(table.group_N, held_out)
    return Partition(
        train_N=~in_groups_N | control_N,
        test_N=in_groups_N & ~control_N,
        description=(
            f"a random {split.test_fraction:.0%} of the design groups (seed {split.seed}); "
            "no group is on both sides"
        ),
        left_out={},
    )


def _require_values(name: str, column: Coded, values: tuple[str, ...], where: str) -> None:
    unknown = [value for value in values if value not in column.values]
    if unknown:
        raise InvalidArgumentError(
            f"split: covariate {name} has no value {', '.join(unknown)}; "
            f"it has {', '.join(column.values[:50])}",
            [Offender(field=f"split.{where}", value=v, message="no such value") for v in unknown],
        )


def _by_covariate(table: DesignTable, split: CovariateSplit) -> Partition:
    column = table.covariates.get(split.covariate)
    if column is None:
        names = sorted(table.covariates)
        raise InvalidArgumentError(
            f"split: the data set has no covariate {split.covariate}; "
            f"it has {', '.join(names) or 'none'}",
            [
                Offender(
                    field="split.covariate",
                    value=split.covariate,
                    message="no such covariate",
                    suggestions=get_close_matches(split.covariate, names),
                )
            ],
        )
    _require_values(split.covariate, column, split.test, "test")
    _require_values(split.covariate, column, split.train or (), "train")
    test_N = column.where(split.test)
    train_N = ~test_N if split.train is None else column.where(split.train)
    control_N = _controls(table)
    both_N = np.isin(table.group_N, np.unique(table.group_N[train_N]))
    seen_N = test_N & both_N & ~control_N
    side = "the other values" if split.train is None else ", ".join(split.train)
    return Partition(
        train_N=train_N,
        test_N=test_N & ~both_N & ~control_N,
        description=f"{split.covariate} = {', '.join(split.test)}, trained on {side}",
        left_out={
            "test_control_row_count": int((test_N & control_N).sum()),
            "design_on_both_sides_count": _count_designs(table, seen_N),
        },
    )


def partition(table: DesignTable, split: Split) -> Partition:
    """Split a table's rows; controls (and designs without edits) are never tested on.

    Raises:
        InvalidArgumentError: no such covariate or value, or a part has no row.
    """
    if isinstance(split, NoSplit):
        everything_N = np.ones(len(table), dtype=bool)
        return Partition(everything_N, ~everything_N, "nothing was held out")
    parts = _random(table, split) if isinstance(split, RandomSplit) else _by_covariate(table, split)
    for name, rows_N in (("training", parts.train_N), ("test", parts.test_N)):
        if not rows_N.any():
            raise InvalidArgumentError(
                f"split: the {name} part is empty ({parts.description}; left out: "
                f"{dict(parts.left_out)}); controls and designs on both sides are not tested on"
            )
    return parts
