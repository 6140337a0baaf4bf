"""Which directions of a latent space the positive pairs of a contrastive loss never vary."""

from dataclasses import dataclass

import torch
from torch import Tensor

from worker.losses.infonce import check_pairs

# Variance below this share of the largest is none: the latents do not use the direction.
_FLAT = 1e-10


@dataclass(frozen=True)
class DiversityReport:
    """How much positives vary, direction by direction; see `diversity_report`.

    Attributes:
        share_K: half the mean squared difference of a pair over the variance of the latents, in
            ascending order: 0 for a direction that a pair never varies, 1 where positives know
            nothing of their anchors (2 where they are opposite). Dimensionless.
        direction_KD: unit vectors w; w.z is what varies by `share_K`.
        axis_share_D: the same of each coordinate; NaN where the latents do not vary.
        held_count: directions with a share below the tolerance.
        flat_count: D - K, directions in which the latents themselves do not vary: collapsed.
        pair_count: how many pairs there were.
    """

    share_K: Tensor
    direction_KD: Tensor
    axis_share_D: Tensor
    held_count: int
    flat_count: int
    pair_count: int

    @property
    def held(self) -> Tensor:
        """The directions that positives never vary, [held_count, D]."""
        return self.direction_KD[: self.held_count]

    @property
    def is_diverse(self) -> bool:
        """Whether positives vary every direction that the latents use."""
        return self.held_count == 0


@torch.no_grad()
def diversity_report(
    z_BD: Tensor, positive_BD: Tensor, *, tolerance: float = 1e-6
) -> DiversityReport:
    """Directions w in which w.z is (nearly) the same for an anchor and its positive.

    Contrastive losses recover a latent space up to a rotation only if every point may be the
    positive of every other (the diversity condition). A direction that pairs never vary breaks
    it: InfoNCE is then lower for an encoder that squeezes what the direction says. Give the latents
    that pairs are made of, or embeddings of pairs.

    Found from S, the mean square of (z - z~) / sqrt(2) over pairs, and C, the covariance of all
    latents: w are the generalised eigenvectors S w = share C w. Only linear functions of z are
    seen: pairs that keep |z| or z_1 z_2 pass. Waits for the device; float64 inside.

    Source: the condition: Zaliaduonis et al. 2026 (arXiv 2606.04280), definition 3.1. The test is
    ours.

    Args:
        z_BD: anchors.
        positive_BD: their positives, row by row.
        tolerance: share below which a direction counts as never varied, 0 to 1.

    Laws: an invertible linear map of the latents keeps the shares; swapping anchors and positives
    changes nothing.

    Raises:
        ValueError: wrong shapes or types, values that are not finite, a tolerance out of range, or
            no more pairs than dimensions, of which some are then never varied for want of pairs.
    """
    check_pairs(z_BD, positive_BD)
    if not 0 <= tolerance <= 1:
        raise ValueError(f"tolerance has to be from 0 to 1, not {tolerance}")
    rows, dim = z_BD.shape
    if rows <= dim:
        raise ValueError(f"{rows} pairs cannot tell of {dim} dimensions: give more than {dim}")
    both_ND = torch.cat([z_BD, positive_BD]).to(torch.float64)
    if not bool(torch.isfinite(both_ND).all()):
        raise ValueError("latents have to be finite")
    centered_ND = both_ND - both_ND.mean(dim=0)
    covariance_DD = centered_ND.mT @ centered_ND / len(both_ND)
    difference_BD = both_ND[:rows] - both_ND[rows:]
    moved_DD = 0.5 * difference_BD.mT @ difference_BD / rows
    variance_D, axis_DD = torch.linalg.eigh(covariance_DD)
    used_D = variance_D > _FLAT * variance_D[-1]
    whitening_DK = axis_DD[:, used_D] / variance_D[used_D].sqrt()
    share_K, turned_KK = torch.linalg.eigh(whitening_DK.mT @ moved_DD @ whitening_DK)
    direction_KD = (whitening_DK @ turned_KK).mT
    share_K = share_K.clamp(min=0)
    return DiversityReport(
        share_K=share_K,
        direction_KD=direction_KD / direction_KD.norm(dim=1, keepdim=True),
        axis_share_D=moved_DD.diagonal() / _or_nan(covariance_DD.diagonal()),
        held_count=int((share_K < tolerance).sum()),
        flat_count=dim - len(share_K),
        pair_count=rows,
    )


def _or_nan(variance_D: Tensor) -> Tensor:
    return torch.where(variance_D > _FLAT * variance_D.max(), variance_D, torch.nan)
