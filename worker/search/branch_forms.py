"""The value and the limits of a node's designs as sums over edits, compiled.

A form is sum_y mean_y mean - penalty_y sd. For every unit vector u of sum 0,
sd >= u . y / sqrt(M - 1) (Cauchy and Schwarz), so that the form is at most a weighted sum of the
members' outputs; u is taken along the members' deviations in the design that the last bound was met
at, where both are equal.
"""

import math

import numpy as np
from numpy.typing import NDArray

from worker.compiled import compiled
from worker.search.branch_arrays import BranchArrays
from worker.search.branch_choice import largest
from worker.search.branch_relaxed import combine
from worker.search.branch_state import Work

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

_TURNS = 2  # of u


@compiled
def form_bound(  # noqa: PLR0917  # of a compiled function all are positional
    t: BranchArrays, form: int, list_N: Codes, left: int, out_N: Floats, w: Work
) -> float:
    """What a form is at most, without the sum over the edits chosen of `out_N`."""
    members = len(w.member_M)
    labels = len(w.fixed_C) // members
    value_C = np.empty(len(w.fixed_C))
    top_R = np.empty(left)
    best, best_fixed = np.inf, np.inf
    has_penalty = members > 1 and t.penalty_FY[form].any()
    for c in range(len(value_C)):
        value_C[c] = t.mean_FY[form, c % labels] / members
    for turn in range(1 + _TURNS if has_penalty else 1):
        fixed = _weighted(t, list_N, left, value_C, w)
        place_R = largest(t, list_N, w.coefficient_N, left, top_R)
        bound = fixed + top_R[:left].sum()
        if turn == 0 or bound < best:
            best, best_fixed = bound, fixed
            out_N[: len(list_N)] = w.coefficient_N[: len(list_N)]
        if has_penalty and turn < _TURNS and place_R.min() >= 0:
            _turn(t, form, list_N, place_R, value_C, w)
    return best_fixed


@compiled
def _weighted(t: BranchArrays, list_N: Codes, left: int, value_C: Floats, w: Work) -> float:
    """`combine` for a weighted sum of values in the labels' units."""
    fixed = 0.0
    for c in range(len(value_C)):
        value = value_C[c]
        w.weight_C[c] = value * w.unit_3C[0, c] * t.spread_C[c]
        if t.is_log_C[c] and value != 0.0:
            fixed += value * w.unit_3C[0, c] * t.center_C[c]
            fixed += value * w.unit_3C[1 if value > 0 else 2, c]
            fixed += 1e-11 * abs(value * w.unit_3C[0, c]) * (1.0 + abs(t.center_C[c]))
        elif value != 0.0:
            fixed += value * t.center_C[c] + 1e-11 * abs(value * t.center_C[c])
    return fixed + combine(t, list_N, left, w)


@compiled
def _turn(  # noqa: PLR0917
    t: BranchArrays, form: int, list_N: Codes, place_R: Codes, value_C: Floats, w: Work
) -> None:
    """Weights of the members' values, with u along their deviations in one design."""
    members = len(w.member_M)
    labels = len(value_C) // members
    for y in range(labels):
        penalty = t.penalty_FY[form, y]
        for m in range(members):
            w.member_M[m] = _estimate(t, m * labels + y, m, list_N, place_R, w)
        length = _centered(w.member_M)
        if length > 0.0:  # twice: u has to be normal to the mean to the last digit
            w.member_M[:] /= length
            length = _centered(w.member_M)
        for m in range(members):
            value = t.mean_FY[form, y] / members
            if 0.5 < length < 2.0:
                # A little short of a unit vector, so that rounding keeps it within.
                share = w.member_M[m] / length * (1.0 - 1e-12)
                value -= penalty * share / math.sqrt(members - 1.0)
            value_C[m * labels + y] = value


@compiled
def _centered(value_M: Floats) -> float:
    """Take the mean off; the length of what is left."""
    value_M -= value_M.sum() / len(value_M)
    return math.sqrt((value_M * value_M).sum())


@compiled
def _estimate(  # noqa: PLR0917
    t: BranchArrays, c: int, m: int, list_N: Codes, place_R: Codes, w: Work
) -> float:
    """About what a member reads of a design: in the middle between its lines."""
    output = w.fixed_C[c] + 0.5 * (w.rest_2C[0, c] + w.rest_2C[1, c])
    if t.layers == 1:
        for h in range(t.output_CH.shape[1]):
            output += t.output_CH[c, h] * 0.5 * (w.line_3MH[1, m, h] + w.line_3MH[2, m, h])
    elif t.layers == 2:
        for g in range(t.output_CH.shape[1]):
            weight = t.output_CH[c, g]
            output += weight * 0.5 * (w.second_3MG[1, m, g] + w.second_3MG[2, m, g])
    for r in range(len(place_R)):
        output += w.add_CN[c, place_R[r]]
        if len(t.pair_CEE):
            for k in range(r):
                output += t.pair_CEE[c, list_N[place_R[r]], list_N[place_R[k]]]
    value = output * t.spread_C[c] + t.center_C[c]
    return math.exp(min(value, 300.0)) if t.is_log_C[c] else value
