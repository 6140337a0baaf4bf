"""GELU of a sum of two parts as a sum of products of each, with a proven error.

A hidden unit of a screen reads gelu(p + a), p of a prefix and a of the last edit. It is smooth, and
so nearly

    gelu(p + n_0) + level(a) + sum over r of term_r(a) (gelu(p + n_r) - gelu(p + n_0))

with few nodes n: interpolation in a, whose factors are those of least squares over p. What depends
on p alone, or on a alone, costs a design nothing, and a term one multiplication and addition.

The error is the largest residual on a grid of p and a, and what may lie between: linear in a
between two points of the grid, so that the residual is a mean of theirs and gelu's own distance
from its chord; and a function's distance from its chord is at most step^2 / 8 times its greatest
second derivative (de Boor 1978, A Practical Guide to Splines, chapter 3).
"""

from dataclasses import dataclass

import numpy as np
import torch

from worker.search.tables import Floats, UnitTables

_PREFIXES, _EDITS = 129, 65  # points of the grid of each unit
_BEND = 2 / np.sqrt(2 * np.pi)  # of gelu at 0, the greatest
# Nodes beside an edit's mean, in standard deviations over edits.
_NODES = {1: (-0.5, 0.5), 2: (0.0, -1.2, 1.2), 3: (-1.5, -0.5, 0.5, 1.5)}
MOST_TERMS = max(_NODES)


@dataclass(frozen=True)
class SeparableUnits:
    """Hidden units of members M as sums of R terms.

    Attributes:
        node_MRH: R + 1 nodes of each unit.
        term_MERH: what an edit's factors are, if it is the last one.
        level_MEH: what it adds by itself.
        error_MEH: how far a unit may be from gelu, whatever the prefix.
        prefix_MH: the size of the largest prefix.
    """

    node_MRH: Floats
    term_MERH: Floats
    level_MEH: Floats
    error_MEH: Floats
    prefix_MH: Floats


def gelu(x: Floats) -> Floats:
    """The product of x and P(N < x), in float64."""
    found: Floats = torch.nn.functional.gelu(torch.from_numpy(np.ascontiguousarray(x))).numpy()
    return found


def separable_units(units: UnitTables, order: int, terms: int) -> SeparableUnits:
    """Of designs of `order` edits, 2 or 3; one hidden layer of GELU."""
    base_MH, edit_MEH = units.base_MH, units.edit_MEH
    sorted_MEH = np.sort(edit_MEH, axis=1)
    least_MH = base_MH + sorted_MEH[:, : order - 1].sum(axis=1)
    most_MH = base_MH + sorted_MEH[:, 1 - order :].sum(axis=1)
    place_R1 = np.array(_NODES[terms])[:, None]
    node_MRH = np.stack(
        [edit_EH.mean(axis=0) + place_R1 * edit_EH.std(axis=0) for edit_EH in edit_MEH]
    )
    parts = [
        _fit(least_MH[m], most_MH[m], sorted_MEH[m, [0, -1]], node_MRH[m], edit_MEH[m])
        for m in range(len(base_MH))
    ]
    factor_MERH, error_MEH = map(np.stack, zip(*parts, strict=True))
    return SeparableUnits(
        node_MRH=node_MRH,
        term_MERH=factor_MERH[:, :, 1:],
        level_MEH=factor_MERH[:, :, 0],
        error_MEH=error_MEH,
        prefix_MH=np.maximum(np.abs(least_MH), np.abs(most_MH)),
    )


def _fit(
    least_H: Floats, most_H: Floats, range_2H: Floats, node_RH: Floats, edit_EH: Floats
) -> tuple[Floats, Floats]:
    """Level and factors [E, R + 1, H] of edits, and their errors [E, H]."""
    prefix_HN, step_H = _grid(least_H, most_H, _PREFIXES)
    part_HA, width_H = _grid(range_2H[0], range_2H[1], _EDITS)
    start_HN = gelu(prefix_HN + node_RH[0][:, None])
    basis_HNR = np.stack(
        [
            np.ones_like(start_HN),
            *(gelu(prefix_HN + n_H[:, None]) - start_HN for n_H in node_RH[1:]),
        ],
        axis=2,
    )
    wanted_HNA = gelu(prefix_HN[:, :, None] + part_HA[:, None, :]) - start_HN[:, :, None]
    square_HRR = basis_HNR.transpose(0, 2, 1) @ basis_HNR
    ridge_H11 = 1e-11 * np.trace(square_HRR, axis1=1, axis2=2)[:, None, None]
    factor_HRA = np.linalg.solve(
        square_HRR + ridge_H11 * np.eye(len(node_RH)), basis_HNR.transpose(0, 2, 1) @ wanted_HNA
    )
    left_HNA = wanted_HNA - basis_HNR @ factor_HRA
    low_HA, high_HA = left_HNA.min(axis=1), left_HNA.max(axis=1)
    factor_HRA[:, 0] += (low_HA + high_HA) / 2
    bends_HA = 1 + np.abs(1 - factor_HRA[:, 1:].sum(axis=1)) + np.abs(factor_HRA[:, 1:]).sum(axis=1)
    error_HA = (high_HA - low_HA) / 2 + _BEND / 8 * step_H[:, None] ** 2 * bends_HA
    place_EH = (edit_EH - range_2H[0]) / np.where(width_H > 0, width_H, 1.0)
    below_HE = np.clip(place_EH.T.astype(np.int64), 0, _EDITS - 2)
    above_HE = place_EH.T - below_HE

    def between(value_HA: Floats) -> Floats:
        low_HE, high_HE = (np.take_along_axis(value_HA, below_HE + n, axis=1) for n in (0, 1))
        found: Floats = (low_HE + above_HE * (high_HE - low_HE)).T
        return found

    factor_ERH = np.stack([between(value_HA) for value_HA in factor_HRA.swapaxes(0, 1)], axis=1)
    return factor_ERH, between(error_HA) + _BEND / 8 * width_H**2


def _grid(least_H: Floats, most_H: Floats, count: int) -> tuple[Floats, Floats]:
    """Points [H, count], and how far they are apart [H]."""
    step_H = (most_H - least_H) / (count - 1)
    return least_H[:, None] + step_H[:, None] * np.arange(count), step_H
