"""SupCR's sums over the rows around each anchor, compiled. Importing this imports numba.

`taken` holds the rows of a label column in falling order of their distance from an anchor. The
running sum over it is the denominator; back outwards, the running sum of the inverse denominators
is what the gradient needs. The anchor itself is the last step and has no term of its own.
"""

# ruff: noqa: PLR0917  # numba has no keyword-only arguments

import math
from functools import partial

import numpy as np

from worker.losses.compiled import Doubles, Flags, Floats, Integers, compiled
from worker.losses.supcr_merge import ANCHORS, Indices, four_anchors

# Below this share of the row's largest term, sums of shifted exponentials lose digits in float32.
_LEAST = 1e-30


@partial(compiled, fastmath={"reassoc"})
def _sum_of(values: Floats, present: Floats) -> float:
    """In float64, in an order of the compiler's."""
    total = 0.0
    for k in range(len(values)):
        total += np.float64(values[k]) * np.float64(present[k])
    return total


@compiled
def sum_but(values: Floats, present: Floats, anchor: int) -> float:
    """The sum without the anchor's value, which may be infinite."""
    held = values[anchor]
    values[anchor] = 0
    total = _sum_of(values, present)
    values[anchor] = held
    return total


@compiled
def narrow_to(taken: Indices, n: int, present: Floats, out: Indices) -> None:
    """Leave out the rows that are not present."""
    kept = 0
    for step in range(n):
        k = taken[step]
        out[kept] = k
        kept += present[k] != 0


@compiled
def put_last(taken: Indices, n: int, anchor: int) -> None:
    """Move the anchor to the end of the last group, its own: the order in a group is free."""
    step = n - 1
    while taken[step] != anchor:
        step -= 1
    taken[step], taken[n - 1] = taken[n - 1], anchor


@compiled
def _put_anchors_last(
    taken: Indices, at: Integers, n: int, anchors: Integers, is_tied: Flags
) -> None:
    for a in range(ANCHORS):
        if is_tied[a]:
            put_last(taken[at[a]], n, anchors[a])


@compiled
def find_fresh(taken: Indices, n: int, label: Doubles, here: float, fresh: Flags) -> None:
    """Whether a step's distance differs from the one before."""
    before = -1.0
    for step in range(n):
        distance = abs(label[taken[step]] - here)
        fresh[step] = distance != before
        before = distance


@compiled
def _running_sums(
    exps: Floats, rows: Integers, taken: Indices, at: Integers, n: int, tail: Doubles
) -> None:
    """Running sums of the terms, four anchors at a time."""
    e0, e1, e2, e3 = exps[rows[0]], exps[rows[1]], exps[rows[2]], exps[rows[3]]
    k0, k1, k2, k3 = taken[at[0]], taken[at[1]], taken[at[2]], taken[at[3]]
    t0, t1, t2, t3 = tail[0], tail[1], tail[2], tail[3]
    s0 = s1 = s2 = s3 = 0.0
    for step in range(n):
        s0, s1 = s0 + e0[k0[step]], s1 + e1[k1[step]]
        s2, s3 = s2 + e2[k2[step]], s3 + e3[k3[step]]
        t0[step], t1[step], t2[step], t3[step] = s0, s1, s2, s3


@compiled
def share(values: Doubles, fresh: Flags, n: int) -> None:
    """Give every step of a group the value of the group's last step."""
    value = values[n - 1]
    for back in range(1, n):
        step = np.uint64(n - 1 - back)
        value = values[step] if fresh[step + np.uint64(1)] else value
        values[step] = value


@compiled
def _share_outwards(values: Doubles, fresh: Flags, n: int) -> None:
    """Give every step of a group the value of the group's first step."""
    value = values[0]
    for step in range(n):
        value = values[step] if fresh[step] else value
        values[step] = value


@compiled
def _held(product: float) -> bool:
    return 1e-150 < product < 1e150


@compiled
def _sum_of_logs(values: Doubles, n: int) -> float:
    """A logarithm is taken only before one of four products of the values leaves the range.

    The values are at least `_LEAST`, so four of them at once cannot leap out of float64.
    """
    a = b = c = d = 1.0
    total = 0.0
    whole = n - n % 16
    for at in range(0, whole, 16):
        a *= (values[at] * values[at + 1]) * (values[at + 2] * values[at + 3])
        b *= (values[at + 4] * values[at + 5]) * (values[at + 6] * values[at + 7])
        c *= (values[at + 8] * values[at + 9]) * (values[at + 10] * values[at + 11])
        d *= (values[at + 12] * values[at + 13]) * (values[at + 14] * values[at + 15])
        if not (_held(a) and _held(b) and _held(c) and _held(d)):
            total += math.log(a) + math.log(b) + math.log(c) + math.log(d)
            a = b = c = d = 1.0
    for at in range(whole, n):
        total += math.log(values[at])
    return total + math.log(a) + math.log(b) + math.log(c) + math.log(d)


@compiled
def _invert(values: Doubles, n: int, scale: float) -> None:
    for step in range(n):
        values[step] = scale / values[step]


@compiled
def _add_shares(
    tail: Doubles, taken: Indices, at: Integers, n: int, rows: Integers, grad: Floats
) -> None:
    """Running sums outwards, each added to its row's share; two anchors at a time."""
    for a in range(0, ANCHORS, 2):
        g0, g1 = grad[rows[a]], grad[rows[a + 1]]
        k0, k1 = taken[at[a]], taken[at[a + 1]]
        t0, t1 = tail[a], tail[a + 1]
        s0 = s1 = 0.0
        for back in range(n):
            step = np.uint64(n - 1 - back)
            s0, s1 = s0 + t0[step], s1 + t1[step]
            g0[k0[step]] += grad.dtype.type(s0)
            g1[k1[step]] += grad.dtype.type(s1)


@compiled
def _add_tied_shares(tail: Doubles, taken: Indices, fresh: Flags, n: int, grad: Floats) -> None:
    total = 0.0
    for back in range(n):
        inner = np.uint64(n - 1 - back)
        total += tail[inner]
        tail[inner] = total
    _share_outwards(tail, fresh, n)
    for step in range(n):
        grad[taken[step]] += tail[step]


@compiled
def _close(
    exps: Floats, taken: Indices, n: int, label: Doubles, anchor: int, fresh: Flags, tail: Doubles
) -> None:  # fmt: skip
    """Let ties share their denominators; those of the anchor's own label may hold its term."""
    tail[n - 1] = tail[n - 2] + exps[anchor]
    find_fresh(taken, n, label, label[anchor], fresh)
    share(tail, fresh, n)


@compiled
def _add_all_shares(
    tail: Doubles, taken: Indices, at: Integers, n: int, rows: Integers, found: int,
    is_tied: Flags, fresh: Flags, grad: Floats,
) -> None:  # fmt: skip
    if not is_tied.any():
        _add_shares(tail, taken, at, n, rows, grad)
        return
    for a in range(found):
        if not is_tied[a]:
            fresh[a] = True
        _add_tied_shares(tail[a], taken[at[a]], fresh[a], n, grad[rows[a]])


@compiled
def _add_column(
    logits: Floats, exps: Floats, shift: Floats, start: int, taken: Indices, tied: Flags,
    count: int, label: Doubles, present: Floats, n: int, scale: float,
    gradient: bool, loss: Doubles, grad: Floats, wide: Flags,
) -> None:  # fmt: skip
    fresh = np.empty((ANCHORS, len(present)), np.bool_)
    tail = np.empty((ANCHORS, len(present)), np.float64)
    narrow = np.empty((ANCHORS, len(present)), taken.dtype)
    is_tied = np.empty(ANCHORS, np.bool_)
    four = np.empty(ANCHORS, np.int64)
    each = np.arange(ANCHORS)
    wanted = present[start : start + len(logits)] != 0
    found, after = four_anchors(wanted, 0, four)
    while found > 0:
        rows, at = (taken, four) if n == count else (narrow, each)
        if n < count:
            for a in range(ANCHORS):
                narrow_to(taken[four[a]], count, present, narrow[a])
        is_tied[:] = tied[four]
        _put_anchors_last(rows, at, n, start + four, is_tied)
        _running_sums(exps, four, rows, at, n - 1, tail)
        for a in range(found):
            row = four[a]
            if is_tied[a]:
                _close(exps[row], rows[at[a]], n, label, start + row, fresh[a], tail[a])
            if tail[a, 0] < _LEAST:
                wide[row] = True
                tail[a, : n - 1] = 0
                continue
            logit = sum_but(logits[row], present, start + row) - (n - 1) * np.float64(shift[row])
            loss[row] += scale * (_sum_of_logs(tail[a], n - 1) - logit)
            _invert(tail[a], n - 1, scale)
        tail[found:, : n - 1] = 0
        if gradient:
            _add_all_shares(tail, rows, at, n - 1, four, found, is_tied, fresh, grad)
        found, after = four_anchors(wanted, after, four)


@compiled
def add_sums(
    logits: Floats, exps: Floats, shift: Floats, start: int,
    taken: Indices, tied: Flags, count: Integers,
    label: Doubles, present: Floats, own: Integers, scale: Doubles,
    gradient: bool, loss: Doubles, grad: Floats, wide: Flags,
) -> None:  # fmt: skip
    """Add the losses, and the shares of the terms in them to `grad`, all from running sums.

    An anchor that needs logarithms is left out and marked in `wide`, [Y, anchors].

    Args:
        logits: of the anchors `start`, `start` + 1, ...: [anchors, N].
        exps: exponentials of the logits less `shift`; an anchor's own is 0 where it is to stay
            out of its denominators.
        shift: the largest logit of each anchor.
        start: which row the first anchor is.
        taken: [Y, anchors, N] as `merge_column` fills it, for all rows that any view has.
        tied: likewise.
        count: how many rows those are, a label column each.
        label: [Y, N].
        present: [Y, N], 1 where the view has a label.
        own: how many labels the view has, a column each.
        scale: what a pair weighs, a column each.
        gradient: whether `grad` is wanted.
        loss: [anchors].
        grad: [anchors, N].
        wide: [Y, anchors].
    """
    for y in range(len(taken)):
        if own[y] >= 2:
            _add_column(
                logits, exps, shift, start, taken[y], tied[y], count[y], label[y], present[y],
                own[y], scale[y], gradient, loss, grad, wide[y],
            )  # fmt: skip


@compiled
def to_gradient(shares: Floats, exps: Floats, weight: Floats, start: int, wide: Flags) -> None:
    """Make of the shares what they are of: each row's term times its share, less its weight.

    The weight [Y, N] of an anchor or a row is 0 in columns where it has no label.
    """
    for row in range(len(shares)):
        share = shares[row]
        share *= exps[row]
        for y in range(len(weight)):
            if weight[y, start + row] != 0 and not wide[y, row]:
                share -= weight[y]
        share[start + row] = 0
