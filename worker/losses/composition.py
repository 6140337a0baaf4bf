"""Composition loss: the intact state should be the reference plus the shifts of its edits."""

import torch
from torch import Tensor

from service.contract.losses import StopGradient

VARIANCE_FLOOR = 1e-6


def composition(
    z_W_D: Tensor,
    z_P_BD: Tensor,
    z_I_BD: Tensor,
    *,
    stop_gradient: StopGradient = StopGradient.NONE,
    normalized: bool = True,
) -> Tensor:
    """MSE(z_I, z_W + z_P), divided by the variance of z_I - z_W over the batch.

    The variance carries no gradient and is floored, so that shrinking the latent is no way out.
    Law: scaling z_W, z_P and z_I together changes nothing (above the floor). With
    `normalized=False` this is the published cell-algebra loss. It has a meaning only where z_P is
    not computed from z_W and z_I (with z_P := z_I - z_W it is 0 whatever the data).

    Args:
        z_W_D: latent of the reference, [D] or anything that broadcasts against [B, D].
        z_P_BD: sum of shifts.
        z_I_BD: latent of the edited strain.
        stop_gradient: which side is held fixed.
        normalized: divide by the variance.
    """
    composed_BD = z_W_D + z_P_BD
    target_BD = z_I_BD
    if stop_gradient is StopGradient.INTACT:
        target_BD = target_BD.detach()
    elif stop_gradient is StopGradient.SHIFT:
        composed_BD = composed_BD.detach()
    error = (target_BD - composed_BD).square().mean()
    if not normalized:
        return error
    change_BD = (z_I_BD - z_W_D).detach()
    variance = (change_BD - change_BD.mean(dim=0)).square().mean()
    return error / torch.clamp(variance, min=VARIANCE_FLOOR)
