"""Positive pairs that keep some coordinates, and negatives from where the positives could be.

A latent z = (u, v) on the unit sphere; its positive keeps u, the first `fixed` coordinates. It then
lies on K(z), the sphere of radius r = |v| around (u, 0), with a density proportional to
exp(concentration z.z~).

Source: Zaliaduonis et al. 2026 (arXiv 2606.04280), definition 3.1, eq. 6 to 8 and algorithm 13;
von Mises-Fisher: Wood 1994, doi:10.1080/03610919408813161. What differs here: algorithm 13 draws
the direction of v~ with the whole concentration, although of exp(concentration z.z~) only
concentration r^2 is left on K(z). With that, an encoder that keeps nothing of u is a minimiser of
the corrected loss (its share of the latents' variance is (pi / 4)^2 = 0.617 on the sphere in three
dimensions with one fixed: what the published tables show). The default is concentration r^2.
"""

import math
from typing import Literal, get_args

import torch
from torch import Tensor

from worker.losses.columns import require_not_negative
from worker.losses.supcr_inputs import check_choice

Rule = Literal["exact", "published"]


def _check(z_BD: Tensor, fixed: int) -> None:
    if z_BD.ndim != 2 or not z_BD.is_floating_point():
        raise ValueError(
            f"latents have to be [B, D] and float, not {tuple(z_BD.shape)} {z_BD.dtype}"
        )
    if not 0 <= fixed <= z_BD.shape[1]:
        raise ValueError(f"{fixed} fixed of {z_BD.shape[1]} coordinates")


def _directions(z_ND: Tensor) -> Tensor:
    """Unit vectors; the first axis for a vector of 0."""
    length_N1 = z_ND.norm(dim=1, keepdim=True)
    axis_D = torch.zeros_like(z_ND[:1])
    axis_D[:, :1] = 1.0
    return torch.where(length_N1 > 0, z_ND / torch.where(length_N1 > 0, length_N1, 1.0), axis_D)


@torch.no_grad()
def uniform_directions(like_ND: Tensor, generator: torch.Generator) -> Tensor:
    """Uniform points on the unit sphere, in the shape, type and device of `like_ND`."""
    return _directions(torch.empty_like(like_ND).normal_(generator=generator))


def _cosines(shape_ND: Tensor, concentration_N: Tensor, generator: torch.Generator) -> Tensor:
    """Cosines with the mean of von Mises-Fisher draws, [N], by Wood's rejection."""
    free = shape_ND.shape[1] - 1
    b_N = free / (2 * concentration_N + (4 * concentration_N.square() + free**2).sqrt())
    x_N = (1 - b_N) / (1 + b_N)
    peak_N = concentration_N * x_N + free * torch.log1p(-x_N.square())
    cosine_N = torch.ones_like(concentration_N)
    waiting_N = torch.ones_like(concentration_N, dtype=torch.bool)
    while bool(waiting_N.any()):
        # A coordinate of a uniform direction, from -1 to 1, is the beta draw that Wood asks for.
        beta_N = 0.5 * (1 + uniform_directions(shape_ND, generator)[:, 0])
        drawn_N = (1 - (1 + b_N) * beta_N) / (1 - (1 - b_N) * beta_N)
        level_N = concentration_N * drawn_N + free * torch.log1p(-x_N * drawn_N) - peak_N
        chance_N = torch.empty_like(x_N).uniform_(generator=generator)
        taken_N = waiting_N & (level_N >= chance_N.log())
        cosine_N = torch.where(taken_N, drawn_N, cosine_N)
        waiting_N &= ~taken_N
    return cosine_N.clamp(-1, 1)


@torch.no_grad()
def von_mises_fisher(
    mean_ND: Tensor, concentration_N: Tensor, generator: torch.Generator
) -> Tensor:
    """One draw around each mean, [N, D], of a density proportional to exp(concentration mean.x).

    Args:
        mean_ND: unit vectors, at least one dimension.
        concentration_N: at least 0 (uniform).
        generator: on the device of the means.
    """
    if mean_ND.shape[1] == 1:
        chance_N = torch.empty_like(concentration_N).uniform_(generator=generator)
        kept_N = chance_N < (2 * concentration_N).sigmoid()
        return torch.where(kept_N[:, None], mean_ND, -mean_ND)
    cosine_N1 = _cosines(mean_ND, concentration_N, generator)[:, None]
    other_ND = uniform_directions(mean_ND, generator)
    across_ND = other_ND - (other_ND * mean_ND).sum(dim=1, keepdim=True) * mean_ND
    return cosine_N1 * mean_ND + (1 - cosine_N1.square()).sqrt() * _directions(across_ND)


@torch.no_grad()
def support_positives(
    z_BD: Tensor,
    *,
    fixed: int,
    concentration: float,
    generator: torch.Generator,
    rule: Rule = "exact",
) -> Tensor:
    """A positive for each latent, [B, D], on the sphere K(z); without a gradient.

    Args:
        z_BD: latents on the unit sphere.
        fixed: how many coordinates, from the first, positives keep; 0 draws on the whole sphere.
        concentration: at least 0, finite; with a loss's temperature t, 1 / t.
        generator: on the device of the latents.
        rule: `exact`: directions of v~ with concentration r^2, the density on K(z); `published`:
            with concentration.

    Raises:
        ValueError: wrong shapes or settings.
    """
    _check(z_BD, fixed)
    check_choice("rule", rule, get_args(Rule))
    require_not_negative(concentration=concentration)
    v_BV = z_BD[:, fixed:]
    if v_BV.shape[1] == 0:
        return z_BD.clone()
    radius_B1 = v_BV.norm(dim=1, keepdim=True)
    share_B = radius_B1[:, 0].square() if rule == "exact" else torch.ones_like(radius_B1[:, 0])
    drawn_BV = von_mises_fisher(_directions(v_BV), concentration * share_B, generator)
    return torch.cat([z_BD[:, :fixed], radius_B1 * drawn_BV], dim=1)


@torch.no_grad()
def support_negatives(
    z_BD: Tensor,
    count: int,
    *,
    fixed: int,
    generator: torch.Generator,
    constrained: float = 1.0,
) -> Tensor:
    """Negatives for each latent, [B, count, D], uniform on its sphere K(z); without a gradient.

    Args:
        z_BD: latents on the unit sphere.
        count: negatives of each latent.
        fixed: how many coordinates, from the first, positives keep.
        generator: on the device of the latents.
        constrained: share that is drawn on K(z), rounded down and first; the others are uniform
            on the whole sphere. 0 is plain InfoNCE.

    Raises:
        ValueError: wrong shapes or settings.
    """
    _check(z_BD, fixed)
    if not 0 <= constrained <= 1:
        raise ValueError(f"constrained has to be from 0 to 1, not {constrained}")
    if count < 0:
        raise ValueError(f"{count} negatives")
    rows, dim = z_BD.shape
    inside = math.floor(constrained * count)
    repeated_BMD = z_BD[:, None].expand(rows, count, dim).clone()
    v_BMV = repeated_BMD[:, :inside, fixed:]
    drawn_NV = uniform_directions(v_BMV.reshape(rows * inside, dim - fixed), generator)
    v_BMV.copy_(v_BMV.norm(dim=2, keepdim=True) * drawn_NV.view_as(v_BMV))
    outside_BMD = repeated_BMD[:, inside:]
    drawn_ND = uniform_directions(outside_BMD.reshape(-1, dim), generator)
    outside_BMD.copy_(drawn_ND.view_as(outside_BMD))
    return repeated_BMD
