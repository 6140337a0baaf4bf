"""What follows from the formulas alone, for latents that are free: no model, no data.

Write f for SupCR of one view, S = f(z_P) + f(z_I), r = z_I - (z_W + z_P), C = mean r^2 / v.

1. Both gradients of C lie along r, with opposite signs: (-r, r). What moves z_P and z_I alike is
   orthogonal to them. So the square of the cosine between the gradients of S and C is at most the
   *off share* of S: the share of its square in (g_I - g_P) / 2, for any r.
2. Negative L2: f(z + c) = f(z), so that where r = 0 the two views have one gradient, and the off
   share is 0. There SupCR leads along the composition, and near it the cosine falls with |r|.
3. Cosine: f(a z) = f(z) for any factor a > 0 of any row, so that each row's gradient is orthogonal
   to the row (Euler). The radial part of C is neither helped nor opposed; f is blind to doses. But
   f(z + c) is another function: where r = 0 the off share is 0 for z_W = 0 alone.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmarks.studies.loss_conflict.arms import Form
from benchmarks.studies.loss_conflict.probe import off_share
from worker.losses.supcr import supcr

ROWS, DIM = 64, 16


@dataclass(frozen=True)
class Latents:
    """Free latents on the composition or off it, float64, and one label a row."""

    z_W_D: Tensor
    z_P_BD: Tensor
    z_I_BD: Tensor
    labels_BY: Tensor


def random_latents(seed: int, *, offset: float, residual: float) -> Latents:
    """Gaussian shifts of a length around 1.

    Args:
        seed: of the draw.
        offset: length of z_W.
        residual: length of r over that of z_P, about; its direction is random.
    """
    source = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        drawn = torch.randn(*shape, generator=source, dtype=torch.float64)
        return drawn / math.sqrt(DIM)

    z_P_BD, direction_D, r_BD = normal(ROWS, DIM), normal(DIM), normal(ROWS, DIM)
    z_W_D = offset * direction_D / direction_D.norm()
    labels_BY = torch.randn(ROWS, 1, generator=source, dtype=torch.float64)
    return Latents(z_W_D, z_P_BD, z_W_D + z_P_BD + residual * r_BD, labels_BY)


def gradients(form: Form, x: Latents) -> tuple[Tensor, Tensor]:
    """Gradients of SupCR with respect to z_P and z_I."""
    z_P_BD, z_I_BD = (z.clone().requires_grad_() for z in (x.z_P_BD, x.z_I_BD))
    views = [
        supcr(z_BD, x.labels_BY, temperature=form.temperature, similarity=form.similarity)
        for z_BD in (z_P_BD, z_I_BD)
    ]
    g_P_BD, g_I_BD = torch.autograd.grad(views[0] + views[1], [z_P_BD, z_I_BD])
    return g_P_BD, g_I_BD


def mean_off_share(form: Form, *, offset: float, residual: float, draws: int = 8) -> float:
    """Off share of SupCR's gradient, mean over draws."""
    found = [
        off_share(*gradients(form, random_latents(seed, offset=offset, residual=residual)))
        for seed in range(draws)
    ]
    return float(torch.stack(found).mean())


def descent(form: Form, *, offset: float, steps: int, draws: int = 4) -> list[float]:
    """|r| / |z_P| along a descent of SupCR alone that starts on the composition, mean over draws.

    Each step is a hundredth of the length of all latents together, whatever the gradient's.
    """
    courses = []
    for seed in range(draws):
        x = random_latents(seed, offset=offset, residual=0.0)
        course = [0.0]
        for _ in range(steps):
            g_P_BD, g_I_BD = gradients(form, x)
            length = (g_P_BD.square().sum() + g_I_BD.square().sum()).sqrt()
            step = 0.01 * (2.0 * ROWS) ** 0.5 / length
            x = Latents(x.z_W_D, x.z_P_BD - step * g_P_BD, x.z_I_BD - step * g_I_BD, x.labels_BY)
            r_BD = x.z_I_BD - x.z_W_D - x.z_P_BD
            course.append(float((r_BD.norm(dim=1) / x.z_P_BD.norm(dim=1)).mean()))
        courses.append(course)
    return torch.tensor(courses).mean(dim=0).tolist()
