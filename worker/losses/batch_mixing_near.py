"""The compiled loops of batch mixing on the CPU. Importing this imports numba."""

# ruff: noqa: PLR0917  # numba has no keyword-only arguments

import math

import numpy as np

from worker.losses.compiled import Doubles, F, Floats, Integers, compiled

# Elements counted without a branch, so that most are never looked at one by one.
_CHUNK = 32
# A squared radius below this share of the squared lengths has lost digits as a difference of them.
_ROUNDED = 1e-8
# A neighbourhood of a smaller squared radius is one point.
_POINT = 1e-290
# The sigmoid of less is 0.
_LEAST = -1e4
# Sums in any order, so that several elements are added at once.
_ANY_ORDER = {"reassoc", "nsz", "contract"}


def _vectorised(function: F) -> F:
    """For loops over a row that another compiled function calls."""
    return compiled(function, fastmath=_ANY_ORDER)


@compiled
def _replace_largest(heap: Doubles, place: Integers, value: float, at: int) -> None:
    """Put a value with its place into a heap in place of the largest, which comes first."""
    size = len(heap)
    node = 0
    while True:
        child = 2 * node + 1
        if child >= size:
            break
        if child + 1 < size and heap[child + 1] > heap[child]:
            child += 1
        if heap[child] <= value:
            break
        heap[node], place[node] = heap[child], place[child]
        node = child
    heap[node], place[node] = value, at


@_vectorised
def _count(square: Doubles, limit: float) -> int:
    """How many are at most the limit."""
    count = 0
    for j in range(len(square)):
        count += square[j] <= limit
    return count


@compiled
def _edge(square: Doubles, heap: Doubles, place: Integers) -> None:
    """Leave the least distances of a row in `heap`, the largest of them first."""
    heap[:] = np.inf
    place[:] = 0
    width = len(square)
    for chunk in range(0, width, _CHUNK):
        end = min(chunk + _CHUNK, width)
        if _count(square[chunk:end], heap[0]):
            for j in range(chunk, end):
                if square[j] < heap[0]:
                    _replace_largest(heap, place, square[j], j)


@compiled
def _measure(square: Doubles, own: int, z: Doubles) -> None:
    """Distances of a cell to all others as sums of squared differences."""
    for j in range(len(square)):
        total = 0.0
        for d in range(z.shape[1]):
            total += (z[own, d] - z[j, d]) ** 2
        square[j] = total
    square[own] = np.inf


@compiled
def find_edges(
    square: Doubles,
    radius: Doubles,
    at: Integers,
    start: int,
    neighbors: int,
    z: Doubles,
    length: Doubles,
) -> None:
    """Squared distance of the k-th neighbour of every row of a block, and which it is.

    Distances too small for what the block's product could tell are measured again.
    """
    heap = np.empty(neighbors, np.float64)
    place = np.empty(neighbors, np.int64)
    for row in range(len(square)):
        _edge(square[row], heap, place)
        if heap[0] < _ROUNDED * length[start + row]:
            _measure(square[row], start + row, z)
            _edge(square[row], heap, place)
        radius[row], at[row] = heap[0], place[0]


@compiled
def count_within(square: Doubles, radius: Doubles, reach: float) -> int:
    """How many distances of a block are within `reach` squared radii."""
    count = 0
    for row in range(len(square)):
        count += _count(square[row], reach * radius[row])
    return count


@compiled
def _entropy(mass: Doubles, slope: Doubles) -> float:
    """Entropy of the shares; `slope` becomes its derivative for a weight of each batch."""
    total = mass.sum()
    entropy = 0.0
    for b in range(len(mass)):
        share = mass[b] / total
        slope[b] = math.log(share) if share > 0 else 0.0
        entropy -= share * slope[b]
    for b in range(len(mass)):
        slope[b] = -(slope[b] + entropy) / total
    return entropy


@compiled
def _find_near(square: Doubles, limit: float, near: Integers, distance: Doubles) -> int:
    """Which cells of a row are within the limit, in rising order; returns how many."""
    found = 0
    width = len(square)
    for chunk in range(0, width, _CHUNK):
        end = min(chunk + _CHUNK, width)
        if _count(square[chunk:end], limit):
            for j in range(chunk, end):
                # Written before it is known whether it stays: no branch to mispredict.
                near[found], distance[found] = j, square[j]
                found += square[j] <= limit
    return found


@compiled
def _weigh_near(
    near: Integers,
    distance: Doubles,
    radius: float,
    temperature: float,
    end: Integers,
    weight: Doubles,
    mass: Doubles,
) -> None:
    """Weights of the cells in reach, and their sums by batch."""
    # Of a neighbourhood that is one point, all count alike.
    rate = 1.0 / (radius * temperature) if radius > 0 else 0.0
    mass[:] = 0
    batch = 0
    for m in range(len(near)):
        while near[m] >= end[batch]:
            batch += 1
        weight[m] = 1.0 / (1.0 + math.exp((distance[m] - radius) * rate))
        mass[batch] += weight[m]


@compiled
def _pull(
    own: int, near: Integers, slope: Doubles, z: Doubles, grad: Doubles, sum_D: Doubles
) -> None:
    """Add what the derivatives for the squared distances mean for the latents."""
    sum_D[:] = 0
    own_D = z[own]
    for m in range(len(near)):
        twice = 2.0 * slope[m]
        z_D = z[near[m]]
        grad_D = grad[near[m]]
        for d in range(len(sum_D)):
            step = twice * (own_D[d] - z_D[d])
            sum_D[d] += step
            grad_D[d] -= step
    grad[own] += sum_D


@compiled
def mix_near(
    square: Doubles,
    radius: Doubles,
    at: Integers,
    start: int,
    reach: float,
    temperature: float,
    z: Doubles,
    end: Integers,
    gradient: bool,
    grad: Doubles,
) -> float:
    """Sum of the entropies of a block's rows; their gradient is added to `grad`.

    Cells are in the order of their batches; `end` says where each batch ends.
    """
    near_N = np.empty(square.shape[1] + 1, np.int64)
    distance_N = np.empty(square.shape[1] + 1, np.float64)
    weight_N = np.empty(square.shape[1], np.float64)
    mass, slope = np.empty(len(end), np.float64), np.empty(len(end), np.float64)
    sum_D = np.empty(z.shape[1], np.float64)
    total = 0.0
    for row in range(len(square)):
        s = radius[row]
        found = _find_near(square[row], s * reach, near_N, distance_N)
        near, distance, weight = near_N[:found], distance_N[:found], weight_N[:found]
        _weigh_near(near, distance, s, temperature, end, weight, mass)
        total += _entropy(mass, slope)
        if not gradient or s <= 0 or found == 0:
            continue
        rate = 1.0 / (s * temperature)
        batch = edge = 0
        pull = 0.0
        for m in range(found):
            while near[m] >= end[batch]:
                batch += 1
            edge = m if near[m] == at[row] else edge
            weight[m] *= -slope[batch] * (1.0 - weight[m]) * rate
            pull += weight[m] * (distance[m] / s)
        # A larger radius makes all distances smaller.
        weight[edge] -= pull
        _pull(start + row, near, weight, z, grad, sum_D)
    return total


@compiled
def fill_logits(square: Doubles, radius: Doubles, temperature: float, logit: Floats) -> None:
    """(1 - D / s) / t of all distances of a block."""
    for row in range(len(square)):
        s = radius[row]
        rate = 1.0 / (s * temperature) if s > 0 else 1.0 / _POINT
        for j in range(square.shape[1]):
            logit[row, j] = max((s - square[row, j]) * rate, _LEAST)


@_vectorised
def _sum(weight: Floats) -> float:
    total = 0.0
    for j in range(len(weight)):
        total += np.float64(weight[j])
    return total


@_vectorised
def _to_slopes(weight: Floats, square: Doubles, factor: float) -> float:
    """Weights of a batch to derivatives for the distances; returns their sum times these."""
    pull = 0.0
    for j in range(len(weight)):
        slope = factor * weight[j] * (1.0 - weight[j])
        weight[j] = slope
        pull += slope * square[j]
    return pull


@compiled
def mix_all(
    weight: Floats,
    square: Doubles,
    radius: Doubles,
    at: Integers,
    start: int,
    temperature: float,
    end: Integers,
    gradient: bool,
) -> float:
    """Sum of the entropies of a block's rows; `weight` becomes its derivatives for `square`."""
    mass, slope = np.empty(len(end), np.float64), np.empty(len(end), np.float64)
    total = 0.0
    for row in range(len(weight)):
        first = 0
        for b in range(len(end)):
            mass[b] = _sum(weight[row, first : end[b]])
            first = end[b]
        total += _entropy(mass, slope)
        if not gradient:
            continue
        square[row, start + row] = 0  # it was infinite, and times a weight of 0 is NaN
        s = radius[row]
        rate = 1.0 / (s * temperature) if s > 0 else 0.0
        pull = 0.0
        first = 0
        for b in range(len(end)):
            where = slice(first, end[b])
            pull += _to_slopes(weight[row, where], square[row, where], -slope[b] * rate)
            first = end[b]
        # A larger radius makes all distances smaller.
        weight[row, at[row]] -= pull / s if s > 0 else 0.0
    return total
