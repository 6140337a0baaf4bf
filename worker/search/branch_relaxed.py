"""A node's model as lines, compiled: what each edit that may still come adds, at most.

A node is a set of edits S, a list L of edits to choose `left` more from, and the model in between
replaced by lines: each hidden unit lies between two of one slope on the interval that the best and
the worst `left` edits of L leave it, at most one of a clique. So every weighted sum of outputs is
at most a constant and a sum over the edits chosen, and the best choice is the largest of these.
"""

import numpy as np
from numpy.typing import NDArray

from worker.compiled import compiled
from worker.search.branch_arrays import BranchArrays
from worker.search.branch_choice import group_ends, largest
from worker.search.branch_lines import exponential_line, gelu_line, relu_line
from worker.search.branch_state import Placed, Work

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@compiled
def relax(  # noqa: PLR0917
    t: BranchArrays, s: Placed, list_N: Codes, left: int, gelu_table: Floats, w: Work
) -> None:
    """Lines of all units and outputs of a node, and what each edit of its list adds to them."""
    count, labels = len(list_N), len(w.fixed_C) // len(w.line_3MH[0])
    for c in range(len(w.fixed_C)):
        w.fixed_C[c] = s.output_C[c]
        w.rest_2C[:, c] = 0.0
        for n in range(count):
            edit = list_N[n]
            w.add_CN[c, n] = t.single_CE[c, edit]
            if len(t.pair_CEE):
                w.add_CN[c, n] += s.pair_CE[c, edit]
    if t.layers:
        for m in range(len(w.line_3MH[0])):
            _relax_units(t, s, m, labels, list_N, left, gelu_table, w)
    if len(t.inner_C):
        for m in range(len(s.size_M)):
            _relax_sizes(t, s, m, labels, list_N, left, w)
    _relax_outputs(t, list_N, left, w)


@compiled
def _relax_units(  # noqa: PLR0917  # of a compiled function all are positional
    t: BranchArrays,
    s: Placed,
    m: int,
    labels: int,
    list_N: Codes,
    left: int,
    gelu_table: Floats,
    w: Work,
) -> None:
    count, units = len(list_N), t.base_MH.shape[1]
    part_NH = w.gathered_NK[:count, :units]
    for n in range(count):
        part_NH[n] = t.edit_MEH[m, list_N[n]]
    group_ends(t, list_N, part_NH, left, w)
    _lines(t, s.unit_MH[m], w.end_2K, gelu_table, w.line_3MH[:, m])
    if t.layers == 2:
        _relax_second(t, s, m, list_N, left, gelu_table, w)
    for c in range(m * labels, (m + 1) * labels):
        slope_H = w.slope_CH[c]
        _slopes(t, m, c, slope_H, w)
        for h in range(units):
            slope_H[h] *= w.line_3MH[0, m, h]
            w.fixed_C[c] += slope_H[h] * s.unit_MH[m, h]
        for n in range(count):
            total = 0.0
            row = t.edit_MEH[m, list_N[n]]
            for h in range(units):
                total += slope_H[h] * row[h]
            w.add_CN[c, n] += total


@compiled
def _slopes(t: BranchArrays, m: int, c: int, slope_H: Floats, w: Work) -> None:
    """What the first layer's units, after their activation, are multiplied with in an output."""
    if t.layers == 1:
        slope_H[:] = t.output_CH[c]
        return
    slope_H[:] = 0.0
    for g in range(t.output_CH.shape[1]):
        weight = t.output_CH[c, g] * w.second_3MG[0, m, g]
        w.fixed_C[c] += weight * t.second_base_MG[m, g]
        for h in range(len(slope_H)):
            slope_H[h] += weight * t.second_weight_MGH[m, g, h]


@compiled
def _lines(
    t: BranchArrays, base_H: Floats, end_2H: Floats, gelu_table: Floats, line_3H: Floats
) -> None:
    for h in range(len(base_H)):
        low, high = base_H[h] + end_2H[1, h], base_H[h] + end_2H[0, h]
        if t.is_gelu:
            slope, above, below = gelu_line(low, high, gelu_table)
        else:
            slope, above, below = relu_line(low, high)
        line_3H[0, h], line_3H[1, h], line_3H[2, h] = slope, above, below


@compiled
def _relax_second(  # noqa: PLR0917
    t: BranchArrays, s: Placed, m: int, list_N: Codes, left: int, gelu_table: Floats, w: Work
) -> None:
    """Intervals of the second layer are those of lines of the first, over all edits together."""
    units, wide = t.base_MH.shape[1], t.second_base_MG.shape[1]
    scaled_HG = np.empty((units, wide))
    base_G, end_2G = np.empty(wide), np.empty((2, wide))
    for g in range(wide):
        base, above, below = t.second_base_MG[m, g], 0.0, 0.0
        for h in range(units):
            weight = t.second_weight_MGH[m, g, h]
            scaled_HG[h, g] = weight * w.line_3MH[0, m, h]
            base += scaled_HG[h, g] * s.unit_MH[m, h]
            above += weight * w.line_3MH[1 if weight > 0 else 2, m, h]
            below += weight * w.line_3MH[2 if weight > 0 else 1, m, h]
        base_G[g], end_2G[0, g], end_2G[1, g] = base, above, below
    first_NH = np.empty((len(list_N), units))
    for n in range(len(list_N)):
        first_NH[n] = t.edit_MEH[m, list_N[n]]
    group_ends(t, list_N, np.dot(first_NH, scaled_HG), left, w)
    for g in range(wide):
        end_2G[0, g] += w.end_2K[0, g]
        end_2G[1, g] += w.end_2K[1, g]
    _lines(t, base_G, end_2G, gelu_table, w.second_3MG[:, m])


@compiled
def _relax_sizes(  # noqa: PLR0917
    t: BranchArrays, s: Placed, m: int, labels: int, list_N: Codes, left: int, w: Work
) -> None:
    """What saturates: a gain and a level between those of the least and the largest size."""
    count = len(list_N)
    part_NK = w.gathered_NK[:count, : labels + 1]
    for n in range(count):
        part_NK[n, labels] = t.size_ME[m, list_N[n]]
        for y in range(labels):
            part_NK[n, y] = t.inner_CE[m * labels + y, list_N[n]]
    group_ends(t, list_N, part_NK, left, w)
    least, most = s.size_M[m] + w.end_2K[1, labels], s.size_M[m] + w.end_2K[0, labels]
    for y in range(labels):
        c = m * labels + y
        one = max(least, 1.0) ** -t.exponent_C[c]
        other = max(most, 1.0) ** -t.exponent_C[c]
        slope, off = 0.5 * (one + other), 0.5 * abs(one - other)
        inner = s.inner_C[c]
        off *= max(abs(inner + w.end_2K[0, y]), abs(inner + w.end_2K[1, y]))
        w.fixed_C[c] += slope * inner
        for n in range(count):
            w.add_CN[c, n] += slope * t.inner_CE[c, list_N[n]]
        w.rest_2C[0, c] += off
        w.rest_2C[1, c] -= off
        for k in range(t.step_CK.shape[1]):
            step = t.step_CK[c, k]
            low = step * min(max(least - k, 0.0), 1.0)
            high = step * min(max(most - k, 0.0), 1.0)
            w.rest_2C[0, c] += max(low, high)
            w.rest_2C[1, c] += min(low, high)


@compiled
def _relax_outputs(t: BranchArrays, list_N: Codes, left: int, w: Work) -> None:
    """To the label's unit: a line for an exponential, and a plain factor otherwise."""
    top_R = np.empty(left)
    for c in range(len(w.fixed_C)):
        slope, above, below = 1.0, 0.0, 0.0
        if t.is_log_C[c]:
            ends = np.empty(2)
            for end in range(2):
                w.weight_C[:] = 0.0
                w.weight_C[c] = (1.0 - 2.0 * end) * t.spread_C[c]
                bound = combine(t, list_N, left, w)
                largest(t, list_N, w.coefficient_N, left, top_R)
                ends[end] = (1.0 - 2.0 * end) * (bound + top_R.sum()) + t.center_C[c]
            slope, above, below = exponential_line(min(ends[1], ends[0]), ends[0])
        w.unit_3C[0, c] = slope
        w.unit_3C[1, c], w.unit_3C[2, c] = above, below


@compiled
def combine(t: BranchArrays, list_N: Codes, left: int, w: Work) -> float:
    """A weighted sum of outputs is at most this and the sum of `w.coefficient_N` of what is chosen.

    Weights are `w.weight_C`.
    """
    count, members = len(list_N), len(w.line_3MH[0])
    labels = len(w.fixed_C) // members
    total = 0.0
    coefficient_N = w.coefficient_N[:count]
    coefficient_N[:] = 0.0
    for c in range(len(w.fixed_C)):
        weight = w.weight_C[c]
        if weight == 0.0:
            continue
        total += weight * (w.fixed_C[c] + w.rest_2C[0 if weight > 0 else 1, c])
        total += abs(weight) * t.slack_C[c]
        for n in range(count):
            coefficient_N[n] += weight * w.add_CN[c, n]
    if t.layers:
        for m in range(members):
            total += _units_rest(t, m, labels, w)
    if len(t.pair_CEE) and left > 1:
        _add_partners(t, list_N, left, w)
    return total


@compiled
def _units_rest(t: BranchArrays, m: int, labels: int, w: Work) -> float:
    """The lines' constants of a member's units, for the signs of their weights together."""
    total, units = 0.0, t.base_MH.shape[1]
    last = t.output_CH.shape[1]
    weight_H = np.zeros(units)
    for g in range(last):
        weight = 0.0
        for y in range(labels):
            weight += w.weight_C[m * labels + y] * t.output_CH[m * labels + y, g]
        if weight == 0.0:
            continue
        if t.layers == 1:
            weight_H[g] = weight
            continue
        total += weight * w.second_3MG[1 if weight > 0 else 2, m, g]
        weight *= w.second_3MG[0, m, g]
        for h in range(units):
            weight_H[h] += weight * t.second_weight_MGH[m, g, h]
    for h in range(units):
        total += weight_H[h] * w.line_3MH[1 if weight_H[h] > 0 else 2, m, h]
    return total


@compiled
def _add_partners(t: BranchArrays, list_N: Codes, left: int, w: Work) -> None:
    """Half of what each edit's best partners of the list add; each pair is counted twice."""
    count = len(list_N)
    top_R = np.empty(left)
    row_N = np.empty(count)
    for n in range(count):
        edit = list_N[n]
        for k in range(count):
            row_N[k] = -1e300
            if t.allowed_EE[edit, list_N[k]]:
                row_N[k] = 0.0
        for c in range(len(w.weight_C)):
            weight = w.weight_C[c]
            if weight != 0.0:
                pair_E = t.pair_CEE[c, edit]
                for k in range(count):
                    row_N[k] += weight * pair_E[list_N[k]]
        largest(t, list_N, row_N, left - 1, top_R)
        for r in range(left - 1):
            w.coefficient_N[n] += 0.5 * top_R[r]
