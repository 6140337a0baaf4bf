"""Diversity of soft cluster assignments: cells should be spread over all clusters.

Source: DiffBio 0.1.9, `ShannonDiversityLoss` and `SimpsonDiversityLoss`
(https://github.com/avitai/DiffBio, MIT licence); Shannon 1948, doi:10.1002/j.1538-7305.1948.
tb01338.x; Simpson 1949, doi:10.1038/163688a0. What differs here: these are losses of the *mean*
assignment. DiffBio's are means over the cells, each of whose assignments they score on its own:
one-hot cells score the same whether they fill all clusters or a single one. `compat="diffbio"`
reproduces them.
"""

import math
from typing import Literal

import torch
from torch import Tensor, nn

from worker.losses.columns import require_floats, widened
from worker.losses.supcr_inputs import check_choice

# Below this the logarithm stays as it is, and so does the gradient, which would be infinite at 0.
_LEAST = 1e-8


def shannon_diversity(assignment_NK: Tensor, *, compat: Literal["diffbio"] | None = None) -> Tensor:
    """1 - H(q) / log K, q the mean assignment, H the entropy; dimensionless, in [0, 1].

    0 where all clusters are equally full, 1 where all cells are in one. Minimise it.

    What this mends: DiffBio's is the mean over the cells of each one's entropy, a quantity to be
    maximised (subtract it), which does not balance clusters; see the head of this module.

    Args:
        assignment_NK: how much each cell belongs to each cluster, float, at least 0 (not checked:
            that would make a GPU wait). Rows need not sum to 1: they count as much as they sum to.
            Half precision is worked on in float32.
        compat: `diffbio` computes DiffBio's, in nats, in [0, log K].

    Laws: the order of cells or clusters changes nothing, neither does scaling all assignments. A
    cluster that is nearly empty has a gradient of at most -log(1e-8) in nats. With one cluster, or
    without cells or assignments, it is 0, with a graph.

    Raises:
        ValueError: wrong shape or type.
    """
    _check(assignment_NK)
    wide_NK = widened(assignment_NK)
    if compat is not None:
        check_choice("compat", compat, ("diffbio",))
        return _entropy(wide_NK).mean().to(assignment_NK.dtype)
    clusters = wide_NK.shape[1]
    share_K, known = _shares(wide_NK)
    evenness = _entropy(share_K) / (math.log(clusters) if clusters > 1 else 1.0)
    return _known(1.0 - evenness, known, share_K).to(assignment_NK.dtype)


def simpson_diversity(assignment_NK: Tensor, *, compat: Literal["diffbio"] | None = None) -> Tensor:
    """(K sum_k q_k^2 - 1) / (K - 1), q the mean assignment; dimensionless, in [0, 1].

    0 where all clusters are equally full, 1 where all cells are in one. Minimise it. The sum is
    the chance that two cells, drawn with replacement, are of one cluster. Of the two, this one
    pulls less at a cluster that is nearly empty.

    What this mends: as for `shannon_diversity`; DiffBio's, in [1 / K, 1], is to be minimised, too.

    Args:
        assignment_NK: see `shannon_diversity`.
        compat: `diffbio` computes DiffBio's, the mean over the cells of sum_k a_ik^2.

    Laws: the order of cells or clusters changes nothing, neither does scaling all assignments. With
    one cluster, or without cells or assignments, it is 0, with a graph.

    Raises:
        ValueError: wrong shape or type.
    """
    _check(assignment_NK)
    wide_NK = widened(assignment_NK)
    if compat is not None:
        check_choice("compat", compat, ("diffbio",))
        return wide_NK.square().sum(dim=1).mean().to(assignment_NK.dtype)
    clusters = wide_NK.shape[1]
    share_K, known = _shares(wide_NK)
    excess = (clusters * share_K.square().sum() - 1.0) / max(clusters - 1, 1)
    return _known(excess, known, share_K).to(assignment_NK.dtype)


def _check(assignment_NK: Tensor) -> None:
    if assignment_NK.ndim != 2 or assignment_NK.shape[1] == 0:
        raise ValueError(
            "assignments have to be [N, K] with at least one cluster; they are "
            f"{tuple(assignment_NK.shape)}"
        )
    require_floats(assignment_NK, "assignments")


def _shares(assignment_NK: Tensor) -> tuple[Tensor, Tensor]:
    """Mean assignment, which sums to 1; and whether anything is assigned to more than nothing."""
    mass_K = assignment_NK.sum(dim=0)
    total = mass_K.sum()
    # NaN is not nothing.
    known = total != 0
    return mass_K / torch.where(known, total, 1.0), known


def _entropy(share_K: Tensor) -> Tensor:
    """Entropy over the last dimension, in nats."""
    return -(share_K * share_K.clamp(min=_LEAST).log()).sum(dim=-1)


def _known(value: Tensor, known: Tensor, share_K: Tensor) -> Tensor:
    """The value; 0, with a graph, of a single cluster, or where nothing is assigned."""
    if len(share_K) == 1:
        return 0.0 * share_K.sum()
    return torch.where(known, value, 0.0 * share_K.sum())


class ShannonDiversityLoss(nn.Module):
    """`shannon_diversity` with its parameters."""

    def __init__(self, *, compat: Literal["diffbio"] | None = None) -> None:
        super().__init__()
        self.compat: Literal["diffbio"] | None = compat

    def forward(self, assignment_NK: Tensor) -> Tensor:
        """Loss of a batch."""
        return shannon_diversity(assignment_NK, compat=self.compat)


class SimpsonDiversityLoss(nn.Module):
    """`simpson_diversity` with its parameters."""

    def __init__(self, *, compat: Literal["diffbio"] | None = None) -> None:
        super().__init__()
        self.compat: Literal["diffbio"] | None = compat

    def forward(self, assignment_NK: Tensor) -> Tensor:
        """Loss of a batch."""
        return simpson_diversity(assignment_NK, compat=self.compat)
