"""The compiled loops of the CPU kernel. Importing this imports numba.

`taken` holds the rows of a label column in falling order of their distance from an anchor,
`fresh` whether a step's distance differs from the one before. The anchor itself is the last step.
Unsigned indices spare numba's test for negative ones.
"""

# ruff: noqa: PLR0917  # numba has no keyword-only arguments

import math
from collections.abc import Callable
from typing import TypeVar, cast

import numpy as np
import numpy.typing as npt
from numba import njit

# float32 or float64, as the latents are.
Floats = npt.NDArray[np.float32] | npt.NDArray[np.float64]
Doubles = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Indices = npt.NDArray[np.uint32]
Flags = npt.NDArray[np.bool_]
F = TypeVar("F", bound=Callable[..., object])

# Below this share of the row's largest term, sums of shifted exponentials lose digits in float32.
_LEAST = 1e-30
# Anchors merged side by side: one merge alone mostly waits for its own last comparison.
_ANCHORS = 4


def _compiled(function: F) -> F:
    """Compile on the first call; keep the result where there is a place for it."""
    try:
        return cast("F", njit(nogil=True, cache=True, error_model="numpy")(function))
    except RuntimeError:  # a read-only installation and no home folder
        return cast("F", njit(nogil=True, error_model="numpy")(function))


@_compiled
def _farther(
    lo: np.int64, hi: np.int64, here: float, label: Doubles
) -> tuple[np.int64, np.int64, np.uint64, float]:
    """One step of a merge: take the farther end of the window. No branch to mispredict."""
    left = here - label[np.uint64(lo)]
    right = label[np.uint64(hi)] - here
    is_left = -np.int64(left >= right)
    at = hi ^ ((hi ^ lo) & is_left)
    return lo - is_left, hi - 1 - is_left, np.uint64(at), max(left, right)


@_compiled
def _merge(
    label: Doubles,
    order: Indices,
    n: int,
    place: Integers,
    taken: Indices,
    fresh: Flags,
    tied: Flags,
) -> None:
    """Fill `taken`, `fresh` and `tied` for four anchors, given by their places in `label`."""
    y0, y1, y2, y3 = label[place[0]], label[place[1]], label[place[2]], label[place[3]]
    l0 = l1 = l2 = l3 = np.int64(0)
    h0 = h1 = h2 = h3 = np.int64(n - 1)
    d0 = d1 = d2 = d3 = -1.0
    t0 = t1 = t2 = t3 = False
    for step in range(n):
        l0, h0, a0, e0 = _farther(l0, h0, y0, label)
        l1, h1, a1, e1 = _farther(l1, h1, y1, label)
        l2, h2, a2, e2 = _farther(l2, h2, y2, label)
        l3, h3, a3, e3 = _farther(l3, h3, y3, label)
        taken[0, step], taken[1, step] = order[a0], order[a1]
        taken[2, step], taken[3, step] = order[a2], order[a3]
        fresh[0, step], fresh[1, step] = e0 != d0, e1 != d1
        fresh[2, step], fresh[3, step] = e2 != d2, e3 != d3
        t0, t1, t2, t3 = t0 | (e0 == d0), t1 | (e1 == d1), t2 | (e2 == d2), t3 | (e3 == d3)
        d0, d1, d2, d3 = e0, e1, e2, e3
    tied[0], tied[1], tied[2], tied[3] = t0, t1, t2, t3


@_compiled
def _put_last(taken: Indices, n: int, anchor: int) -> None:
    """Move the anchor to the end of the last group, its own: the order in a group is free."""
    step = n - 1
    while taken[step] != anchor:
        step -= 1
    taken[step], taken[n - 1] = taken[n - 1], anchor


@_compiled
def _running_sums(exps: Floats, logits: Floats, taken: Indices, n: int, tail: Doubles) -> float:
    """Running sums of the terms; returns the sum of the logits without the anchor's."""
    total = 0.0
    logit = 0.0
    for step in range(n - 1):
        k = taken[step]
        total += exps[k]
        logit += logits[k]
        tail[step] = total
    tail[n - 1] = total + exps[taken[n - 1]]
    return logit


@_compiled
def _share(values: Doubles, fresh: Flags, n: int) -> None:
    """Give every step of a group the value of the group's last step."""
    value = values[n - 1]
    for back in range(1, n):
        step = np.uint64(n - 1 - back)
        value = values[step] if fresh[step + np.uint64(1)] else value
        values[step] = value


@_compiled
def _sum_of_logs(values: Doubles, n: int) -> float:
    """A logarithm is taken only before the product of the values leaves the range."""
    product = 1.0
    total = 0.0
    for step in range(0, n - 3, 4):
        product *= (values[step] * values[step + 1]) * (values[step + 2] * values[step + 3])
        if not 1e-150 < product < 1e150:
            total += math.log(product)
            product = 1.0
    for step in range(n - n % 4, n):
        product *= values[step]
    return total + math.log(product)


@_compiled
def _gradient(
    exps: Floats, taken: Indices, inverse: Doubles, n: int, scale: float, grad: Floats
) -> None:
    total = 0.0
    for back in range(n):
        step = np.uint64(n - 1 - back)
        total += inverse[step]
        k = taken[step]
        grad[k] += scale * (exps[k] * total - 1.0)


@_compiled
def _gradient_of_ties(
    exps: Floats, taken: Indices, fresh: Flags, inverse: Doubles, n: int, scale: float, grad: Floats
) -> None:
    total = 0.0
    for back in range(n):
        step = np.uint64(n - 1 - back)
        total += inverse[step]
        inverse[step] = total
    for near in range(n):
        total = inverse[near] if fresh[near] else total
        k = taken[near]
        grad[k] += scale * (exps[k] * total - 1.0)


@_compiled
def _from_sums(
    exps: Floats,
    taken: Indices,
    fresh: Flags,
    tied: bool,
    n: int,
    tail: Doubles,
    scale: float,
    gradient: bool,
    grad: Floats,
) -> float:
    """Sum of the log denominators, from the running sums."""
    if tied:
        _share(tail, fresh, n)
    log_sum = _sum_of_logs(tail, n - 1)
    if gradient:
        for step in range(n - 1):
            tail[step] = 1.0 / tail[step]
        if tied:
            _gradient_of_ties(exps, taken, fresh, tail, n - 1, scale, grad)
        else:
            _gradient(exps, taken, tail, n - 1, scale, grad)
    return log_sum


@_compiled
def _running_logs(logits: Floats, taken: Indices, n: int, tail: Doubles) -> None:
    """Running log-sum-exps, for logits that span more than the exponentials can."""
    largest = -np.inf
    total = 0.0
    for step in range(n):
        logit = np.float64(logits[taken[step]])
        if logit > largest:
            total = total * math.exp(largest - logit) + 1.0
            largest = logit
        elif logit != -np.inf:
            total += math.exp(logit - largest)
        tail[step] = largest + math.log(total)


@_compiled
def _from_logs(
    logits: Floats,
    taken: Indices,
    fresh: Flags,
    n: int,
    tail: Doubles,
    scale: float,
    gradient: bool,
    grad: Floats,
) -> float:
    """Sum of the log denominators, from the running log-sum-exps."""
    _running_logs(logits, taken, n, tail)
    _share(tail, fresh, n)
    log_sum = 0.0
    inverse = 0.0  # sum of exp(least - log denominator), over the steps walked
    least = tail[n - 1]
    last = n - 2
    while last >= 0:
        first = last
        while not fresh[first]:
            first -= 1
        size = last - first + 1
        log_sum += size * tail[last]
        inverse = inverse * math.exp(tail[last] - least) + size
        least = tail[last]
        if gradient:
            for step in range(first, last + 1):
                k = taken[step]
                grad[k] += scale * (math.exp(logits[k] - least) * inverse - 1.0)
        last = first - 1
    return log_sum


@_compiled
def _gather(places: Integers, first: int, end: int, four: Integers) -> tuple[int, int]:
    """Up to four labelled anchors from `first` on; returns how many, and where to go on.

    Places that are not filled repeat the first, so that all four merges have something to do.
    """
    found = 0
    row = first
    while row < end and found < _ANCHORS:
        if places[row] >= 0:
            four[found] = row
            found += 1
        row += 1
    for spare in range(found, _ANCHORS):
        four[spare] = four[0]
    return found, row


@_compiled
def _column(
    logits: Floats,
    exps: Floats,
    shift: Floats,
    start: int,
    order: Indices,
    label: Doubles,
    places: Integers,
    n: int,
    scale: float,
    gradient: bool,
    loss: Doubles,
    grad: Floats,
) -> None:
    taken = np.empty((_ANCHORS, n), np.uint32)
    fresh = np.empty((_ANCHORS, n), np.bool_)
    tied = np.empty(_ANCHORS, np.bool_)
    four = np.empty(_ANCHORS, np.int64)
    tail = np.empty(n, np.float64)
    found, row_after = _gather(places, 0, len(logits), four)
    while found > 0:
        _merge(label, order, n, places[four], taken, fresh, tied)
        for a in range(found):
            row = four[a]
            if tied[a]:
                _put_last(taken[a], n, start + row)
            logit = _running_sums(exps[row], logits[row], taken[a], n, tail)
            if tail[0] >= _LEAST:
                logit -= (n - 1) * np.float64(shift[row])
                log_sum = _from_sums(
                    exps[row], taken[a], fresh[a], tied[a], n, tail, scale, gradient, grad[row]
                )
            else:
                log_sum = _from_logs(
                    logits[row], taken[a], fresh[a], n, tail, scale, gradient, grad[row]
                )
            loss[row] += scale * (log_sum - logit)
        found, row_after = _gather(places, row_after, len(logits), four)


@_compiled
def merge_rows(
    logits: Floats,
    exps: Floats,
    shift: Floats,
    start: int,
    order: Indices,
    label: Doubles,
    place: Integers,
    count: Integers,
    scale: Doubles,
    gradient: bool,
    loss: Doubles,
    grad: Floats,
) -> None:
    """All rows of a block, the first of which is anchor `start`.

    A logit of an anchor with itself is -inf where the anchor is to stay out of its denominators.
    """
    if gradient:
        grad[:] = 0
    for y in range(order.shape[0]):
        n = count[y]
        if n >= 2:
            _column(
                logits, exps, shift, start, order[y], label[y], place[y, start:], n, scale[y],
                gradient, loss, grad,
            )  # fmt: skip
    if gradient:
        for row in range(len(logits)):
            grad[row, start + row] = 0
