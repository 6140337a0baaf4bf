"""Composition loss: the intact state should be the reference plus the shifts of its edits.

Sign: z_I = z_W + z_P, so z_P points from the reference to the edited strain.

Source: published as "cell algebra", in its note as (z_W - (z_W + z_P))^2 (which is z_P^2, a
misprint) and in its code as MSE(z_I, z_W + z_P). What differs here: the error is divided by a
variance, one side can be held fixed, and a z_P computed from z_I is refused.
"""

import torch
from torch import Tensor, nn

from service.contract.losses import StopGradient
from worker.losses.degenerate import refuse_computed

VARIANCE_FLOOR = 1e-6
# Share of the mean square change that the variance is at least: one design has none of its own.
VARIANCE_SHARE = 0.01
_HALF = (torch.float16, torch.bfloat16)


def _check(z_W_D: Tensor, z_P_BD: Tensor, z_I_BD: Tensor) -> None:
    shapes = f"z_W {tuple(z_W_D.shape)}, z_P {tuple(z_P_BD.shape)}, z_I {tuple(z_I_BD.shape)}"
    if z_I_BD.ndim != 2 or z_P_BD.shape != z_I_BD.shape or z_I_BD.numel() == 0:
        raise ValueError(f"z_P and z_I have to be [B, D] with B, D >= 1, alike: {shapes}")
    rows, dim = z_I_BD.shape
    if tuple(z_W_D.shape) not in {(dim,), (1, dim), (rows, dim)}:
        raise ValueError(f"z_W has to be [D], [1, D] or [B, D]: {shapes}")
    for z in (z_W_D, z_P_BD, z_I_BD):
        if not z.is_floating_point():
            raise ValueError(f"a latent has to be of a floating type, not {z.dtype}")


def composition(
    z_W_D: Tensor,
    z_P_BD: Tensor,
    z_I_BD: Tensor,
    *,
    stop_gradient: StopGradient = StopGradient.NONE,
    normalized: bool = True,
) -> Tensor:
    """MSE(z_I, z_W + z_P), divided by the variance of z_I - z_W over the batch.

    The mean is over designs and dimensions; so is the variance, of each dimension around its mean
    over the batch. It carries no gradient and is at least `VARIANCE_FLOOR` (in squared units of
    the latent), so that shrinking the latent is no way out, and at least `VARIANCE_SHARE` of the
    mean square of z_I - z_W, so that a batch of one design (in replicates) does not weigh a
    million times as much as others. Dimensionless if normalised.

    Laws: 0 where z_I = z_W + z_P; scaling z_W, z_P and z_I together changes nothing (above the
    floor); neither does the order of the designs; adding one vector to z_W and z_I neither. With
    `normalized=False` this is the published cell-algebra loss.

    Infinite or NaN latents give NaN or infinity, latents of 0 give 0; always with a graph.
    float16 and bfloat16 are computed in float32 and returned in their own type.

    Args:
        z_W_D: latent of the reference, [D], [1, D] or [B, D].
        z_P_BD: sum of shifts, encoded from the edits alone.
        z_I_BD: latent of the edited strain.
        stop_gradient: the side held fixed: `intact` (z_I; z_W and the shifts learn) or `shift`
            (z_W + z_P; the encoder of the edited strain learns).
        normalized: divide by the variance.

    Raises:
        DegenerateCompositionError: z_P was computed from z_I.
        ValueError: shapes that do not fit, no design, no dimension, an integer latent.
    """
    _check(z_W_D, z_P_BD, z_I_BD)
    refuse_computed(z_P_BD, z_I_BD)
    dtype = z_I_BD.dtype
    if dtype in _HALF:
        z_W_D, z_P_BD, z_I_BD = z_W_D.float(), z_P_BD.float(), z_I_BD.float()
    composed_BD = z_W_D + z_P_BD
    target_BD = z_I_BD
    if stop_gradient == StopGradient.INTACT:
        target_BD = target_BD.detach()
    elif stop_gradient == StopGradient.SHIFT:
        composed_BD = composed_BD.detach()
    error = (target_BD - composed_BD).square().mean()
    if normalized:
        change_BD = (z_I_BD - z_W_D).detach()
        variance = (change_BD - change_BD.mean(dim=0)).square().mean()
        least = (VARIANCE_SHARE * change_BD.square().mean()).clamp(min=VARIANCE_FLOOR)
        error = error / torch.maximum(variance, least)
    return error.to(dtype)


def composition_residual(z_W_D: Tensor, z_P_BD: Tensor, z_I_BD: Tensor) -> Tensor:
    """|z_I - (z_W + z_P)| / |z_P| of each design, [B], dimensionless; NaN where z_P is 0.

    It depends on the gauge of the latent: a map of the latent that a head undoes changes it.

    Raises:
        ValueError: shapes that do not fit, no design, no dimension, an integer latent.
    """
    _check(z_W_D, z_P_BD, z_I_BD)
    length_B = z_P_BD.norm(dim=1)
    share_B = (z_I_BD - z_W_D - z_P_BD).norm(dim=1) / length_B
    return torch.where(length_B > 0, share_B, torch.full_like(share_B, torch.nan))


class CompositionLoss(nn.Module):
    """`composition` with its options fixed."""

    def __init__(
        self, *, stop_gradient: StopGradient = StopGradient.NONE, normalized: bool = True
    ) -> None:
        super().__init__()
        self.stop_gradient = stop_gradient
        self.normalized = normalized

    def forward(self, z_W_D: Tensor, z_P_BD: Tensor, z_I_BD: Tensor) -> Tensor:
        """See `composition`."""
        return composition(
            z_W_D,
            z_P_BD,
            z_I_BD,
            stop_gradient=self.stop_gradient,
            normalized=self.normalized,
        )
