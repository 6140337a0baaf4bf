"""Hard-concrete gates: weights or units that a gradient can switch off for good.

A gate is a random number in 0..1 that is exactly 0 or exactly 1 with probabilities above 0:

    s = sigmoid((log u - log(1 - u) + a) / t),  gate = min(max(s (high - low) + low, 0), 1)

with u uniform in 0..1, t the temperature, and a what is learned (`log_alpha`).

Source: Louizos, Welling and Kingma 2018, "Learning Sparse Neural Networks through L0
Regularization" (arXiv 1712.01312), eq. 10 to 13. What differs here: the penalty is the *share* of
open gates (published: their sum, each times the weights behind it), and it is not clamped to
1e-6..1 - 1e-6.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from worker.losses.columns import require_above_zero, require_floats, widened

TEMPERATURE = 2.0 / 3.0
LOW = -0.1
HIGH = 1.1
# Least distance of a uniform draw from 0 and 1, as published: there its logarithm is infinite.
_LEAST = 1e-6
# How far beyond the least that is read as 1 an open gate starts.
_MARGIN = 0.1


def _check(log_alpha: Tensor, temperature: float, low: float, high: float) -> None:
    require_floats(log_alpha, "log_alpha")
    require_above_zero(temperature=temperature)
    if not (low < 0 and math.isfinite(low)):
        raise ValueError(f"low has to be below 0 and finite, it is {low}")
    if not (high > 1 and math.isfinite(high)):
        raise ValueError(f"high has to be above 1 and finite, it is {high}")


def hard_concrete(
    log_alpha: Tensor, *, temperature: float = TEMPERATURE, low: float = LOW, high: float = HIGH
) -> Tensor:
    """Expected share of gates that are not 0: mean of sigmoid(a - t log(-low / high)).

    Args:
        log_alpha: of the gates, of any shape, dimensionless; half precision is computed in
            float32.
        temperature: t, above 0; below 1 the gates are mostly near 0 or 1.
        low: lower end of the stretched s, below 0.
        high: upper end of it, above 1.

    Returns:
        A scalar in 0..1 and the type of `log_alpha`; without any gate 0, with a graph. An
        infinite a is a gate that is always open or always closed.

    Laws: rises with every a; the share of drawn gates that are not 0 tends to it.

    Raises:
        ValueError: a parameter out of its range, or gates that are not floating point.
    """
    _check(log_alpha, temperature, low, high)
    open_share = torch.sigmoid(widened(log_alpha) - temperature * math.log(-low / high))
    return (open_share.sum() / max(log_alpha.numel(), 1)).to(log_alpha.dtype)


def gate_samples(
    log_alpha: Tensor,
    uniform: Tensor,
    *,
    temperature: float = TEMPERATURE,
    low: float = LOW,
    high: float = HIGH,
) -> Tensor:
    """Gates in 0..1 as drawn for training, with a gradient where they are neither 0 nor 1.

    Args:
        log_alpha: of the gates, of any shape.
        uniform: u, a draw from 0..1 for each gate, of the same shape.
        temperature: as in `hard_concrete`.
        low: as in `hard_concrete`.
        high: as in `hard_concrete`.

    Laws: rises with u and with a; u = 1/2 and a = 0 give the middle of low and high.

    Raises:
        ValueError: as `hard_concrete`, or another shape of the draws.
    """
    _check(log_alpha, temperature, low, high)
    if uniform.shape != log_alpha.shape:
        raise ValueError(
            f"draws of the shape {tuple(uniform.shape)} for gates of {tuple(log_alpha.shape)}"
        )
    wide = widened(log_alpha)
    noise = torch.logit(uniform.to(wide.dtype), eps=_LEAST)
    s = torch.sigmoid((noise + wide) / temperature)
    return (s * (high - low) + low).clamp(0, 1).to(log_alpha.dtype)


def gate_values(log_alpha: Tensor, *, low: float = LOW, high: float = HIGH) -> Tensor:
    """Gates in 0..1 as they are read after training: sigmoid(a), stretched and cut, no draw.

    As published; it leaves the temperature out, so that it is not the median of what was drawn.

    Raises:
        ValueError: as `hard_concrete`.
    """
    _check(log_alpha, TEMPERATURE, low, high)
    s = torch.sigmoid(widened(log_alpha))
    return (s * (high - low) + low).clamp(0, 1).to(log_alpha.dtype)


def closed_when_open(low: float, high: float) -> float:
    """`closed` of gates that are read as 1, but not by much."""
    share = min((1.0 - low) / (high - low), 1.0 - _LEAST)
    return 1.0 / (1.0 + math.exp(_MARGIN) * share / (1.0 - share))


class HardConcreteGates(nn.Module):
    """Gates of the input units [I] or of the weights [I, O] of a layer; `log_alpha` is learned.

    Args:
        shape: (I,) for a gate a unit, (I, O) for a gate a weight.
        closed: how often a gate is about to be 0 at the start: a is drawn around
            log((1 - closed) / closed), above 0 and below 1.
        temperature: as in `hard_concrete`.
        low: as in `hard_concrete`.
        high: as in `hard_concrete`.
        spread: sd of a at the start.
        generator: what the start is drawn from; None: all gates start alike.

    Raises:
        ValueError: a parameter out of its range.
    """

    def __init__(
        self,
        shape: Sequence[int],
        *,
        closed: float = 0.5,
        temperature: float = TEMPERATURE,
        low: float = LOW,
        high: float = HIGH,
        spread: float = 0.01,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        if len(shape) not in (1, 2):
            raise ValueError(f"gates are [I] or [I, O], not {tuple(shape)}")
        if not 0 < closed < 1:
            raise ValueError(f"closed has to be between 0 and 1, it is {closed}")
        start = torch.full(tuple(shape), math.log((1 - closed) / closed))
        if generator is not None:
            start = start + spread * torch.randn(tuple(shape), generator=generator)
        _check(start, temperature, low, high)
        self.log_alpha = nn.Parameter(start)
        self.temperature = temperature
        self.low = low
        self.high = high

    def gates(self, generator: torch.Generator | None = None) -> Tensor:
        """Gates drawn from `generator` (training), or as they are read (None)."""
        if generator is None:
            return gate_values(self.log_alpha, low=self.low, high=self.high)
        uniform = torch.rand(self.log_alpha.shape, generator=generator, device=generator.device)
        return gate_samples(
            self.log_alpha,
            uniform.to(self.log_alpha.device),
            temperature=self.temperature,
            low=self.low,
            high=self.high,
        )

    def forward(self, weight_IO: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Weights [I, O] behind their gates: multiply inputs [B, I] by them.

        Raises:
            ValueError: weights that do not fit the gates.
        """
        gates = self.gates(generator)
        if weight_IO.shape[: gates.ndim] != gates.shape or weight_IO.ndim != 2:
            raise ValueError(
                f"weights {tuple(weight_IO.shape)} do not fit gates {tuple(gates.shape)}"
            )
        return weight_IO * (gates[:, None] if gates.ndim == 1 else gates)

    def penalty(self) -> Tensor:
        """Expected share of gates that are not 0, see `hard_concrete`."""
        return hard_concrete(
            self.log_alpha, temperature=self.temperature, low=self.low, high=self.high
        )
