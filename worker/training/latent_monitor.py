"""Has the latent space collapsed? What does it say of the composition?"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from worker.models.encoding import DesignBatch
from worker.models.latent_network import LatentNetwork
from worker.training.errors import LatentCollapseError

# A member is looked at after every so many epochs, and given up when it was found collapsed so
# many times in a row, its best weights included.
EPOCHS_BETWEEN_LOOKS = 5
LOOKS_TO_GIVE_UP = 2

# z_P must keep this share of the variance it started with, and must tell designs apart: residuals
# with z_P shuffled between designs have to be larger than its own.
_LEAST_VARIANCE_SHARE = 1e-3
_LEAST_SHUFFLED_RATIO = 1.01
_TINY = 1e-12
_MOST_DESIGNS = 2048


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
def inspect_latent(net: LatentNetwork, start: LatentNetwork, batch: DesignBatch) -> LatentState:
    """Look at a trained member beside its own start, over distinct designs with edits."""
    return _look(net, _variance(start(batch).z_P_BD), batch)


def _look(net: LatentNetwork, start_variance: float, batch: DesignBatch) -> LatentState:
    readings = net(batch)
    z_W_D, z_P_BD, z_I_BD = readings.z_W_D, readings.z_P_BD, readings.z_I_BD
    own_B = (z_I_BD - z_W_D - z_P_BD).norm(dim=1)
    # Every design gets the z_P of the next one: deterministic, and nobody keeps his own.
    other_B = (z_I_BD - z_W_D - z_P_BD.roll(1, dims=0)).norm(dim=1)
    variance = _variance(z_P_BD)
    return LatentState(
        effective_rank=effective_rank(z_P_BD),
        variance=variance,
        variance_share_of_start=variance / max(start_variance, _TINY),
        residual=float((own_B / z_P_BD.norm(dim=1).clamp(min=_TINY)).median()),
        shuffled_ratio=float(other_B.mean() / own_B.mean().clamp(min=_TINY)),
        is_start=net.is_additive,
    )


class LatentMonitor:
    """Looks at a member while it is trained: every few epochs, over at most 2,048 designs.

    Draws nothing and changes nothing, so that a training is the same with it and without.

    Args:
        start: the member at its start.
        designs: distinct training designs; those without edits are left out.
    """

    @torch.no_grad()
    def __init__(self, start: LatentNetwork, designs: DesignBatch) -> None:
        edited = torch.nonzero((designs.edit_BP > 0).any(dim=1)).flatten()
        stride = max(1, -(-len(edited) // _MOST_DESIGNS))
        self._batch = designs.rows(edited[::stride])
        self.is_blind = len(edited) < 2
        self._start_variance = 0.0 if self.is_blind else _variance(start(self._batch).z_P_BD)

    @torch.no_grad()
    def look(self, net: LatentNetwork) -> LatentState:
        """State of the latent now; at least two designs with edits are needed."""
        return _look(net, self._start_variance, self._batch)


def require_latent(states: Sequence[LatentState], member_count: int | None = None) -> None:
    """End the job where most members have collapsed.

    Args:
        states: of the members trained so far.
        member_count: of the whole ensemble, if that is more.

    Raises:
        LatentCollapseError: more than half of the ensemble has.
    """
    count = len(states) if member_count is None else member_count
    collapsed = [state for state in states if state.is_collapsed]
    if len(collapsed) * 2 <= count:
        return
    worst = min(collapsed, key=lambda state: state.variance)
    raise LatentCollapseError(
        f"the latent space of {len(collapsed)} of {count} members collapsed (variance "
        f"{worst.variance:.2g}, {worst.variance_share_of_start:.2g} of its start; effective rank "
        f"{worst.effective_rank:.2g}; residual with shuffled z_P {worst.shuffled_ratio:.2g} times "
        "its own): lower the weight of the composition term or the weight decay, or use the "
        "normalised composition loss"
    )
