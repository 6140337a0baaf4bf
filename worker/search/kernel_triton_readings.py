"""`readings.h` in Triton: from what hidden units add to labels in their units, for a tile.

Nothing is approximate: no TF32, divisions and roots are rounded as IEEE says, exponentials are
those of lanes.h, so that `kernel_errors` bounds what float32 is off. Importing this imports triton.
"""

# ruff: noqa: ANN001, ANN201, ANN202, PLR0917  # triton reads annotations as types of its own

import triton
import triton.language as tl


@triton.jit
def _exponential(x):
    """As lanes.h has it: x is held between -87 and 88. tl.exp is off by 40 times as much."""
    x = tl.minimum(tl.maximum(x, -87.0), 88.0)
    shifted = x * 1.44269504 + 12582912.0  # 1.5 * 2^23: rounds to an integer
    n = shifted - 12582912.0
    r = (x - n * 0.693359375) + n * 2.12194440e-4
    p = r * 1.9875691500e-4 + 1.3981999507e-3
    p = p * r + 8.3334519073e-3
    p = p * r + 4.1665795894e-2
    p = p * r + 1.6666665459e-1
    p = p * r + 5.0000001201e-1
    scale = ((n.to(tl.int32) + 127) << 23).to(tl.float32, bitcast=True)
    return (p * r * r + r + 1.0) * scale


@triton.jit
def _logarithm(x):
    """Of x >= 1."""
    bits = x.to(tl.int32, bitcast=True)
    exponent = (bits - 0x3F3504F3) >> 23  # mantissa from sqrt(1/2) to sqrt(2)
    m = (bits - exponent * 8388608).to(tl.float32, bitcast=True) - 1.0
    s = tl.div_rn(m, m + 2.0)
    q = s * s
    series = 0.66666666 + q * (0.4 + q * (0.28571429 + q * (0.22222222 + q * 0.2)))
    return exponent.to(tl.float32) * 0.69314718 + (2.0 * s + s * q * series)


@triton.jit
def row_of_table(t, row):
    """Rows of a table of pairs, which has none for the edits that are none."""
    return tl.minimum(row, t.edits - 1).to(tl.int64)


@triton.jit
def _before(constant, table, n, padded, first, row, ORDER: tl.constexpr, P: tl.constexpr):
    """What edits before the last add to a constant [P]."""
    total = tl.zeros((P,), tl.float32) + tl.load(constant + n)
    if ORDER == 3:
        total += tl.load(table + n * padded + first)
    if ORDER > 1:
        total += tl.load(table + n * padded + row)
    return total


@triton.jit
def _saturated(t, v, m, c, padded, first, row, k, ORDER: tl.constexpr, P: tl.constexpr):
    """Add max(n, 1)^-exponent times what adds up, and a level for each size."""
    size = _before(t.size_constant, t.size, m, padded, first, row, ORDER, P)
    inner = _before(t.inner_constant, t.inner, c, padded, first, row, ORDER, P)
    count = size[:, None] + tl.load(t.size + m * padded + k)[None, :]
    level = tl.zeros_like(v)
    for place in tl.static_range(8):
        part = tl.minimum(tl.maximum(count - place, 0.0), 1.0)
        level += tl.load(t.step + c * 8 + place) * part
    v += level
    gained = inner[:, None] + tl.load(t.inner + c * padded + k)[None, :]
    exponent = tl.load(t.exponent + c)
    if exponent != 0.0:
        gained *= _exponential(-exponent * _logarithm(tl.maximum(count, 1.0)))
    return v + gained


@triton.jit
def _capped(t, v, y, padded, first, row, k, ORDER: tl.constexpr):
    """Hold values to the bounds of pairs, or of single edits."""
    place = tl.load(t.bound_place + y)
    if place >= 0:
        table = t.bound + place * t.table_size.to(tl.int64)
        if ORDER == 1:
            least = tl.load(table + k)
            v = tl.minimum(v, least[None, :])
        else:
            at = table + row_of_table(t, row)[:, None] * padded + k[None, :]
            v = tl.minimum(v, tl.load(at))
        if ORDER == 3:
            table += first * padded
            least = tl.load(table + k)
            v = tl.minimum(v, least[None, :])
            least = tl.load(table + row)
            v = tl.minimum(v, least[:, None])
    return v


@triton.jit
def _capped_as_a_whole(t, v, y, key, live):
    """Hold triples to their own bounds, which lie in the order of their keys."""
    last = tl.load(t.triple_start + y + 1)
    low = tl.zeros_like(key) + tl.load(t.triple_start + y)
    high = tl.zeros_like(key) + last
    for _ in range(t.triple_steps):
        searching = live & (low < high)
        middle = (low + high) // 2
        is_before = tl.load(t.triple_key + middle, mask=searching, other=0) < key
        low = tl.where(searching & is_before, middle + 1, low)
        high = tl.where(searching & (is_before == 0), middle, high)
    there = live & (low < last)
    is_there = there & (tl.load(t.triple_key + low, mask=there, other=-1) == key)
    least = tl.load(t.triple_value + low, mask=is_there, other=float("inf"))
    return tl.minimum(v, least)


@triton.jit
def keys(t, first, row, k, ORDER: tl.constexpr, P: tl.constexpr, Q: tl.constexpr):
    """Designs as numbers [P, Q], in the order of their edits: (first E + row) E + last."""
    key = tl.zeros((P, Q), tl.int64) + k[None, :]
    if ORDER > 1:
        key += row.to(tl.int64)[:, None] * t.edits
    if ORDER == 3:
        key += first * t.edits * t.edits
    return key


@triton.jit
def _paired(t, v, c, padded, first, row, k, ORDER: tl.constexpr):
    """Add a quadratic head's products of two edits, and lower orders of a difference."""
    place = tl.load(t.pair_place + c)
    if place >= 0:
        table = t.pair + place * t.table_size.to(tl.int64)
        v += tl.load(table + row_of_table(t, row)[:, None] * padded + k[None, :])
        if ORDER == 3:
            table += first * padded
            v += tl.load(table + row)[:, None] + tl.load(table + k)[None, :]
    return v


@triton.jit
def _in_unit(t, v, y):
    v = v * tl.load(t.spread + y) + tl.load(t.center + y)
    if t.is_log is not None:
        is_log = tl.load(t.is_log + y) != 0
        if is_log:
            v = _exponential(v)
    return v


@triton.jit
def reading(t, v, m, y, first, row, k, live, ORDER: tl.constexpr, P: tl.constexpr, Q: tl.constexpr):
    """From what hidden units add to a label in its unit [P, Q]."""
    c = m * t.labels + y
    padded = t.padded.to(tl.int64)
    outside = _before(t.constant, t.leading, c, padded, first, row, ORDER, P)
    v += outside[:, None] + tl.load(t.single + c * padded + k)[None, :]
    if ORDER > 1 and t.pair is not None:
        v = _paired(t, v, c, padded, first, row, k, ORDER)
    if t.inner is not None:
        v = _saturated(t, v, m, c, padded, first, row, k, ORDER, P)
    if t.bound is not None:
        v = _capped(t, v, y, padded, first, row, k, ORDER)
    if ORDER == 3 and t.triple_start is not None:
        v = _capped_as_a_whole(t, v, y, keys(t, first, row, k, ORDER, P, Q), live)
    return _in_unit(t, v, y)
