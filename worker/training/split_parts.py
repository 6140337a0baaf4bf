"""The two parts of a split, and what keeps them apart."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from worker.data.table import DesignTable

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Partition:
    """Rows of the two parts. `description` says in words how they were told apart."""

    train_N: Flags
    test_N: Flags
    description: str
    left_out: Mapping[str, int] = field(default_factory=dict)


def controls_of(table: DesignTable) -> Flags:
    """Marked controls, and designs without edits."""
    empty_K = np.array([design.order == 0 for design in table.designs], dtype=bool)
    control_N: Flags = table.is_control_N | empty_K[table.design_N]
    return control_N


def count_designs(table: DesignTable, rows_N: Flags) -> int:
    """How many designs there are among some rows."""
    return len(np.unique(table.design_N[rows_N]))


def set_apart(
    table: DesignTable,
    train_N: Flags,
    test_N: Flags,
    description: str,
    left_out: Mapping[str, int] | None = None,
) -> Partition:
    """Take from the test part the controls, and the groups and designs that are trained on.

    A group holds a design with its replicates and rebuilds. Controls may be in every group, and put
    none on a side; a design that trains as a control is not tested in another row.
    """
    control_N = controls_of(table)
    both_N = np.isin(table.group_N, np.unique(table.group_N[train_N & ~control_N]))
    both_N |= np.isin(table.design_N, np.unique(table.design_N[train_N]))
    seen_N = test_N & both_N & ~control_N
    return Partition(
        train_N=train_N,
        test_N=test_N & ~both_N & ~control_N,
        description=description,
        left_out={
            "test_control_row_count": int((test_N & control_N).sum()),
            "design_on_both_sides_count": count_designs(table, seen_N),
            **(left_out or {}),
        },
    )
