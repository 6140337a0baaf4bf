"""Splits by a value of a column: covariates, cycles to come, conditions, backgrounds."""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from service.contract.splits import (
    BackgroundSplit,
    ConditionSplit,
    CovariateSplit,
    ForwardSplit,
)
from worker.data.table import Coded, DesignTable
from worker.training.split_parts import Partition, controls_of, count_designs, set_apart
from worker.training.split_units import in_turn, refuse, require_known

Flags = NDArray[np.bool_]


def _column(table: DesignTable, covariate: str) -> Coded:
    require_known([covariate], sorted(table.covariates), "covariate", "split.covariate")
    return table.covariates[covariate]


def _sides(
    column: Coded, split: CovariateSplit | ConditionSplit | BackgroundSplit, noun: str, owner: str
) -> tuple[Flags, Flags, str]:
    """Rows that train, rows that are tested, and both in words."""
    test = split.test
    if split.folds is None:
        require_known(test, column.values, noun, "split.test[{}]", owner=owner)
        require_known(split.train or (), column.values, noun, "split.train[{}]", owner=owner)
    else:
        held_out = in_turn(len(column.values), split.folds, split.fold, noun)
        test = tuple(column.values[place] for place in held_out)
    test_N = column.where(test)
    train_N = ~test_N if split.train is None else column.where(split.train)
    side = "the other values" if split.train is None else ", ".join(split.train)
    return train_N, test_N, f"{', '.join(test)}, trained on {side}"


def by_covariate(table: DesignTable, split: CovariateSplit) -> Partition:
    """Rows by a covariate's values; designs of the training side are left out of the test."""
    name = split.covariate
    train_N, test_N, said = _sides(_column(table, name), split, "value", f"covariate {name}")
    return set_apart(table, train_N, test_N, f"{name} = {said}")


def _in_another_context(
    table: DesignTable, train_N: Flags, test_N: Flags, description: str
) -> Partition:
    """Parts whose designs may be the same: their context tells them apart."""
    control_N = controls_of(table)
    tested_N = test_N & ~control_N
    seen_N = tested_N & np.isin(table.design_N, np.unique(table.design_N[train_N]))
    seen, count = count_designs(table, seen_N), count_designs(table, tested_N)
    return Partition(
        train_N,
        tested_N,
        f"{description}; {seen} of {count} tested designs were trained on there",
        {"test_control_row_count": int((test_N & control_N).sum())},
    )


def by_condition(
    table: DesignTable, split: ConditionSplit, conditions: Collection[str]
) -> Partition:
    """Rows under other conditions than the one that is trained on."""
    name = split.covariate
    column = _column(table, name)
    if name not in conditions:
        raise refuse(
            f"covariate {name} has not the role condition; name the kind covariate",
            "split.covariate",
            name,
        )
    train_N, test_N, said = _sides(column, split, "value", f"covariate {name}")
    return _in_another_context(table, train_N, test_N, f"{name} = {said}")


def by_background(table: DesignTable, split: BackgroundSplit) -> Partition:
    """Rows of other backgrounds than the one that is trained on."""
    column = Coded(table.backgrounds, table.background_N)
    train_N, test_N, said = _sides(column, split, "background", "the data set")
    return _in_another_context(table, train_N, test_N, f"background {said}")


def _as_number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def in_sequence(values: Sequence[str]) -> list[str]:
    """Values by their numbers where all are finite numbers, else by their text."""
    numbers = [_as_number(value) for value in values]
    if not np.isfinite(numbers).all():
        return sorted(values)
    return [value for _, value in sorted(zip(numbers, values, strict=True))]


def _next_values(values: Sequence[str], split: ForwardSplit) -> tuple[int, int]:
    """Where the tested run begins and ends."""
    name = split.covariate
    if len(values) < 2:
        raise refuse(
            f"{name} has one value: forward chaining needs one before that which is tested",
            "split.covariate",
            name,
        )
    if split.folds is not None:
        if split.folds > len(values) - 1:
            raise refuse(
                f"{split.folds} folds of the {len(values) - 1} values after the first: name at "
                f"most {len(values) - 1}",
                "split.folds",
                split.folds,
            )
        run = np.array_split(np.arange(1, len(values)), split.folds)[split.fold]
        return int(run[0]), int(run[-1]) + 1
    place = len(values) - 1
    if split.test is not None:
        require_known([split.test], values, "value", "split.test", owner=f"covariate {name}")
        place = values.index(split.test)
    if place == 0:
        raise refuse(
            f"{name} = {values[0]} comes first: nothing before it could be trained on",
            "split.test",
            values[0],
        )
    return place, place + 1


def by_forward(table: DesignTable, split: ForwardSplit) -> Partition:
    """Every value before trains, the next are tested; later ones are in neither part."""
    name = split.covariate
    column = _column(table, name)
    present = [column.values[code] for code in np.unique(column.code_N[column.code_N >= 0])]
    values = in_sequence(present)
    begin, end = _next_values(values, split)
    test_N, train_N = column.where(tuple(values[begin:end])), column.where(tuple(values[:begin]))
    return set_apart(
        table,
        train_N,
        test_N,
        f"{name} = {', '.join(values[begin:end])}, trained on those before "
        f"({', '.join(values[:begin])})",
        {f"row_without_{name}_count": int((column.code_N < 0).sum())},
    )
