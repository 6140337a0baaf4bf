"""Lines that a function lies between on an interval, compiled; see `branch_relaxed`.

Both lines have the slope of the chord, so that what a design adds to either is the same sum over
its edits, and they differ by a constant. Source: Fast-Lin, Weng et al. 2018, arXiv:1804.09699; for
any activation CROWN, Zhang et al. 2018, arXiv:1811.00866.
"""

import math

import numpy as np
from numpy.typing import NDArray

from worker.compiled import compiled

Floats = NDArray[np.float64]

_ROOT_HALF = math.sqrt(0.5)
_ROOT_TWO = math.sqrt(2.0)
_DENSITY = 1.0 / math.sqrt(2.0 * math.pi)
_NEWTON = 60
_STEEPEST = 0.5 + 0.5 * math.erf(1.0) + math.sqrt(2.0) * _DENSITY * math.exp(-1.0)


@compiled
def gelu(x: float) -> float:
    """X Phi(x)."""
    return 0.5 * x * (1.0 + math.erf(x * _ROOT_HALF))


@compiled
def _gelu_slope(x: float) -> float:
    return 0.5 * (1.0 + math.erf(x * _ROOT_HALF)) + x * _DENSITY * math.exp(-0.5 * x * x)


@compiled
def _between(slope: float, low: float, high: float, rises: bool) -> float:
    """Where the slope of GELU is `slope`, between two places with it monotone; by halving."""
    for _ in range(_NEWTON):
        middle = 0.5 * (low + high)
        if (_gelu_slope(middle) < slope) == rises:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def gelu_lines(count: int = 2048) -> Floats:
    """For slopes on a grid [S]: the slope, and the extremes of gelu(x) - slope x, [S, 7].

    Columns: slope; the least in the convex middle and where; the greatest at the right and where;
    the greatest at the left and where (NaN: there is none). Between the slopes of a grid, the least
    is concave and the greatest convex: the chord is on the safe side of both.
    """
    grid_S = np.linspace(1.0 - _STEEPEST, _STEEPEST, count)
    found = np.full((count, 7), np.nan)
    found[:, 0] = grid_S
    for s, slope in enumerate(grid_S.tolist()):
        middle = _between(slope, -_ROOT_TWO, _ROOT_TWO, True)
        found[s, 1:3] = gelu(middle) - slope * middle, middle
        if slope > 1.0:
            right = _between(slope, _ROOT_TWO, 40.0, False)
            found[s, 3:5] = gelu(right) - slope * right, right
        if slope < 0.0:
            left = _between(slope, -40.0, -_ROOT_TWO, False)
            found[s, 5:7] = gelu(left) - slope * left, left
    return found


GELU_LINES = gelu_lines()


@compiled
def relu_line(low: float, high: float) -> tuple[float, float, float]:
    """Slope, and what is added to slope x, at most and at least."""
    if low >= 0.0:
        return 1.0, 0.0, 0.0
    if high <= 0.0:
        return 0.0, 0.0, 0.0
    slope = high / (high - low)
    return slope, -slope * low, 0.0


@compiled
def gelu_line(low: float, high: float, table: Floats) -> tuple[float, float, float]:
    """As of `relu_line`; `table` is GELU_LINES."""
    if high - low < 1e-9:
        slope = _gelu_slope(0.5 * (low + high))
        middle = gelu(0.5 * (low + high)) - slope * 0.5 * (low + high)
        return slope, middle + 1e-12, middle - 1e-12
    first, last = gelu(low), gelu(high)
    slope = (last - first) / (high - low)
    one, other = first - slope * low, last - slope * high
    greatest, least = max(one, other), min(one, other)
    step = table[1, 0] - table[0, 0]
    place = (slope - table[0, 0]) / step
    cell = min(max(int(place), 0), len(table) - 2)
    share = min(max(place - cell, 0.0), 1.0)
    near, far = table[cell], table[cell + 1]
    if min(near[2], far[2]) <= high and max(near[2], far[2]) >= low:
        least = min(least, near[1] + share * (far[1] - near[1]))
    if slope > 1.0 and high > _ROOT_TWO:
        # Beside slope 1 the greatest is at infinity, and 0.
        extreme = 0.0 if math.isnan(near[3]) else near[3] + share * (far[3] - near[3])
        if math.isnan(near[3]) or max(near[4], far[4]) >= low:
            greatest = max(greatest, extreme)
    if slope < 0.0 and low < -_ROOT_TWO:
        extreme = 0.0 if math.isnan(far[5]) else near[5] + share * (far[5] - near[5])
        if math.isnan(far[5]) or min(near[6], far[6]) <= high:
            greatest = max(greatest, extreme)
    return slope, greatest, least


@compiled
def exponential_line(low: float, high: float) -> tuple[float, float, float]:
    """As of `relu_line`, of exp; without a bound far out of range."""
    if not (high < 600.0 and low > -1e300):
        return 0.0, np.inf, 0.0
    first, last = math.exp(low), math.exp(high)
    if high - low < 1e-7:  # its slope is `last` at most: it falls against this line
        return last, first - last * low, last - last * high
    slope = (last - first) / (high - low)
    # exp lies above its tangent of this slope, wherever that touches.
    least = 0.0 if slope < 1e-300 else slope - slope * math.log(slope)
    return slope, max(first - slope * low, last - slope * high), least
