"""Heads: one function from a latent state to the labels, read at two states."""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from worker.models.saturation import Saturation

HeadKind = Literal["linear", "quadratic", "mlp"]
ActivationKind = Literal["gelu", "relu"]

_ROOT_HALF = math.sqrt(0.5)


def gelu(x: Tensor) -> Tensor:
    """GELU, x Phi(x). In float64 and without gradients by PyTorch's erf, in a third of the time."""
    if x.dtype is not torch.float64 or torch.is_grad_enabled():
        return nn.functional.gelu(x)
    return torch.erf(x * _ROOT_HALF).add_(1.0).mul_(x).mul_(0.5)


_ACTIVATIONS: dict[ActivationKind, Callable[[Tensor], Tensor]] = {
    "gelu": gelu,
    "relu": nn.functional.relu,
}


def random_linear(inputs: int, outputs: int, generator: torch.Generator) -> nn.Linear:
    """A linear layer whose start comes from `generator` alone, with bias 0."""
    layer = nn.Linear(inputs, outputs)
    nn.init.normal_(layer.weight, std=1.0 / math.sqrt(inputs), generator=generator)
    nn.init.zeros_(layer.bias)
    return layer


class Head(nn.Module):
    """y = w.z + b, plus what `kind` adds, per label.

    * ``linear``: nothing; with an additive latent there is no interaction at all.
    * ``quadratic``: z'Mz, M symmetric and zero at the start; it contains the product of two
      embeddings exactly.
    * ``mlp``: one or two hidden layers of `activation` beside the linear path; they add nothing at
      the start, so that it begins as the linear head.

    With `saturates` the size of a design scales w.z and adds a level (`worker.models.saturation`).
    """

    def __init__(
        self,
        kind: HeadKind,
        latent_dim: int,
        label_count: int,
        *,
        hidden_dim: int,
        hidden_layers: int,
        generator: torch.Generator,
        activation: ActivationKind = "gelu",
        saturates: bool = False,
    ) -> None:
        super().__init__()
        self.activation = activation
        self.saturation = Saturation(latent_dim, label_count) if saturates else None
        self.linear = random_linear(latent_dim, label_count, generator)
        self.quadratic_YDD: nn.Parameter | None = None
        self.hidden = nn.ModuleList()
        self.output: nn.Linear | None = None
        if kind == "quadratic":
            self.quadratic_YDD = nn.Parameter(torch.zeros(label_count, latent_dim, latent_dim))
        elif kind == "mlp":
            sizes = [latent_dim] + [hidden_dim] * hidden_layers
            self.hidden.extend(random_linear(a, b, generator) for a, b in pairwise(sizes))
            self.output = nn.Linear(hidden_dim, label_count)
            nn.init.zeros_(self.output.weight)
            nn.init.zeros_(self.output.bias)

    def forward(
        self, z_BD: Tensor, keep_BH: Tensor | None = None, gate_D: Tensor | None = None
    ) -> Tensor:
        """Labels [..., Y] at states [..., D], which are multiplied by gates first.

        `keep_BH` is a dropout mask of the last hidden layer, already scaled. It is given from
        outside because every state of one design has to be read through the same mask: a mixed
        difference of differently masked functions would be noise.
        """
        if gate_D is not None:
            z_BD = z_BD * gate_D
        y_BY: Tensor = self.linear(z_BD)
        if self.saturation is not None:
            gain_BY, level_BY = self.saturation(z_BD)
            y_BY = (y_BY - self.linear.bias) * gain_BY + self.linear.bias + level_BY
        if self.quadratic_YDD is not None:
            symmetric_YDD = 0.5 * (self.quadratic_YDD + self.quadratic_YDD.transpose(1, 2))
            return y_BY + torch.einsum("...d,yde,...e->...y", z_BD, symmetric_YDD, z_BD)
        if self.output is None:
            return y_BY
        hidden_BH = z_BD
        activation = _ACTIVATIONS[self.activation]
        for layer in self.hidden:
            hidden_BH = activation(layer(hidden_BH))
        if keep_BH is not None:
            hidden_BH = hidden_BH * keep_BH
        added_BY: Tensor = self.output(hidden_BH)
        return y_BY + added_BY

    def paths(self) -> list[list[Tensor]]:
        """Ways from a state to the labels: chains of weights [I, O]. A quadratic head has none."""
        if self.quadratic_YDD is not None:
            return []
        paths = [[self.linear.weight.T]]
        if self.output is not None:
            layers = [layer for layer in self.hidden if isinstance(layer, nn.Linear)]
            paths.append([layer.weight.T for layer in (*layers, self.output)])
        return paths

    def dropout_mask(self, rows: int, rate: float, generator: torch.Generator) -> Tensor | None:
        """A scaled mask [rows, H] for `forward`, or None where there is nothing to drop."""
        if self.output is None or rate == 0:
            return None
        weight = self.output.weight
        draw = torch.rand(rows, weight.shape[1], generator=generator, device=generator.device)
        return (draw >= rate).to(weight) / (1.0 - rate)
