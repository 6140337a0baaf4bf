"""Pseudo-labels of the dist loss: where the training labels' distribution has its quantiles.

Made once, from all labels of the training part, never from a batch; what depends on the batch is
only at which levels they are read: (i + 0.5) / M for the M labelled rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from worker.losses.columns import require_above_zero
from worker.losses.published_pseudo_labels import published_pseudo_labels

Rule = Literal["quantile", "kde", "official"]

# The KDE is tabulated to a 64th of its bandwidth, so that linear interpolation is good to about
# 1e-4 bandwidths, and to at most this many points.
_POINTS_PER_BANDWIDTH = 64
_MOST_POINTS = 16384
# Above this many labels their quantiles stand for them.
_MOST_LABELS = 2048
# How far the table goes beyond the outermost labels, in bandwidths.
_TAIL = 6.0
_CHUNK = 1024
# A level times the number of values may be rounded up: past a value that just reaches it.
_BELOW = 1.0 - 2.0**-50


@dataclass(frozen=True)
class InverseCdf:
    """Inverse of a cumulative distribution: a step function, or linear between `level_K`.

    Steps are of equal shares: the smallest of the ascending values whose share reaches a level.
    """

    value_K: Tensor
    level_K: Tensor | None = None

    def __len__(self) -> int:
        return len(self.value_K)

    def to(self, device: torch.device) -> "InverseCdf":
        """On another device."""
        level_K = self.level_K
        return InverseCdf(self.value_K.to(device), None if level_K is None else level_K.to(device))

    def at(self, level_B: Tensor) -> Tensor:
        """Values at levels between 0 and 1, in the type of the values."""
        last = len(self) - 1
        if self.level_K is None:
            index_B = torch.ceil(level_B * len(self) * _BELOW).long() - 1
            return self.value_K[index_B.clamp(0, last)]
        right_B = torch.searchsorted(self.level_K, level_B).clamp(1, last)
        low_B, high_B = self.level_K[right_B - 1], self.level_K[right_B]
        gap_B = (high_B - low_B).clamp(min=torch.finfo(torch.float64).tiny)
        share_B = ((level_B - low_B) / gap_B).clamp(0.0, 1.0)
        return torch.lerp(self.value_K[right_B - 1], self.value_K[right_B], share_B)


def levels(count: Tensor, size: int) -> Tensor:
    """(i + 0.5) / count for i < size, float64. `count` is a tensor: a GPU need not report it."""
    place_B = torch.arange(size, device=count.device, dtype=torch.float64)
    return (place_B + 0.5) / count.clamp(min=1)


def quantiles(sorted_N: Tensor, count: Tensor, size: int) -> Tensor:
    """Inverse empirical CDF of `sorted_N` at (i + 0.5) / count, for i < size.

    The smallest value whose cumulative share reaches the level. Positions at or above `count`
    repeat the largest value.
    """
    return InverseCdf(sorted_N).at(levels(count, size))


def _spread(label_N: Tensor) -> float:
    return 0.0 if len(label_N) < 2 else float(label_N.std(correction=1))


def kde_inverse_cdf(sorted_N: Tensor, bandwidth: float | None = None) -> InverseCdf:
    """Inverse CDF of a Gaussian kernel density estimate of the labels, tabulated in float64.

    Args:
        sorted_N: labels, sorted, finite.
        bandwidth: the kernel's sd as a factor of the labels' sd (n - 1); None: N^(-1/5) (Scott).

    Labels that are all the same have no density: their quantiles are given.
    """
    label_N = sorted_N.double()
    factor = len(label_N) ** -0.2 if bandwidth is None else bandwidth
    width = factor * _spread(label_N)
    if width == 0:
        return InverseCdf(label_N)
    if len(label_N) > _MOST_LABELS:
        whole = torch.tensor(_MOST_LABELS, device=label_N.device)
        label_N = quantiles(label_N, whole, _MOST_LABELS)
    low = float(label_N[0]) - _TAIL * width
    high = float(label_N[-1]) + _TAIL * width
    points = min(_MOST_POINTS, 1 + round((high - low) / width * _POINTS_PER_BANDWIDTH))
    value_K = torch.linspace(low, high, points, device=label_N.device, dtype=torch.float64)
    parts = [
        torch.special.ndtr((part[:, None] - label_N) / width).mean(dim=1)
        for part in (value_K[start : start + _CHUNK] for start in range(0, points, _CHUNK))
    ]
    return InverseCdf(value_K, torch.cat(parts))


def _official(sorted_N: Tensor, bandwidth: float | None, step: float, batch_size: int) -> Tensor:
    labels = sorted_N.double().cpu().numpy()
    pseudo = published_pseudo_labels(
        labels, low=labels[0], high=labels[-1], step=step, size=batch_size, bandwidth=bandwidth
    )
    return torch.from_numpy(pseudo).to(sorted_N.device)


def inverse_cdfs(
    training_labels: Sequence[Tensor | InverseCdf],
    *,
    rule: Rule = "quantile",
    bandwidth: float | None = None,
    step: float = 0.1,
    batch_size: int,
) -> tuple[InverseCdf, ...]:
    """What predictions are matched with, a column each; made once, before training.

    Args:
        training_labels: per column, all labels of the training part, sorted, without NaN; may be
            empty. An `InverseCdf` is passed on.
        rule: `quantile`, the labels' own quantiles: unbiased at any batch size; `kde`, those of a
            kernel density estimate; `official`, the published rounded density counts over a grid
            from the least to the largest label.
        bandwidth: of `kde` and `official`, the kernel's sd as a factor of the labels' sd; None is
            Scott's rule.
        step: of `official`, the grid's step in the labels' unit.
        batch_size: of `official`, how many rows a full batch has.

    Raises:
        ValueError: no such rule, a parameter out of its range, labels that are not finite, or a
            configuration that the published algorithm has no sound answer for.
    """
    if rule not in get_args(Rule):
        raise ValueError(f"rule has to be one of {', '.join(get_args(Rule))}, it is {rule!r}")
    require_above_zero(step=step, **({} if bandwidth is None else {"bandwidth": bandwidth}))
    made = []
    for labels in training_labels:
        if isinstance(labels, InverseCdf):
            made.append(labels)
        elif rule == "quantile" or not len(labels):
            made.append(InverseCdf(labels))
        elif not bool(torch.isfinite(labels).all()):
            raise ValueError("training labels have to be finite, without NaN")
        elif rule == "kde":
            made.append(kde_inverse_cdf(labels, bandwidth))
        else:
            made.append(InverseCdf(_official(labels, bandwidth, step, batch_size)))
    return tuple(made)
