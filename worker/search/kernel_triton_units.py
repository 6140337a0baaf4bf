"""`units.h` in Triton: hidden layers of all members, for a tile of designs.

Importing this imports triton. A tile is P rows by Q last edits `k`; the edits before the last are
`first` (of triples, one a tile) and `row` [P]. Tables are padded to whole tiles, so that nothing is
masked. A part that the screen has not is None, and left out when the kernel is compiled.
"""

# ruff: noqa: ANN001, ANN201, ANN202, PLR0917  # triton reads annotations as types of its own

from typing import NamedTuple

import triton
import triton.language as tl
from torch import Tensor

UNROLL = tl.constexpr(2)


class Tables(NamedTuple):
    """`KernelArrays` on the device. Units of all edits lie in one table, which is never negated."""

    edits: int
    padded: int
    labels: int
    members: int
    units: int
    second_units: int
    constant: Tensor  # [C]
    single: Tensor  # [C, padded]
    leading: Tensor  # [C, padded]
    pair: Tensor | None  # [tables, R, padded]
    pair_place: Tensor | None  # [C] which of the tables, -1 for none
    bound: Tensor | None  # [tables, R, padded]
    bound_place: Tensor | None  # [Y]
    table_size: int  # of one table
    triple_start: Tensor | None  # [Y + 1]
    triple_key: Tensor | None
    triple_value: Tensor | None
    triple_steps: int  # of a binary search
    inner_constant: Tensor | None
    inner: Tensor | None
    size_constant: Tensor | None
    size: Tensor | None
    exponent: Tensor | None
    step: Tensor | None
    unit_base: Tensor | None  # [N, H], negated where folded
    unit: Tensor | None  # [N, H, padded]
    positive: Tensor | None  # [N], folded only
    unit_count: Tensor | None
    second_base: Tensor | None  # [M, G]
    second_weight: Tensor | None  # [M, H, G]
    output: Tensor | None  # [M, Y, H or G]
    spread: Tensor
    center: Tensor
    is_log: Tensor | None


@triton.jit
def _gelu(x):
    """As lanes.h has it, in one polynomial of degree 14."""
    t = tl.minimum(tl.abs(x), 5.5)
    u = t * (2.0 / 5.5) - 1.0
    total = u * -3.613482761e-02 + 3.941794646e-02
    total = total * u + 1.548701871e-01
    total = total * u + -2.353381758e-01
    total = total * u + -1.858717924e-01
    total = total * u + 5.475190941e-01
    total = total * u + -1.918572854e-01
    total = total * u + -4.606147442e-01
    total = total * u + 6.386255522e-01
    total = total * u + -2.602256243e-01
    total = total * u + -1.802354490e-01
    total = total * u + 3.086630609e-01
    total = total * u + -1.912020417e-01
    total = total * u + 6.057845849e-02
    total = total * u + -8.194849292e-03
    return tl.maximum(x, 0.0) + total


@triton.jit
def _activated(x, IS_GELU: tl.constexpr):
    return _gelu(x) if IS_GELU else tl.maximum(x, 0.0)


@triton.jit
def _unit(t, n, h, first, row, k, ORDER: tl.constexpr, P: tl.constexpr):
    """A unit before its activation: with the edits before the last [P], and what that adds [Q]."""
    at = n * t.units + h
    edits = t.unit + at * t.padded.to(tl.int64)
    last = tl.load(edits + k)
    before = tl.zeros((P,), tl.float32) + tl.load(t.unit_base + at)
    if ORDER == 3:
        one = tl.load(edits + first)
        before = before + one if t.positive is None else before - one
    if ORDER > 1:
        two = tl.load(edits + row)
        before = before + two if t.positive is None else before - two
    return before, last


@triton.jit
def rectified(
    t, c, first, row, k,
    ORDER: tl.constexpr, P: tl.constexpr, Q: tl.constexpr,
):  # fmt: skip
    """A folded layer [P, Q]: relu(x + a) = max(a, -x) + x, and x is summed in `leading`."""
    total = tl.zeros((P, Q), tl.float32)
    positive = tl.load(t.positive + c)
    for h in tl.range(positive, loop_unroll_factor=UNROLL):
        least, a = _unit(t, c, h, first, row, k, ORDER, P)
        total += tl.maximum(a[None, :], least[:, None])
    for h in tl.range(positive, tl.load(t.unit_count + c), loop_unroll_factor=UNROLL):
        least, a = _unit(t, c, h, first, row, k, ORDER, P)
        total -= tl.maximum(a[None, :], least[:, None])
    return total


@triton.jit
def layered(
    t, m, first, row, k,
    IS_GELU: tl.constexpr, ORDER: tl.constexpr,
    P: tl.constexpr, Q: tl.constexpr, Y: tl.constexpr, G: tl.constexpr,
):  # fmt: skip
    """Layers of one member, as each label reads them [Y, P, Q]; Y and G are powers of two."""
    y = tl.arange(0, Y)
    out = tl.zeros((Y, P, Q), tl.float32)
    if t.second_weight is None:
        for h in tl.range(t.units, loop_unroll_factor=UNROLL):
            x, a = _unit(t, m, h, first, row, k, ORDER, P)
            active = _activated(x[:, None] + a[None, :], IS_GELU)
            at = t.output + (m * t.labels + y) * t.units + h
            weight = tl.load(at, mask=y < t.labels, other=0.0)
            out += weight[:, None, None] * active[None, :, :]
    else:
        g = tl.arange(0, G)
        is_g = g < t.second_units
        second = tl.zeros((G, P, Q), tl.float32)
        for h in tl.range(t.units, loop_unroll_factor=UNROLL):
            x, a = _unit(t, m, h, first, row, k, ORDER, P)
            active = _activated(x[:, None] + a[None, :], IS_GELU)
            at = t.second_weight + (m * t.units + h) * t.second_units + g
            weight = tl.load(at, mask=is_g, other=0.0)
            second += weight[:, None, None] * active[None, :, :]
        base = tl.load(t.second_base + m * t.second_units + g, mask=is_g, other=0.0)
        active = _activated(second + base[:, None, None], IS_GELU)
        for label in range(t.labels):
            at = t.output + (m * t.labels + label) * t.second_units + g
            weight = tl.load(at, mask=is_g, other=0.0)
            value = tl.sum(weight[:, None, None] * active, axis=0)
            out = tl.where((y == label)[:, None, None], value[None, :, :], out)
    return out
