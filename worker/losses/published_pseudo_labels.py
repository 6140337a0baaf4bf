"""Pseudo-labels as the authors of Dist Loss make them: rounded density counts on a grid.

Source: Nie et al. 2024, "Dist Loss" (arXiv 2411.15216); the algorithm of their program (MIT). Kept
to be compared with. It is biased at small batches (labels of mean 53 give pseudo-labels of mean 31
at batch 16): where a batch's share of every grid point rounds to 0, all is put beside the lowest.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_RESIDUAL_SHARE = 0.5


def _tails(expected_K: Floats) -> tuple[tuple[int, int], tuple[int, int]]:
    """The first place from either side where the cumulated count reaches 1, and that count."""
    last = len(expected_K) - 1
    from_left = np.cumsum(expected_K)
    from_right = np.cumsum(expected_K[::-1])
    left = min(int(np.searchsorted(from_left, 1)), last)
    right = min(int(np.searchsorted(from_right, 1)), last)
    return (left, round(from_left[left])), (last - right, round(from_right[right]))


def _place_residual(count_K: Floats, residual: int) -> None:
    """Add what rounding has lost around the highest count; slices outside are lost, as there."""
    reach = int(_RESIDUAL_SHARE * len(count_K))
    peak = int(count_K.argmax())
    sign = np.sign(residual)
    if abs(residual) <= reach:
        left = peak - abs(residual) // 2
        count_K[left : left + abs(residual)] += sign
        return
    left = peak - reach // 2
    count_K[left : left + reach] += residual // reach * sign
    count_K[peak] += residual % reach


def rounded_counts(share_K: Floats, size: int) -> Floats:
    """How often each grid point occurs in a batch.

    Raises:
        ValueError: the published algorithm gives negative counts, or not as many as the batch has.
    """
    expected_K = share_K * size
    (first, first_count), (last, last_count) = _tails(expected_K)
    count_K = np.zeros_like(expected_K)
    count_K[first] = first_count
    count_K[first + 1 : last] = np.round(expected_K[first + 1 : last])
    count_K[last] = last_count
    _place_residual(count_K, size - int(count_K.sum()))
    if count_K.min() < 0 or count_K.sum() != size:
        raise ValueError(
            f"the published rule has no sound pseudo-labels for a batch of {size} on a grid of "
            f"{len(share_K)} points: take a larger step or batch, or the rule quantile"
        )
    return count_K


def published_pseudo_labels(
    label_N: Floats,
    *,
    low: float,
    high: float,
    step: float,
    size: int,
    bandwidth: float | None = 0.5,
) -> Floats:
    """Pseudo-labels of a batch of `size` rows, ascending.

    Args:
        label_N: all training labels; those outside `low` to `high` are left out.
        low: lowest grid point.
        high: the grid ends at the first point at or above it.
        step: distance of the grid points, in the labels' unit.
        size: rows of a batch.
        bandwidth: the kernel's sd as a factor of the labels' sd; None is Scott's rule.

    Raises:
        ValueError: see `rounded_counts`; or no label lies in the range.
    """
    kept_N = label_N[(label_N >= low) & (label_N <= high)]
    # Here, not above: it takes 0.7 s, and every network's training imports this module.
    from scipy.stats import gaussian_kde

    if not len(kept_N):
        raise ValueError(f"no training label lies between {low} and {high}")
    if np.ptp(kept_N) == 0:
        return np.full(size, kept_N[0])  # no density: the published program raises here
    grid_K = np.arange(low, high + step, step)
    density_K = gaussian_kde(kept_N, bw_method=bandwidth)(grid_K)
    count_K = rounded_counts(density_K / density_K.sum(), size)
    # By repeated addition, as published: it drifts, 0.9200000000000006 for 0.92.
    value_K = np.cumsum(np.concatenate([[low], np.full(len(grid_K) - 1, step)]))
    return np.repeat(value_K, count_K.astype(np.int64))
