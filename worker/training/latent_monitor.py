"""Has the latent space collapsed? What does it say of the composition?"""

from dataclasses import dataclass

import torch
from torch import Tensor

from worker.models.encoding import DesignBatch
from worker.models.perturbation_set import PerturbationSet

# z_P must keep this share of the variance it started with, and must tell designs apart: residuals
# with z_P shuffled between designs have to be larger than its own.
_LEAST_VARIANCE_SHARE = 1e-3
_LEAST_SHUFFLED_RATIO = 1.01
_TINY = 1e-12


@dataclass(frozen=True)
class LatentState:
    """One member's latent over the distinct training designs that have edits.

    `residual` is the median of |z_I - (z_W + z_P)| / |z_P| (it depends on the gauge of the
    latent); `shuffled_ratio` is how much larger the mean residual is when every design gets the
    z_P of another. `is_start` tells that no epoch was better than the additive start.
    """

    effective_rank: float
    variance: float
    variance_share_of_start: float
    residual: float
    shuffled_ratio: float
    is_start: bool = False

    @property
    def is_collapsed(self) -> bool:
        """The latent no longer tells designs apart."""
        return (
            self.variance_share_of_start < _LEAST_VARIANCE_SHARE
            or self.shuffled_ratio < _LEAST_SHUFFLED_RATIO
        )


def effective_rank(z_BD: Tensor) -> float:
    """Exponential of the entropy of the normalised singular values of the centred latent.

    Source: Roy and Vetterli 2007, "The effective rank" (EUSIPCO).
    """
    values = torch.linalg.svdvals((z_BD - z_BD.mean(dim=0)).double())
    total = values.sum()
    if total <= _TINY:
        return 0.0
    share = values / total
    return float(torch.exp(-torch.xlogy(share, share).sum()))


def _variance(z_BD: Tensor) -> float:
    return float((z_BD - z_BD.mean(dim=0)).square().sum(dim=1).mean())


@torch.no_grad()
def inspect_latent(net: PerturbationSet, start: PerturbationSet, batch: DesignBatch) -> LatentState:
    """Look at a trained member beside its own start, over distinct designs with edits."""
    readings = net(batch)
    residual_BD = readings.z_I_BD - readings.z_W_D - readings.z_P_BD
    # Every design gets the z_P of the next one: deterministic, and nobody keeps his own.
    shuffled_BD = readings.z_I_BD - readings.z_W_D - readings.z_P_BD.roll(1, dims=0)
    own, other = residual_BD.norm(dim=1), shuffled_BD.norm(dim=1)
    variance = _variance(readings.z_P_BD)
    return LatentState(
        effective_rank=effective_rank(readings.z_P_BD),
        variance=variance,
        variance_share_of_start=variance / max(_variance(start(batch).z_P_BD), _TINY),
        residual=float((own / readings.z_P_BD.norm(dim=1).clamp(min=_TINY)).median()),
        shuffled_ratio=float(other.mean() / own.mean().clamp(min=_TINY)),
        is_start=not bool(net.interaction.weight.any()),
    )
