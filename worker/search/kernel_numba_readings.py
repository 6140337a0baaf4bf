"""`units.h` and `readings.h` in numba: the heads of all members, for the lanes of one block."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.losses.compiled import compiled

Singles = NDArray[np.float32]
_STEPS = 8


class Tables(NamedTuple):
    """`KernelArrays`, with members and labels apart; see screen.h.

    What a function is given is copied: one that is called for every unit or design is given the
    arrays that it reads, and not all of these.
    """

    edits: int
    lanes: int
    layers: int
    is_gelu: bool
    is_folded: bool
    constant: Singles
    single: Singles
    leading: Singles
    pair: Singles
    bound: Singles
    triple_start: NDArray[np.int64]
    triple_key: NDArray[np.int64]
    triple_value: Singles
    inner_constant: Singles
    inner: Singles
    size_constant: Singles
    size: Singles
    exponent: Singles
    step: Singles
    unit_base: Singles
    unit_edit: Singles
    unit_block: Singles
    positive: NDArray[np.int64]
    second_base: Singles
    second_weight: Singles
    output: Singles
    spread: Singles
    center: Singles
    is_log: NDArray[np.int64]


@compiled
def read_lanes(t: Tables, first: int, second: int, start: int, out: Singles) -> None:
    """Values [M, Y, lanes] in labels' units of designs (first, second, start + lane)."""
    members, labels, lanes = out.shape
    block = start // lanes
    x_H = np.empty(t.unit_base.shape[1], dtype=np.float32)
    for m in range(members):
        if not t.layers:
            out[m] = 0
        elif t.is_folded:
            for y in range(labels):
                c = m * labels + y
                _before(t.unit_base[c], t.unit_edit[c], first, second, x_H)
                _rectified(x_H, t.unit_block[c, block], t.positive[c], out[m, y])
        else:
            _before(t.unit_base[m], t.unit_edit[m], first, second, x_H)
            _layered(t, m, x_H, block, out[m])
        for y in range(labels):
            _finish(t, m, y, first, second, start, out[m, y])


@compiled
def _before(base_H: Singles, edit_EH: Singles, first: int, second: int, x_H: Singles) -> None:
    """Units before the activation, without the last edit."""
    for h in range(len(x_H)):
        x_H[h] = base_H[h]
    if first >= 0:
        for h in range(len(x_H)):
            x_H[h] += edit_EH[first, h]
    if second >= 0:
        for h in range(len(x_H)):
            x_H[h] += edit_EH[second, h]


@compiled
def _rectified(least_H: Singles, block_HK: Singles, positive: int, out: Singles) -> None:
    out[:] = 0
    for h in range(len(least_H)):
        least = least_H[h]
        if h < positive:
            for k in range(len(out)):
                out[k] += max(block_HK[h, k], least)
        else:  # a unit without weight is 0 as well
            for k in range(len(out)):
                out[k] -= max(block_HK[h, k], least)


@compiled
def _activation(x: np.float32, is_gelu: bool) -> np.float32:
    if is_gelu:
        share = np.float32(math.erf(x * np.float32(0.70710677)))
        return np.float32(0.5) * x * (np.float32(1) + share)
    return x if x > 0 else np.float32(0)


@compiled
def _layered(t: Tables, m: int, x_H: Singles, block: int, out: Singles) -> None:
    labels, lanes = out.shape
    layer, block_HK = np.empty((len(x_H), lanes), dtype=np.float32), t.unit_block[m, block]
    for h in range(len(x_H)):
        x = x_H[h]
        for k in range(lanes):
            layer[h, k] = _activation(block_HK[h, k] + x, t.is_gelu)
    if t.layers == 2:
        layer = np.dot(t.second_weight[m], layer)
        base_G = t.second_base[m]
        for g in range(len(layer)):
            x = base_G[g]
            for k in range(lanes):
                layer[g, k] = _activation(layer[g, k] + x, t.is_gelu)
    for y in range(labels):
        out[y] = 0
        for h in range(len(layer)):
            out[y] += t.output[m, y, h] * layer[h]


@compiled
def _sum_of(constant: np.float32, row: Singles, first: int, second: int) -> np.float32:
    total = constant
    if first >= 0:
        total += row[first]
    if second >= 0:
        total += row[second]
    return total


@compiled
def _finish(  # noqa: PLR0917  # of a compiled function all are positional
    t: Tables, m: int, y: int, first: int, second: int, start: int, out: Singles
) -> None:
    """From what hidden units add to the label's unit."""
    c, end = m * t.constant.shape[1] + y, start + len(out)
    out += _sum_of(t.constant[m, y], t.leading[m, y], first, second) + t.single[m, y, start:end]
    if len(t.pair) and first >= 0:
        out += t.pair[c, first, start:end]
        if second >= 0:
            out += t.pair[c, second, start:end] + t.pair[c, first, second]
    if len(t.inner):
        _saturate(t, m, c, first, second, start, out)
    if len(t.bound):
        _cap(t.bound[y], first, second, start, out)
    if len(t.triple_start) and second >= 0:
        _cap_triples(t, y, first, second, start, out)
    for k in range(len(out)):
        out[k] = out[k] * t.spread[y] + t.center[y]
        if t.is_log[y]:
            out[k] = np.exp(min(out[k], np.float32(88)))


@compiled
def _saturate(  # noqa: PLR0917
    t: Tables, m: int, c: int, first: int, second: int, start: int, out: Singles
) -> None:
    inner = _sum_of(t.inner_constant[c], t.inner[c], first, second)
    size = _sum_of(t.size_constant[m], t.size[m], first, second)
    for k in range(len(out)):
        count = size + t.size[m, start + k]
        gain = max(count, np.float32(1)) ** -t.exponent[c]
        out[k] += gain * (inner + t.inner[c, start + k])
        for place in range(_STEPS):
            part = min(max(count - np.float32(place), np.float32(0)), np.float32(1))
            out[k] += t.step[c, place] * part


@compiled
def _cap(bound: Singles, first: int, second: int, start: int, out: Singles) -> None:
    for k in range(len(out)):
        out[k] = min(out[k], bound[max(first, 0), start + k])
        if second >= 0:
            out[k] = min(out[k], bound[second, start + k], bound[first, second])


@compiled
def _cap_triples(  # noqa: PLR0917
    t: Tables, y: int, first: int, second: int, start: int, out: Singles
) -> None:
    """Bounds of whole triples."""
    row = (first * t.edits + second) * t.edits
    begin, end = t.triple_start[y], t.triple_start[y + 1]
    place = begin + np.searchsorted(t.triple_key[begin:end], row + start)
    while place < end and t.triple_key[place] < row + min(start + len(out), t.edits):
        k = t.triple_key[place] - row - start
        out[k] = min(out[k], t.triple_value[place])
        place += 1
