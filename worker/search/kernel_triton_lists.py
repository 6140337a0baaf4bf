"""Lists of designs that may be kept, which programs append to: see `kernel_triton_screen`.

Importing this imports triton.
"""

# ruff: noqa: ANN001, ANN201, ANN202, PLR0917  # triton reads annotations as types of its own

from typing import NamedTuple

import triton
import triton.language as tl
from torch import Tensor

from worker.search.kernel_triton_readings import keys


class Lists(NamedTuple):
    """What programs write, and the floors and the front that designs are held against."""

    counts: Tensor  # [4] evaluated, infeasible, passed the floor, not beaten by the front
    floor_value: Tensor  # [strata]
    floor_key: Tensor  # [strata] of equal values the greatest key that passes
    value: Tensor  # [capacity]
    key: Tensor  # [capacity] (i E + j) E + k
    histogram: Tensor | None  # [bins + 2]
    front_value: Tensor | None  # [front capacity, 2] falling first, rising second values
    front_key: Tensor | None
    rival_value: Tensor | None  # [rival capacity, 4] two values at least, and at most
    rival_key: Tensor | None  # twice the key, and one more where it is surely feasible


@triton.jit
def _place(count, passing, SIZE: tl.constexpr):
    """Where in a list each design that passes goes, and whether it does, [SIZE] both."""
    flat = tl.reshape(passing.to(tl.int32), (SIZE,))
    start = tl.atomic_add(count, tl.sum(flat, axis=0).to(tl.int64), sem="relaxed")
    return start + tl.cumsum(flat, axis=0) - flat, flat != 0


@triton.jit
def _any(flags):
    return tl.max(tl.max(flags.to(tl.int32), axis=0), axis=0) != 0


@triton.jit
def _strata(g, first, row, k, ORDER: tl.constexpr, P: tl.constexpr, Q: tl.constexpr):
    stratum = tl.zeros((P, Q), tl.int32) + tl.load(g.stratum + k)[None, :]
    if ORDER > 1:
        stratum += tl.load(g.stratum + row)[:, None]
    if ORDER == 3:
        stratum += tl.load(g.stratum + first)
    return tl.minimum(stratum, g.strata - 1)


@triton.jit
def keep(
    t, g, found, passing, rank, first, row, k, capacity,
    ORDER: tl.constexpr, P: tl.constexpr, Q: tl.constexpr,
):  # fmt: skip
    """Append what is not below the floor."""
    if g.stratum is None:
        value, most = tl.load(found.floor_value), tl.load(found.floor_key)
    else:
        stratum = _strata(g, first, row, k, ORDER, P, Q)
        value = tl.load(found.floor_value + stratum)
        most = tl.load(found.floor_key + stratum)
    passing = passing & (rank >= value)
    if _any(passing):
        key = keys(t, first, row, k, ORDER, P, Q)
        passing = passing & ((rank > value) | (key <= most))
        place, here = _place(found.counts + 2, passing, P * Q)
        here = here & (place < capacity)
        tl.store(found.value + place, tl.reshape(rank, (P * Q,)), mask=here)
        tl.store(found.key + place, tl.reshape(key, (P * Q,)), mask=here)


@triton.jit
def _count_above(found, a, front_count, front_steps):
    """How many of the front have a first value that is not below a."""
    low = tl.zeros_like(a).to(tl.int32)
    high = low + front_count
    for _ in range(front_steps):
        searching = low < high
        middle = (low + high) // 2
        is_above = tl.load(found.front_value + 2 * middle, mask=searching, other=0.0) >= a
        low = tl.where(searching & is_above, middle + 1, low)
        high = tl.where(searching & (is_above == 0), middle, high)
    return low


@triton.jit
def _is_beaten(found, a, b, front_count, front_steps):
    """Whether some of the front is at least as good in both values and better in one."""
    last = _count_above(found, a, front_count, front_steps) - 1
    there = last >= 0
    first = tl.load(found.front_value + 2 * last, mask=there, other=0.0)
    second = tl.load(found.front_value + 2 * last + 1, mask=there, other=0.0)
    return there & ((second > b) | ((second == b) & (first > a)))


@triton.jit
def _is_held(found, a, b, key, front_count, front_steps):
    """Whether the front stays as it is with this design: of equals it has the least key."""
    last = _count_above(found, a, front_count, front_steps) - 1
    there = last >= 0
    first = tl.load(found.front_value + 2 * last, mask=there, other=0.0)
    second = tl.load(found.front_value + 2 * last + 1, mask=there, other=0.0)
    is_same = (first == a) & (second == b)
    held = tl.load(found.front_key + last, mask=there, other=0) <= key
    return there & ((second > b) | ((second == b) & ((is_same == 0) | held)))


@triton.jit
def keep_rivals(
    found, feasible, sure, low_a, low_b, high_a, high_b, key,
    front_count, front_steps, is_lost, rival_capacity, SIZE: tl.constexpr,
):  # fmt: skip
    """Append what the front does not beat; where rivals are lost, what changes the front."""
    passing = feasible & sure
    if is_lost == 0:
        beaten = _is_beaten(found, high_a, high_b, front_count, front_steps)
        passing = feasible & (beaten == 0)
    else:
        held = _is_held(found, low_a, low_b, key, front_count, front_steps)
        passing = passing & (held == 0)
    if _any(passing):
        place, here = _place(found.counts + 3, passing, SIZE)
        here = here & (place < rival_capacity)
        at = found.rival_value + 4 * place
        tl.store(at, tl.reshape(low_a, (SIZE,)), mask=here)
        tl.store(at + 1, tl.reshape(low_b, (SIZE,)), mask=here)
        tl.store(at + 2, tl.reshape(high_a, (SIZE,)), mask=here)
        tl.store(at + 3, tl.reshape(high_b, (SIZE,)), mask=here)
        told = 2 * key + sure.to(tl.int64)
        tl.store(found.rival_key + place, tl.reshape(told, (SIZE,)), mask=here)
