"""SupCR's anchors whose logits span more than the exponentials can, compiled.

The same sums as in `supcr_sums`, each of them the logarithm of a sum of exponentials.
"""

# ruff: noqa: PLR0917  # numba has no keyword-only arguments

import math

import numpy as np

from worker.losses.compiled import Doubles, Flags, Floats, Integers, compiled
from worker.losses.supcr_merge import Indices
from worker.losses.supcr_sums import find_fresh, narrow_to, put_last, share, sum_but


@compiled
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


@compiled
def _from_logs(
    logits: Floats, taken: Indices, fresh: Flags, n: int, tail: Doubles, scale: float,
    gradient: bool, grad: Floats,
) -> float:  # fmt: skip
    """Sum of the log denominators, from the running log-sum-exps; adds to the gradient."""
    _running_logs(logits, taken, n, tail)
    share(tail, fresh, n)
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


@compiled
def add_wide(
    logits: Floats, start: int, taken: Indices, count: Integers,
    label: Doubles, present: Floats, own: Integers, scale: Doubles,
    gradient: bool, loss: Doubles, grad: Floats, wide: Flags,
) -> None:  # fmt: skip
    """Add the anchors marked in `wide`, from log-sum-exps."""
    size = taken.shape[2]
    narrow = np.empty(size, taken.dtype)
    fresh = np.empty(size, np.bool_)
    tail = np.empty(size, np.float64)
    for y in range(len(taken)):
        n = own[y]
        for row in range(len(logits)):
            if not wide[y, row]:
                continue
            anchor = start + row
            narrow_to(taken[y, row], count[y], present[y], narrow)
            put_last(narrow, n, anchor)
            find_fresh(narrow, n, label[y], label[y, anchor], fresh)
            log_sum = _from_logs(logits[row], narrow, fresh, n, tail, scale[y], gradient, grad[row])
            loss[row] += scale[y] * (log_sum - sum_but(logits[row], present[y], anchor))
            if gradient:
                grad[row, anchor] = 0
