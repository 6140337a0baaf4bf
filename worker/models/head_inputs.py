"""A head from the linear maps of a state that it begins with. Imports numba.

Everything but a quadratic form begins with sums of a state's dimensions. A network that is no
longer trained can therefore keep these sums of every edit in a table, of the size of the hidden
layer, and add them up instead of shifts: no state is ever made. With t = x / sqrt 2

    GELU(x) = x / 2 + t erf(t) / sqrt 2,

whose first half is a linear map, too. The sums are those of `worker.models.heads`, in another
order.
"""

from math import sqrt

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from worker.compiled import quickly
from worker.models.gelu_loops import add_t_erf
from worker.models.heads import Head, gelu

Floats = NDArray[np.float64]

_ROOT_HALF = sqrt(0.5)


class HeadInputs:
    """What a head reads: u = z `map_DF` + `start_F`, and the labels as a function of u.

    Columns of u are the first hidden layer (over sqrt 2 where it is GELU and the last), what is
    added to the labels as it is, and for a head that saturates the labels' sums and the size.

    Law: `read` of u is the head at z. In float64 on the CPU; not for a quadratic form.
    """

    @torch.no_grad()
    def __init__(self, head: Head) -> None:
        self._head = head
        self._is_halved = len(head.hidden) == 1 and head.activation == "gelu"
        first = _layer(head.hidden[0]) if len(head.hidden) else None
        added_YD, added_Y = torch.zeros_like(head.linear.weight), head.linear.bias.detach()
        if head.saturation is None:
            added_YD = head.linear.weight.detach()
        scale = 1.0
        if first is not None and self._is_halved and head.output is not None:
            scale = _ROOT_HALF
            added_YD = added_YD + 0.5 * head.output.weight @ first.weight
            added_Y = added_Y + 0.5 * head.output.weight @ first.bias + head.output.bias
            self._output_YH = _ROOT_HALF * head.output.weight
        maps: list[Tensor] = [added_YD]
        starts: list[Tensor] = [added_Y]
        if first is not None:
            maps.insert(0, scale * first.weight)
            starts.insert(0, scale * first.bias)
        if head.saturation is not None:
            maps += [head.linear.weight, head.saturation.size_D[None]]
            starts += [torch.zeros_like(added_Y), torch.zeros_like(added_Y[:1])]
        self._hidden = 0 if first is None else first.out_features
        self.map_DF = torch.cat(maps).T.contiguous()
        self.start_F = torch.cat(starts)

    @classmethod
    def of(cls, head: Head) -> "HeadInputs | None":
        """Those of a head; None for one with a quadratic form."""
        return None if head.quadratic_YDD is not None else cls(head)

    def read(self, input_BF: Tensor) -> Tensor:
        """Labels [..., Y] from inputs [..., F], which lie in one piece."""
        head, labels = self._head, len(self._head.linear.bias)
        y_BY = input_BF[..., self._hidden : self._hidden + labels].clone()
        input_NF, y_NY = (array.flatten(0, -2).numpy() for array in (input_BF, y_BY))
        if head.saturation is not None:
            exponent_Y, step_YK = head.saturation.exponent_Y, head.saturation.step_YK.detach()
            _add_saturated(input_NF, exponent_Y.numpy(), step_YK.numpy(), y_NY)
        if head.output is None:
            return y_BY
        if self._is_halved:
            add_t_erf(input_NF, self._output_YH.numpy(), y_NY)
            return y_BY
        activation = gelu if head.activation == "gelu" else torch.relu
        hidden_BH = activation(input_BF[..., : self._hidden])
        for layer in head.hidden[1:]:
            hidden_BH = activation(layer(hidden_BH))
        y_BY += head.output(hidden_BH)
        return y_BY


@quickly
def _add_saturated(input_NF: Floats, exponent_Y: Floats, step_YK: Floats, y_NY: Floats) -> None:
    """Add linear parts times their gains, and levels: what `Saturation` gives, in one pass."""
    labels, steps = step_YK.shape
    first = input_NF.shape[1] - 1 - labels
    for n in range(len(input_NF)):
        size = input_NF[n, -1]
        for y in range(labels):
            total = input_NF[n, first + y] * max(size, 1.0) ** -exponent_Y[y]
            for k in range(steps):
                total += min(max(size - k, 0.0), 1.0) * step_YK[y, k]
            y_NY[n, y] += total


def _layer(module: nn.Module) -> nn.Linear:
    if not isinstance(module, nn.Linear):
        raise TypeError(f"a hidden layer is linear, and not {type(module).__name__}")
    return module
