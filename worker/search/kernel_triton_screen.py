"""`kernel.c` in Triton: a program reads a tile of designs, and appends those that may be kept.

What passes a floor (of each stratum the worst that is kept so far) goes to the end of a list, whose
length is counted on where it is full: whoever reads more than the list holds raises the floor and
runs the same designs again. So nothing is lost, and memory does not depend on the designs.
"""

# ruff: noqa: ANN001, ANN201, ANN202, PLR0917  # triton reads annotations as types of its own

from typing import NamedTuple

import triton
import triton.language as tl
from torch import Tensor

from worker.search.kernel_triton_lists import keep, keep_rivals
from worker.search.kernel_triton_readings import keys, reading, row_of_table
from worker.search.kernel_triton_units import layered, rectified


class Goals(NamedTuple):
    """What ranks, limits, strata and fronts need, on the device; None: the screen has no such."""

    allowed: Tensor | None  # [E, padded]
    weight: Tensor
    penalty: Tensor
    limits: int
    limit_label: Tensor
    limit_sign: Tensor
    limit_factor: Tensor
    limit_least: Tensor
    sure_sign: Tensor
    sure_least: Tensor
    front_weight: Tensor | None  # [4, Y]
    front_penalty: Tensor | None
    front_slack: Tensor | None  # [4]
    stratum: Tensor | None  # [padded]
    strata: int
    bins: int
    bin_start: float
    bins_per_unit: float


@triton.jit
def _over_members(values, t, y, C: tl.constexpr):
    """Mean and sd of a label [P, Q] of values [C, P, Q] in the order (member, label)."""
    c = tl.arange(0, C)
    is_of = ((c % t.labels == y) & (c < t.members * t.labels))[:, None, None]
    mean = tl.sum(tl.where(is_of, values, 0.0), axis=0)
    sd = tl.zeros_like(mean)
    if t.members > 1:
        members = tl.zeros_like(mean) + t.members
        mean = tl.div_rn(mean, members)
        distance = tl.where(is_of, values - mean[None, :, :], 0.0)
        sd = tl.sqrt_rn(tl.div_rn(tl.sum(distance * distance, axis=0), members - 1.0))
    return mean, sd


@triton.jit
def _added(total, weight, mean, penalty, sd):
    """0 times infinity would be no number."""
    total = tl.where(weight != 0.0, total + weight * mean, total)
    return tl.where(penalty != 0.0, total - penalty * sd, total)


@triton.jit
def _keeps_to(mean, sd, sign, factor, least):
    value = sign * mean
    return tl.where(factor != 0.0, value - factor * sd, value) >= least


@triton.jit
def _read(
    t, first, row, k, live, IS_GELU: tl.constexpr, ORDER: tl.constexpr,
    P: tl.constexpr, Q: tl.constexpr, C: tl.constexpr, Y: tl.constexpr, G: tl.constexpr,
):  # fmt: skip
    """Values of all channels in their labels' units [C, P, Q]."""
    c = tl.arange(0, C)
    y = tl.arange(0, Y)
    values = tl.zeros((C, P, Q), tl.float32)
    for m in range(t.members):
        out = tl.zeros((Y, P, Q), tl.float32)
        if (t.unit is not None) and (t.positive is None):
            out = layered(t, m, first, row, k, IS_GELU, ORDER, P, Q, Y, G)
        for label in range(t.labels):
            if t.positive is not None:
                v = rectified(t, m * t.labels + label, first, row, k, ORDER, P, Q)
            else:
                v = tl.sum(tl.where((y == label)[:, None, None], out, 0.0), axis=0)
            v = reading(t, v, m, label, first, row, k, live, ORDER, P, Q)
            here = (c == m * t.labels + label)[:, None, None]
            values = tl.where(here, v[None, :, :], values)
    return values


@triton.jit
def _judge(
    t, g, found, first, row, k, live, count,
    capacity, rival_capacity, front_count, front_steps, is_lost,
    IS_GELU: tl.constexpr, ORDER: tl.constexpr, P: tl.constexpr, Q: tl.constexpr,
    C: tl.constexpr, Y: tl.constexpr, G: tl.constexpr,
):  # fmt: skip
    """Read a tile, count it, and append what may be kept."""
    values = _read(t, first, row, k, live, IS_GELU, ORDER, P, Q, C, Y, G)
    rank = tl.zeros((P, Q), tl.float32)
    low_a = tl.zeros((P, Q), tl.float32)
    low_b, high_a, high_b = low_a, low_a, low_a
    feasible = live
    sure = live
    for y in range(t.labels):
        mean, sd = _over_members(values, t, y, C)
        rank = _added(rank, tl.load(g.weight + y), mean, tl.load(g.penalty + y), sd)
        for n in range(g.limits):
            if tl.load(g.limit_label + n) == y:
                factor = tl.load(g.limit_factor + n)
                sign, least = tl.load(g.limit_sign + n), tl.load(g.limit_least + n)
                feasible = feasible & _keeps_to(mean, sd, sign, factor, least)
                sign, least = tl.load(g.sure_sign + n), tl.load(g.sure_least + n)
                sure = sure & _keeps_to(mean, sd, sign, factor, least)
        if g.front_weight is not None:
            w, p, step = g.front_weight + y, g.front_penalty + y, t.labels
            low_a = _added(low_a, tl.load(w), mean, tl.load(p), sd)
            w, p = w + step, p + step
            low_b = _added(low_b, tl.load(w), mean, tl.load(p), sd)
            w, p = w + step, p + step
            high_a = _added(high_a, tl.load(w), mean, tl.load(p), sd)
            w, p = w + step, p + step
            high_b = _added(high_b, tl.load(w), mean, tl.load(p), sd)
    feasible = feasible & (tl.abs(rank) <= 3.4028234663852886e38)  # neither infinite nor no number
    good = tl.sum(tl.sum(feasible.to(tl.int32), axis=0), axis=0)
    tl.atomic_add(found.counts, count.to(tl.int64), sem="relaxed")
    tl.atomic_add(found.counts + 1, (count - good).to(tl.int64), sem="relaxed")
    if found.histogram is not None:
        at = (rank - g.bin_start) * g.bins_per_unit
        at = tl.minimum(tl.maximum(at, -1.0), g.bins * 1.0) + 1.0
        one = tl.zeros((P, Q), tl.int64) + 1
        tl.atomic_add(found.histogram + at.to(tl.int32), one, mask=feasible, sem="relaxed")
    keep(t, g, found, feasible, rank, first, row, k, capacity, ORDER, P, Q)
    if g.front_weight is not None:
        keep_rivals(
            found, feasible, feasible & sure,
            low_a + tl.load(g.front_slack), low_b + tl.load(g.front_slack + 1),
            high_a + tl.load(g.front_slack + 2), high_b + tl.load(g.front_slack + 3),
            keys(t, first, row, k, ORDER, P, Q),
            front_count, front_steps, is_lost, rival_capacity, P * Q,
        )  # fmt: skip


@triton.jit(
    do_not_specialize=[
        *("begin", "end", "rows", "columns", "first_row", "first_column"),
        *("capacity", "rival_capacity", "front_count", "front_steps", "is_lost"),
    ]
)
def screen(
    t, g, found, begin, end, rows, columns, first_row, first_column,
    capacity, rival_capacity, front_count, front_steps, is_lost,
    IS_GELU: tl.constexpr, ORDER: tl.constexpr, P: tl.constexpr, Q: tl.constexpr,
    C: tl.constexpr, Y: tl.constexpr, G: tl.constexpr,
):  # fmt: skip
    """Designs whose first edit is from `begin` to `end`: P rows by Q last edits a program.

    Rows are the edits before the last: the second of a triple, the first of a pair.
    """
    program = tl.program_id(0)
    k = (first_column + program % columns) * Q + tl.arange(0, Q)
    row = (first_row + program // columns % rows) * P + tl.arange(0, P)
    first = (begin + program // (columns * rows)).to(tl.int64)
    is_k = k < t.edits
    is_row = row < t.edits
    live = k[None, :] > row[:, None]
    if ORDER == 1:
        is_k = is_k & (k >= begin) & (k < end)
        is_row = is_row & (row == 0)
        live = live | (k == 0)[None, :]
    if ORDER == 2:
        is_row = is_row & (row >= begin) & (row < end)
    if ORDER == 3:
        is_row = is_row & (row > first)
        if g.allowed is not None:
            open_to_first = g.allowed + first * t.padded
            is_row = is_row & (tl.load(open_to_first + row) != 0)
            is_k = is_k & (tl.load(open_to_first + k) != 0)
    live = live & is_row[:, None] & is_k[None, :]
    if ORDER > 1 and g.allowed is not None:
        at = g.allowed + row_of_table(t, row)[:, None] * t.padded + k[None, :]
        live = live & (tl.load(at) != 0)
    count = tl.sum(tl.sum(live.to(tl.int32), axis=0), axis=0)
    if count > 0:
        _judge(
            t, g, found, first, row, k, live, count,
            capacity, rival_capacity, front_count, front_steps, is_lost,
            IS_GELU, ORDER, P, Q, C, Y, G,
        )  # fmt: skip
