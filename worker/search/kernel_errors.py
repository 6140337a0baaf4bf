"""How far a kernel's float32 may be from float64, at most: a bound for every design at once.

Every rounding is at most half a unit in the last place of the largest that its result can be, and
a sum of n terms is off by at most n such units of the sum of their sizes (Higham 2002, section
4.2). Sizes are bounded by the largest of the edits' parts. The bound is rarely met: errors cancel.
"""

from dataclasses import dataclass

import numpy as np

from worker.search.tables import Floats, ScreenTables, Singles, SizeTables, UnitTables

UNIT = 2.0**-24
# Of the polynomial in lanes.h against GELU, and the steepest that GELU is.
GELU_ERROR = 8e-7
GELU_SLOPE = 1.13
_EXPONENTIAL = 4 * UNIT  # relative, of `exponential` and `logarithm` in lanes.h


@dataclass(frozen=True)
class LabelErrors:
    """Largest errors of the members' values of each label [Y], and what an sd makes of them.

    Those of a logarithmic label are relative, of others absolute; the other kind is 0. No value is
    above the largest, which is infinite for a logarithmic label.
    """

    absolute_Y: Floats
    relative_Y: Floats
    largest_Y: Floats
    members: int

    def of(self, mean_Y: Floats, sd_Y: Floats) -> float:
        """Absolute error of a sum of means and sd with these factors."""
        spread = np.sqrt(self.members / max(1, self.members - 1))
        return float(self.absolute_Y @ (np.abs(mean_Y) + 1.05 * spread * np.abs(sd_Y)))

    def rise(self, mean_Y: Floats, sd_Y: Floats) -> Floats:
        """How much of a logarithmic label's mean has to be added to be above the exact sum [Y].

        Values are above 0, so that the sum of their squares is at most the square of their sum.
        """
        spread = self.members / np.sqrt(max(1, self.members - 1))
        rise_Y: Floats = self.relative_Y * (np.abs(mean_Y) + 1.05 * spread * np.abs(sd_Y))
        return rise_Y


def label_errors(
    tables: ScreenTables, unit_part: tuple[Floats, Floats] | None = None
) -> LabelErrors:
    """Errors of a screen's labels, in their units.

    `unit_part` is the error and size [M, Y] of hidden units where they are read in another way.
    """
    error_MY, size_MY = _outside(tables)
    units = unit_part or _units(tables.units, tables.order)
    for part in (_saturated(tables.sizes, tables.order), units):
        if part is not None:
            error_MY, size_MY = error_MY + part[0], size_MY + part[1]
    size_MY = np.maximum(size_MY, _bounds(tables))
    spread_Y = np.abs([label.spread for label in tables.labels])
    center_Y = np.abs([label.center for label in tables.labels])
    is_log_Y = np.array([label.is_log for label in tables.labels])
    value_MY = size_MY * spread_Y + center_Y
    error_MY = (error_MY + 4 * UNIT * size_MY) * spread_Y + 4 * UNIT * value_MY
    summed = (tables.member_count + 8) * UNIT  # the mean over members, and the rank
    absolute_Y = (error_MY + summed * value_MY).max(axis=0)
    relative_Y = np.expm1(error_MY.max(axis=0) + _EXPONENTIAL) + summed
    return LabelErrors(
        absolute_Y=np.where(is_log_Y, 0.0, absolute_Y),
        relative_Y=np.where(is_log_Y, relative_Y, 0.0),
        largest_Y=np.where(is_log_Y, np.inf, value_MY.max(axis=0)),
        members=tables.member_count,
    )


def _largest(array: Floats | Singles, axis: int = -1) -> Floats:
    largest: Floats = np.abs(array).max(axis=axis, initial=0.0)
    return largest


def _outside(tables: ScreenTables) -> tuple[Floats, Floats]:
    """Error and size of what is outside the gain [M, Y]."""
    size_MY = np.abs(tables.outside_MY) + tables.order * _largest(tables.single_MYE)
    pairs = tables.order * (tables.order - 1) // 2
    for (m, y), table_EE in tables.pair.items():
        size_MY[m, y] += pairs * float(_largest(table_EE).max(initial=0.0))
    return 12 * UNIT * size_MY, size_MY


def _bounds(tables: ScreenTables) -> Floats:
    """Size of what values may be held to [Y]."""
    size_Y = np.zeros(len(tables.labels))
    parts = [*tables.bound.items(), *((y, part.value_Q) for y, part in tables.triple.items())]
    for y, value in parts:
        size_Y[y] = max(size_Y[y], np.abs(value[np.isfinite(value)]).max(initial=0.0))
    return size_Y


def _saturated(sizes: SizeTables | None, order: int) -> tuple[Floats, Floats] | None:
    """The same of gain * inner + level."""
    if sizes is None:
        return None
    inner_MY = np.abs(sizes.inner_MY) + order * _largest(sizes.inner_MYE)
    count_M1 = (np.abs(sizes.size_M) + order * _largest(sizes.size_ME))[:, None]
    count_error_M1 = 6 * UNIT * count_M1
    log_M1 = np.log(np.maximum(count_M1, 1.0))
    gain_error_MY = sizes.exponent_MY * count_error_M1 + _EXPONENTIAL * (
        2 + sizes.exponent_MY * (2 + log_M1)
    )
    step_MY = np.abs(sizes.step_MYK).sum(axis=-1)
    steepest_MY = 2 * _largest(sizes.step_MYK)
    error_MY = inner_MY * (gain_error_MY + 6 * UNIT)
    error_MY += steepest_MY * count_error_M1 + 12 * UNIT * step_MY
    return error_MY, inner_MY + step_MY


def _units(units: UnitTables | None, order: int) -> tuple[Floats, Floats] | None:
    """The same of hidden layers."""
    if units is None:
        return None
    edit_MH = order * _largest(units.edit_MEH, axis=1)
    size_MH = np.abs(units.base_MH) + edit_MH
    weight_MYO = np.abs(units.output_MYH)
    if units.second_weight_MGH is None and not units.is_gelu:
        # Folded: sums of x and of max(a, -x), each of as many terms as there are units.
        size_MY = np.einsum("myh,mh->my", weight_MYO, size_MH)
        return (2 * units.base_MH.shape[1] + 16) * UNIT * size_MY, size_MY
    error_MH, size_MH = _activated(5 * UNIT * size_MH, size_MH, units.is_gelu)
    if units.second_weight_MGH is not None and units.second_base_MG is not None:
        weight_MGH = np.abs(units.second_weight_MGH)
        inputs = weight_MGH.shape[2] + 2
        base_MG = np.abs(units.second_base_MG)
        sum_MG = np.einsum("mgh,mh->mg", weight_MGH, size_MH) + base_MG
        error_MG = np.einsum("mgh,mh->mg", weight_MGH, error_MH) + inputs * UNIT * sum_MG
        error_MH, size_MH = _activated(error_MG, sum_MG, units.is_gelu)
    size_MY = np.einsum("myh,mh->my", weight_MYO, size_MH)
    error_MY = np.einsum("myh,mh->my", weight_MYO, error_MH)
    return error_MY + (weight_MYO.shape[2] + 2) * UNIT * size_MY, size_MY


def _activated(error: Floats, size: Floats, is_gelu: bool) -> tuple[Floats, Floats]:
    if not is_gelu:
        return error, size
    return GELU_SLOPE * error + GELU_ERROR + 2 * UNIT * size, size
