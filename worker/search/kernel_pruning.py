"""What a design has to be able to reach, as the arrays of float32 that kernels read: `prune.h`.

A rank is a sum of means less sds. Where members' values are read within errors e of a label, a mean
is off by at most the mean of e, and an sd, a norm of deviations, by at most that of e,
|e| / sqrt(M - 1). Of a logarithmic label values are off by a factor; the square root of the sum of
their squares is at most their sum.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from worker.search.kernel_errors import (
    GELU_ERROR,
    GELU_SLOPE,
    UNIT,
    label_errors,
)
from worker.search.kernel_objective import ScreenObjective
from worker.search.separable import SeparableUnits, separable_units
from worker.search.tables import Floats, ScreenTables, Singles, UnitTables


@dataclass(frozen=True)
class Pruning:
    """See screen.h. As many designs as are kept reach `floor` [strata].

    No design does whose bound is below `least`.
    """

    terms: int
    node: Singles
    term_block: Singles
    term_single: Singles
    room: Singles
    room_share: Singles | None
    least: Singles
    floor: Singles


class Shape(Protocol):
    """Of `KernelArrays`: edits in whole blocks, and edits of a block."""

    @property
    def padded(self) -> int: ...

    @property
    def lanes(self) -> int: ...


def pruning_arrays(
    tables: ScreenTables,
    objective: ScreenObjective,
    shape: Shape,
    *,
    terms: int,
    floor_S: Floats,
) -> Pruning:
    """Arrays for tables of one hidden layer of GELU.

    Args:
        tables: of order 2 or 3.
        objective: ranks.
        shape: of the screen's own arrays.
        terms: of each unit.
        floor_S: float32 ranks that as many designs as are kept of each stratum reach, -inf where
            they are too few.
    """
    units = _units_of(tables)
    found = separable_units(units, tables.order, terms)
    errors, exact = label_errors(tables, _rounding(units, found)), label_errors(tables)
    weight_Y, penalty_Y = objective.factors(len(tables.labels))
    # Three times: of the floor, of the design, and of the same design by another kernel.
    margin = 3 * exact.of(weight_Y, penalty_Y) + errors.of(weight_Y, penalty_Y)
    relative_Y = 3 * exact.relative_Y + errors.relative_Y
    error_MYE = np.einsum("myh,meh->mye", np.abs(units.output_MYH), found.error_MEH)
    room_E, share_YE = _rooms(tables, error_MYE, weight_Y, penalty_Y, relative_Y)
    level_MYE = np.einsum("myh,meh->mye", units.output_MYH, found.level_MEH)
    width, count = shape.padded, tables.edit_count
    single_CE = (tables.single_MYE + level_MYE).reshape(-1, count)
    term_MTE = found.term_MERH.transpose(0, 2, 3, 1).reshape(tables.member_count, -1, count)
    blocks_MTBL = _padded(term_MTE, width).reshape(*term_MTE.shape[:2], -1, shape.lanes)
    return Pruning(
        terms=terms,
        node=np.ascontiguousarray(found.node_MRH, dtype=np.float32),
        term_block=np.ascontiguousarray(blocks_MTBL.transpose(0, 2, 1, 3)),
        term_single=_padded(single_CE, width),
        room=_padded(_raised(room_E), width),
        room_share=_padded(_raised(share_YE), width) if share_YE.any() else None,
        least=np.nextafter((floor_S - margin).astype(np.float32), np.float32(-np.inf)),
        floor=floor_S.astype(np.float32),
    )


def _units_of(tables: ScreenTables) -> UnitTables:
    if tables.units is None:
        raise ValueError("there are no hidden units to bound")
    return tables.units


def _rooms(
    tables: ScreenTables,
    error_MYE: Floats,
    weight_Y: Floats,
    penalty_Y: Floats,
    relative_Y: Floats,
) -> tuple[Floats, Floats]:
    """How much more a rank may be [E], and how much more in shares of each label's mean [Y, E]."""
    spread_Y1 = np.abs([[label.spread] for label in tables.labels])
    is_log_Y1 = np.array([[label.is_log] for label in tables.labels])
    error_MYE = error_MYE * spread_Y1
    deviations = np.sqrt(max(1, tables.member_count - 1))
    size_Y1, penalty_Y1 = np.abs(weight_Y)[:, None], penalty_Y[:, None]
    norm_YE = np.linalg.norm(error_MYE, axis=0) / deviations
    room_YE = size_Y1 * error_MYE.mean(axis=0) + penalty_Y1 * norm_YE
    factor_YE = np.expm1(error_MYE.max(axis=0) + relative_Y[:, None])
    share_YE = (size_Y1 + penalty_Y1 * tables.member_count / deviations) * factor_YE
    return np.where(is_log_Y1, 0, room_YE).sum(axis=0), np.where(is_log_Y1, share_YE, 0)


def _rounding(units: UnitTables, found: SeparableUnits) -> tuple[Floats, Floats]:
    """Error of float32 in sums of terms, and their size [M, Y]: as in `kernel_errors`."""
    edit_MH = np.abs(units.edit_MEH).max(axis=1)
    size_MH = found.prefix_MH + edit_MH + np.abs(found.node_MRH).max(axis=1)
    read_MH = GELU_ERROR + (5 * GELU_SLOPE + 2) * UNIT * size_MH
    step_MRH = GELU_SLOPE * np.abs(found.node_MRH[:, 1:] - found.node_MRH[:, :1])
    term_MRH = np.abs(found.term_MERH).max(axis=1)
    term_error_MH = (term_MRH * (2 * read_MH[:, None] + 4 * UNIT * step_MRH)).sum(axis=1)
    term_size_MH = size_MH + (term_MRH * step_MRH).sum(axis=1) + np.abs(found.level_MEH).max(axis=1)
    weight_MYH = np.abs(units.output_MYH)
    error_MY = np.einsum("myh,mh->my", weight_MYH, read_MH + term_error_MH)
    size_MY = np.einsum("myh,mh->my", weight_MYH, term_size_MH)
    count = weight_MYH.shape[2] * (1 + term_MRH.shape[1])
    return error_MY + (count + 8) * UNIT * size_MY, size_MY


def _padded(array: Floats, width: int) -> Singles:
    padded = np.zeros((*array.shape[:-1], width), dtype=np.float32)
    padded[..., : array.shape[-1]] = array
    return padded


def _raised(array: Floats) -> Floats:
    """No less after it was rounded to float32, and added with a rounding or two."""
    raised: Floats = array * (1 + 8 * UNIT)
    return raised
