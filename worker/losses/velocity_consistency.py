"""Velocity consistency: a cell should go where its velocity points, and as far.

Source: DiffBio 0.1.9, `VelocityConsistencyLoss` (https://github.com/avitai/DiffBio, MIT licence).
What differs here is said under `velocity_consistency`; `compat="diffbio"` reproduces it.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from worker.losses.columns import (
    require_above_zero,
    require_floats,
    require_not_negative,
    widened,
)
from worker.losses.supcr_inputs import check_choice

# A step shorter than this share of the root mean square of all steps has no direction.
_STILL = 1e-3
_EPSILON = 1e-8


def velocity_consistency(
    expression_NG: Tensor,
    velocity_NG: Tensor,
    future_NG: Tensor,
    *,
    dt: float = 0.1,
    cosine_weight: float = 1.0,
    magnitude_weight: float = 1.0,
    compat: Literal["diffbio"] | None = None,
) -> Tensor:
    """How much the predicted step v dt and the step to the future state differ.

    With p = velocity * dt and a = future - expression:

        direction = mean of 1 - cos(p, a) over the cells with a direction
        length    = mean of (|p| - |a|)^2  /  mean of |a|^2
        loss      = cosine_weight * direction + magnitude_weight * length

    Minimise it; 0 where p = a, 2 * cosine_weight where p = -a. No neighbours and no transition
    probabilities enter, although DiffBio's documentation says so.

    What this mends: in DiffBio a cell without a step, or without a velocity, counts as one at a
    right angle, with gradients of 1e3, and the length is in squared units beside a dimensionless
    direction. Here a cell whose p or a is shorter than a thousandth of the root mean square of
    all has no direction (its length still counts), and both parts are dimensionless.

    Args:
        expression_NG: states of the cells now, float, in any unit; half precision is worked on in
            float32.
        velocity_NG: their velocities, in that unit by that of `dt`.
        future_NG: their states after `dt`.
        dt: time step, above 0.
        cosine_weight: of the direction, at least 0.
        magnitude_weight: of the length, at least 0.
        compat: `diffbio` computes DiffBio's loss.

    Laws: scaling all three tensors by c changes nothing; neither does scaling the velocity by c and
    `dt` by 1 / c, shifting both states alike, or the order of cells or genes. Where no cell has a
    direction that part is 0; where no cell takes a step, lengths keep their squared unit. Without
    cells it is 0, with a graph.

    Raises:
        ValueError: wrong shapes or types, or a parameter out of its range.
    """
    _check(expression_NG, velocity_NG, future_NG)
    require_above_zero(dt=dt)
    require_not_negative(cosine_weight=cosine_weight, magnitude_weight=magnitude_weight)
    predicted_NG = widened(velocity_NG) * dt
    actual_NG = widened(future_NG) - widened(expression_NG)
    if compat is None:
        direction, length = _parts(predicted_NG, actual_NG)
    else:
        check_choice("compat", compat, ("diffbio",))
        direction, length = _published(predicted_NG, actual_NG)
    value = cosine_weight * direction + magnitude_weight * length
    return value.to(expression_NG.dtype)


def _check(expression_NG: Tensor, velocity_NG: Tensor, future_NG: Tensor) -> None:
    tensors = {"expression": expression_NG, "velocity": velocity_NG, "future": future_NG}
    if expression_NG.ndim != 2 or len({t.shape for t in tensors.values()}) > 1:
        shapes = ", ".join(f"{name} {tuple(t.shape)}" for name, t in tensors.items())
        raise ValueError(f"all three have to be [N, G], alike: {shapes}")
    if expression_NG.shape[1] == 0:
        raise ValueError("cells need at least one gene")
    for name, tensor in tensors.items():
        require_floats(tensor, name)


def _length(step_NG: Tensor) -> Tensor:
    """Lengths [N, 1]; of a step of 0 it is 0, and so is its gradient."""
    square_N1 = step_NG.square().sum(dim=1, keepdim=True)
    moves_N1 = square_N1 != 0  # NaN stays NaN
    return torch.where(moves_N1, torch.where(moves_N1, square_N1, 1.0).sqrt(), 0.0)


def _parts(predicted_NG: Tensor, actual_NG: Tensor) -> tuple[Tensor, Tensor]:
    """Direction and length."""
    length_2N1 = [_length(predicted_NG), _length(actual_NG)]
    moves_N1 = torch.ones_like(length_2N1[0], dtype=torch.bool)
    unit_2NG = []
    for step_NG, length_N1 in zip((predicted_NG, actual_NG), length_2N1, strict=True):
        known_N1 = length_N1.detach()
        typical = known_N1.square().sum().div(max(len(known_N1), 1)).sqrt()
        own_N1 = ~(known_N1 <= _STILL * typical)
        moves_N1 = moves_N1 & own_N1
        unit_2NG.append(step_NG / torch.where(own_N1, length_N1, 1.0))
    # 1 - cos as half the squared distance of unit vectors: exactly 0 where they are the same.
    apart_N1 = 0.5 * (unit_2NG[0] - unit_2NG[1]).square().sum(dim=1, keepdim=True)
    direction = torch.where(moves_N1, apart_N1, 0.0).sum() / moves_N1.sum().clamp(min=1)
    square = length_2N1[1].square().sum()
    error = (length_2N1[0] - length_2N1[1]).square().sum()
    rows = max(len(actual_NG), 1)
    return direction, error / torch.where(square != 0, square, rows)


def _published(predicted_NG: Tensor, actual_NG: Tensor) -> tuple[Tensor, Tensor]:
    """What DiffBio 0.1.9 computes."""
    predicted_N = (predicted_NG.square().sum(dim=1) + _EPSILON).sqrt()
    actual_N = (actual_NG.square().sum(dim=1) + _EPSILON).sqrt()
    cosine_N = (predicted_NG * actual_NG).sum(dim=1) / (predicted_N * actual_N)
    return (1.0 - cosine_N).mean(), (predicted_N - actual_N).square().mean()


class VelocityConsistencyLoss(nn.Module):
    """`velocity_consistency` with its parameters."""

    def __init__(
        self,
        *,
        dt: float = 0.1,
        cosine_weight: float = 1.0,
        magnitude_weight: float = 1.0,
        compat: Literal["diffbio"] | None = None,
    ) -> None:
        super().__init__()
        self.dt = dt
        self.cosine_weight = cosine_weight
        self.magnitude_weight = magnitude_weight
        self.compat: Literal["diffbio"] | None = compat

    def forward(self, expression_NG: Tensor, velocity_NG: Tensor, future_NG: Tensor) -> Tensor:
        """Loss of a batch."""
        return velocity_consistency(
            expression_NG,
            velocity_NG,
            future_NG,
            dt=self.dt,
            cosine_weight=self.cosine_weight,
            magnitude_weight=self.magnitude_weight,
            compat=self.compat,
        )
