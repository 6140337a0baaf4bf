"""Observations: what replicates of one build come to.

Hierarchy: design -> build -> replicate. Replicates of one build (and of one batch) are averaged on
the learned scale into one observation, so that every build has the same weight however often it
was measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.contract.designs import Design
from worker.data.table import DesignTable

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Part:
    """Observations of one part. `designs` are distinct; labels are on the learned scale.

    `row_R` are the table's rows that went into it, `unit_R` the observation of each, and
    `row_label_RY` their labels as measured.
    """

    designs: tuple[Design, ...]
    design_N: Codes
    group_N: Codes
    label_NY: Floats
    row_count_K: Codes
    batch_NC: Codes
    row_R: Codes
    unit_R: Codes
    row_label_RY: Floats

    def __len__(self) -> int:
        return len(self.design_N)

    def measured(self) -> Floats:
        """Labels of the observations as measured, with the offsets of their batches [N, Y]."""
        columns = [_nan_mean(value_R, self.unit_R, len(self)) for value_R in self.row_label_RY.T]
        return np.stack(columns, axis=1)

    def design_means(self) -> Floats:
        """Mean of each design's observations [K, Y]; NaN where it has no label."""
        total_KY = np.zeros((len(self.designs), self.label_NY.shape[1]))
        count_KY = np.zeros_like(total_KY)
        present_NY = ~np.isnan(self.label_NY)
        np.add.at(total_KY, self.design_N, np.where(present_NY, self.label_NY, 0.0))
        np.add.at(count_KY, self.design_N, present_NY)
        return np.where(count_KY > 0, total_KY / np.maximum(count_KY, 1), np.nan)


def part_of(
    table: DesignTable, rows_N: Flags, learned_NY: Floats, batch_covariates: Sequence[str]
) -> Part:
    """Average replicates; keep each design once, in the order of the genotypes."""
    keys = [table.design_N, table.group_N, table.build_N]
    keys += [table.covariates[name].code_N for name in batch_covariates]
    key_NK = np.stack([key[rows_N] for key in keys], axis=1)
    unit_UK, unit_N = np.unique(key_NK, axis=0, return_inverse=True)
    unit_N = unit_N.reshape(-1)
    kept, design_U = np.unique(unit_UK[:, 0], return_inverse=True)
    columns = [_nan_mean(column_N, unit_N, len(unit_UK)) for column_N in learned_NY[rows_N].T]
    return Part(
        designs=tuple(table.designs[k] for k in kept),
        design_N=design_U.reshape(-1),
        group_N=unit_UK[:, 1],
        label_NY=np.stack(columns, axis=1),
        row_count_K=np.bincount(table.design_N[rows_N], minlength=len(table.designs))[kept],
        batch_NC=unit_UK[:, 3:],
        row_R=np.flatnonzero(rows_N),
        unit_R=unit_N,
        row_label_RY=learned_NY[rows_N],
    )


def _nan_mean(value_N: Floats, unit_N: Codes, units: int) -> Floats:
    present_N = ~np.isnan(value_N)
    total_U = np.bincount(unit_N[present_N], weights=value_N[present_N], minlength=units)
    count_U = np.bincount(unit_N[present_N], minlength=units)
    return np.where(count_U > 0, total_U / np.maximum(count_U, 1), np.nan)
