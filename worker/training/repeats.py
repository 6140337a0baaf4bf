"""Repeated measurements: rows of one build, and builds of one design.

A build is what `build_column` says; without one, the rows of one design in one batch. Builds of a
design count as such in one background and one condition alone. Every row of the table that has a
label and is no control counts, on whichever side of the split it is: noise is no prediction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.contract.datasets import CovariateColumn
from worker.data.table import DesignTable
from worker.training.gene_sets import gene_sets
from worker.training.labels import ChosenLabel
from worker.training.split_parts import controls_of

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Spread:
    """Sums of squares about the mean of what is repeated, one a cluster of designs [C].

    Their ratio is the variance of one repeat. `design_count` designs have repeats, `repeat_count`
    of them.
    """

    square_C: Floats
    freedom_C: Floats
    design_count: int
    repeat_count: int

    @property
    def variance(self) -> float:
        """Of one repeat."""
        return float(self.square_C.sum() / self.freedom_C.sum())


@dataclass(frozen=True)
class Repeats:
    """Rows with their builds, and builds with their designs (in one context) and gene sets."""

    value_RY: Floats
    sd_RY: Floats
    unit_R: Codes
    key_U: Codes
    cluster_D: Codes

    def within_builds(self, y: int, *, log: bool) -> Spread | None:
        """Spread of the rows of a build; None where no build has two."""
        value_R, unit_R = self._rows(y, log=log)
        return _spread(value_R, unit_R, self.cluster_D[self.key_U])

    def across_builds(self, y: int, *, log: bool) -> Spread | None:
        """Spread of the builds of a design, batches included; None where no design has two."""
        value_R, unit_R = self._rows(y, log=log)
        units = np.unique(unit_R)
        total_U = np.bincount(unit_R, weights=value_R, minlength=len(self.key_U))
        count_U = np.bincount(unit_R, minlength=len(self.key_U))
        return _spread(total_U[units] / count_U[units], self.key_U[units], self.cluster_D)

    def given_sds(self, y: int, *, log: bool) -> Spread | None:
        """Variance by the uploaded sds of the rows; None without them."""
        sd_R, value_R = self.sd_RY[:, y], self.value_RY[:, y]
        if log:
            with np.errstate(divide="ignore", invalid="ignore"):
                sd_R = sd_R / value_R  # to first order: d log x = dx / x
        known_R = np.isfinite(sd_R) & np.isfinite(value_R)
        if not known_R.any():
            return None
        cluster_R = self.cluster_D[self.key_U[self.unit_R[known_R]]]
        return Spread(
            _sums(cluster_R, sd_R[known_R] ** 2),
            _sums(cluster_R, np.ones(len(cluster_R))),
            len(np.unique(self.key_U[self.unit_R[known_R]])),
            int(known_R.sum()),
        )

    def _rows(self, y: int, *, log: bool) -> tuple[Floats, Codes]:
        value_R = self.value_RY[:, y]
        if log:
            with np.errstate(divide="ignore", invalid="ignore"):
                value_R = np.log(value_R)
        kept_R = np.isfinite(value_R)
        return value_R[kept_R], self.unit_R[kept_R]


def _sums(code_N: Codes, value_N: NDArray[Any]) -> Floats:
    return np.bincount(code_N, weights=value_N).astype(np.float64, copy=False)


def _spread(value_N: Floats, of_N: Codes, cluster_U: Codes) -> Spread | None:
    """Pooled spread of values about the mean of what they are `of`."""
    units = len(cluster_U)
    count_U = np.bincount(of_N, minlength=units)
    mean_U = np.bincount(of_N, weights=value_N, minlength=units) / np.maximum(count_U, 1)
    square_U = np.bincount(of_N, weights=(value_N - mean_U[of_N]) ** 2, minlength=units)
    twice_U = count_U > 1
    if not twice_U.any():
        return None
    return Spread(
        _sums(cluster_U[twice_U], square_U[twice_U]),
        _sums(cluster_U[twice_U], count_U[twice_U] - 1.0),
        int(twice_U.sum()),
        int(count_U[twice_U].sum()),
    )


def _codes(*columns: Codes) -> Codes:
    codes: Codes = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)[1].reshape(-1)
    return codes


def repeats_of(
    table: DesignTable, labels: Sequence[ChosenLabel], covariates: Sequence[CovariateColumn]
) -> Repeats:
    """The repeats of a table; values in the labels' units, below the detection limit as the limit.

    Rows below the detection limit say little of noise, and are counted as all others.
    """
    rows = np.flatnonzero(~controls_of(table))
    known = [c for c in covariates if c.name in table.covariates and c.known_at == "design"]
    conditions = [table.covariates[c.name].code_N[rows] for c in known if c.role == "condition"]
    batches = [table.covariates[c.name].code_N[rows] for c in known if c.role == "batch"]
    key_R = _codes(table.design_N[rows], table.background_N[rows], *conditions)
    unit_R = _codes(key_R, table.build_N[rows], *batches)
    _, first_U = np.unique(unit_R, return_index=True)
    _, first_D = np.unique(key_R, return_index=True)
    nothing = np.full(len(table), np.nan)
    return Repeats(
        value_RY=np.stack([x.clip(table.labels[x.column.name])[rows] for x in labels], axis=1),
        sd_RY=np.stack([table.sds.get(x.column.name, nothing)[rows] for x in labels], axis=1),
        unit_R=unit_R,
        key_U=key_R[first_U],
        cluster_D=gene_sets([table.designs[k] for k in table.design_N[rows][first_D]]),
    )
