"""Clustering compactness: tight clusters, centroids at least so far apart.

Source: DiffBio 0.1.9, `ClusteringCompactnessLoss` (https://github.com/avitai/DiffBio, MIT
licence). What differs here follows; `compat="diffbio"` reproduces it.

What this mends: in DiffBio the centroid of an empty cluster is the origin, and its gradient
for an assignment grows as 1 / m_k (to 1e7); here a cluster of m cells counts as m / (m + 1),
which bounds it. Lengths are in units of S, so that the two terms are of one scale, and cells
are weighted by what is assigned of them: one that belongs to no cluster (all 0) has no say.
At S = 1 and with large clusters the values are the same.
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from worker.losses.columns import (
    require_above_zero,
    require_floats,
    require_not_negative,
    widened,
)
from worker.losses.supcr_inputs import check_choice

# Softness of the hinge, in units of the least separation.
_SOFTNESS = 0.1
# Cells at the mean of all that every cluster has beside its own: an empty one has a place.
_PRIOR = 1e-8
_EPSILON = 1e-8


def clustering_compactness(
    z_ND: Tensor,
    assignment_NK: Tensor,
    centroid_KD: Tensor | None = None,
    *,
    separation_weight: float = 1.0,
    min_separation: float = 1.0,
    compat: Literal["diffbio"] | None = None,
) -> Tensor:
    """Mean squared distance to the centroids, plus a hinge where two of these are too near.

    With a the assignments, m_k their sum for a cluster, C_k its centroid (their weighted mean
    unless given), S the least separation and v_k = m_k / (m_k + 1):

        compact  = sum over i, k of a_ik |z_i - C_k|^2 / S^2  /  sum of all a
        separate = mean over k != l of v_k v_l 0.1 softplus((1 - |C_k - C_l| / S) / 0.1)
        loss     = compact + separation_weight * separate

    Minimise it; it is 0 only for point clusters far apart. There is no reward for being farther
    apart than S, nor a penalty for a cluster without cells.

    Args:
        z_ND: latents of the cells, float; half precision is worked on in float32.
        assignment_NK: how much each cell belongs to each cluster, at least 0 (not checked: that
            would make a GPU wait); integers are fine.
        centroid_KD: where the centroids are known; these then carry gradients, too.
        separation_weight: of the hinge, dimensionless, at least 0.
        min_separation: S, in units of the latent, above 0.
        compat: `diffbio` computes DiffBio's loss, in squared units of the latent, divided by N.

    Laws: scaling latents, centroids and S alike changes nothing; neither does shifting or rotating
    latents and centroids, the order of cells or clusters, or an empty cluster less or more (but
    for the mean over pairs). Without cells, or assignments, it is 0, with a graph.

    Raises:
        ValueError: wrong shapes or types, or a parameter out of its range.
    """
    _check(z_ND, assignment_NK, centroid_KD)
    require_above_zero(min_separation=min_separation)
    require_not_negative(separation_weight=separation_weight)
    z = widened(z_ND)
    assigned_NK = assignment_NK.to(z.dtype)
    given_KD = None if centroid_KD is None else centroid_KD.to(z.dtype)
    if compat is not None:
        check_choice("compat", compat, ("diffbio",))
        value = _published(z, assigned_NK, given_KD, separation_weight, min_separation)
        return value.to(z_ND.dtype)
    # In float64: squared distances are then exact as differences of products.
    wide_ND, weight_NK = z.double() / min_separation, assigned_NK.double()
    center_D = wide_ND.detach().sum(dim=0) / max(len(wide_ND), 1)
    wide_ND = wide_ND - center_D
    mass_K = weight_NK.sum(dim=0)
    if given_KD is None:
        place_KD = (weight_NK.T @ wide_ND) / (mass_K + _PRIOR)[:, None]
    else:
        place_KD = given_KD.double() / min_separation - center_D
    compact = _compact(wide_ND, weight_NK, place_KD)
    separate = _separate(place_KD, mass_K / (mass_K + 1.0))
    return (compact + separation_weight * separate).to(z_ND.dtype)


def _check(z_ND: Tensor, assignment_NK: Tensor, centroid_KD: Tensor | None) -> None:
    shapes = f"shapes {tuple(z_ND.shape)} and {tuple(assignment_NK.shape)}"
    if z_ND.ndim != 2 or assignment_NK.ndim != 2 or len(z_ND) != len(assignment_NK):
        raise ValueError(f"latents [N, D] and assignments [N, K] do not go together: {shapes}")
    if 0 in {z_ND.shape[1], assignment_NK.shape[1]}:
        raise ValueError(f"at least one dimension and one cluster are needed: {shapes}")
    require_floats(z_ND, "latents")
    if assignment_NK.is_complex():
        raise ValueError("assignments have to be real")
    wanted = (assignment_NK.shape[1], z_ND.shape[1])
    if centroid_KD is not None and centroid_KD.shape != wanted:
        raise ValueError(f"centroids have to be [K, D] {wanted}, not {tuple(centroid_KD.shape)}")


def _compact(z_ND: Tensor, weight_NK: Tensor, place_KD: Tensor) -> Tensor:
    """Weighted mean of the squared distances to the centroids."""
    total = weight_NK.sum()
    square_NK = (
        z_ND.square().sum(dim=1, keepdim=True)
        + place_KD.square().sum(dim=1)
        - 2.0 * (z_ND @ place_KD.T)
    )
    return (weight_NK * square_NK).sum() / torch.where(total > 0, total, 1.0)


def _separate(place_KD: Tensor, counted_K: Tensor) -> Tensor:
    """Mean hinge over the pairs of clusters, each as much as it counts."""
    clusters = len(place_KD)
    other_KK = ~torch.eye(clusters, dtype=torch.bool, device=place_KD.device)
    square_KK = (place_KD[:, None] - place_KD).square().sum(dim=2)
    # The slope of a root at 0 is infinite: two centroids at one place have no direction to part.
    apart_KK = square_KK > 0
    distance_KK = torch.where(apart_KK, torch.where(apart_KK, square_KK, 1.0).sqrt(), 0.0)
    hinge_KK = _SOFTNESS * softplus((1.0 - distance_KK) / _SOFTNESS)
    counted_KK = torch.where(other_KK, counted_K[:, None] * counted_K, 0.0)
    return (counted_KK * hinge_KK).sum() / max(clusters * (clusters - 1), 1)


def _published(
    z_ND: Tensor,
    weight_NK: Tensor,
    place_KD: Tensor | None,
    separation_weight: float,
    min_separation: float,
) -> Tensor:
    """What DiffBio 0.1.9 computes."""
    clusters = weight_NK.shape[1]
    if place_KD is None:
        place_KD = (weight_NK.T @ z_ND) / (weight_NK.sum(dim=0) + _EPSILON)[:, None]
    square_NK = (z_ND[:, None] - place_KD).square().sum(dim=2)
    compact = (weight_NK * square_NK).sum() / len(z_ND)
    distance_KK = ((place_KD[:, None] - place_KD).square().sum(dim=2) + _EPSILON).sqrt()
    hinge_KK = _SOFTNESS * softplus((min_separation - distance_KK) / _SOFTNESS)
    other_KK = 1.0 - torch.eye(clusters, dtype=z_ND.dtype, device=z_ND.device)
    separate = (hinge_KK * other_KK).sum() / (clusters * (clusters - 1) + _EPSILON)
    return compact + separation_weight * separate


class ClusteringCompactnessLoss(nn.Module):
    """`clustering_compactness` with its parameters."""

    def __init__(
        self,
        *,
        separation_weight: float = 1.0,
        min_separation: float = 1.0,
        compat: Literal["diffbio"] | None = None,
    ) -> None:
        super().__init__()
        self.separation_weight = separation_weight
        self.min_separation = min_separation
        self.compat: Literal["diffbio"] | None = compat

    def forward(
        self, z_ND: Tensor, assignment_NK: Tensor, centroid_KD: Tensor | None = None
    ) -> Tensor:
        """Loss of a batch."""
        return clustering_compactness(
            z_ND,
            assignment_NK,
            centroid_KD,
            separation_weight=self.separation_weight,
            min_separation=self.min_separation,
            compat=self.compat,
        )
