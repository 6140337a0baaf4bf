"""Rankings beside each other, in plain Python: a front end carries no science."""

from collections.abc import Sequence
from statistics import correlation

from service.contract.comparisons import TopOf


def ranks(values: Sequence[float]) -> list[float]:
    """Rank of each value from 1, the lowest first; equal values share the mean of their ranks."""
    order = sorted(range(len(values)), key=values.__getitem__)
    found = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and values[order[end]] == values[order[start]]:
            end += 1
        for place in order[start:end]:
            found[place] = (start + 1 + end) / 2
        start = end
    return found


def spearman(a: Sequence[float], b: Sequence[float]) -> float | None:
    """Spearman's correlation of values by their ranks; None where either is constant."""
    if len(set(a)) < 2 or len(set(b)) < 2:
        return None
    return correlation(a, b)


def top(values: Sequence[float], count: int, of: TopOf) -> set[int]:
    """Places of the `count` highest, or lowest, values; of equal ones the earlier."""
    sign = -1.0 if of is TopOf.HIGHEST else 1.0
    return set(sorted(range(len(values)), key=lambda place: (sign * values[place], place))[:count])
