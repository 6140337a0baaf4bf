"""What one network's head reads of each edit, at the composed state, in float64.

With q the order of a label's mixed difference, a design D of n >= q edits is read as h(D) plus the
sum over its subsets T of fewer than q edits of coefficient(n, q, |T|) h(T); below q it is 0.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn

from worker.latent.differences import coefficient
from worker.models.encoding import DesignBatch
from worker.models.latent_network import LatentNetwork
from worker.search.tables import Floats, Singles

_STATES = 1 << 16  # read at once
_ALONE = 512  # designs of one edit that are encoded at once

Outside = tuple[Floats, Floats, dict[int, Singles]]
Inner = tuple[Floats, Floats, Floats, Floats, Floats, Floats]
Units = tuple[Floats, Floats, Floats | None, Floats | None, Floats]


@dataclass(frozen=True)
class EditStates:
    """A network and the shifts of edits, each times its effect."""

    net: LatentNetwork
    order: int
    base_D: Tensor  # the reference
    fixed_FD: Tensor
    shift_ED: Tensor

    @classmethod
    def of(cls, net: LatentNetwork, edits: DesignBatch, fixed: DesignBatch, order: int) -> Self:
        """Read from designs of one edit each."""
        return cls(net, order, net.reference_D, _shifts(net, fixed), _shifts(net, edits))

    @property
    def start(self) -> Tensor:
        """What every design starts from [D]: the reference and the fixed edits."""
        return self.base_D + self.fixed_FD.sum(dim=0)

    @property
    def size(self) -> int:
        """Edits of each design, fixed ones too."""
        return self.order + len(self.fixed_FD)

    @property
    def is_read(self) -> Tensor:
        """Labels that designs of this size have [Y]: no difference of more edits than there are."""
        return torch.tensor([q <= self.size for q in self.net.measure_orders])

    def lower(self, y: int) -> Iterator[tuple[int, int, Tensor]]:
        """Subsets of fewer edits in a label's difference: what is fixed of them.

        Yields the number of free edits, the factor, and the state of the fixed part [D].
        """
        q = self.net.measure_orders[y]
        for free in range(min(self.order, q - 1) + 1):
            for count in range(min(len(self.fixed_FD), q - 1 - free) + 1):
                for chosen in combinations(range(len(self.fixed_FD)), count):
                    state_D = self.base_D + self.fixed_FD[list(chosen)].sum(dim=0)
                    yield free, coefficient(self.size, q, free + count), state_D


def _shifts(net: LatentNetwork, edits: DesignBatch) -> Tensor:
    """z_P of designs of one edit each."""
    tables = net.tables()
    count = len(edits.edit_BP)
    parts = [
        net.states(edits.rows(torch.arange(begin, min(begin + _ALONE, count))), tables)[0]
        for begin in range(0, count, _ALONE)
    ]
    return torch.cat([net.reference_D.new_zeros(0, len(net.reference_D)), *parts])


def outside_parts(states: EditStates) -> Outside:
    """Constant [Y], singles [Y, E] and tables of pairs by label, outside the gain."""
    head, start_D, z_ED = states.net.head, states.start, states.shift_ED
    constant_Y = torch.zeros(len(states.net.measure_orders), dtype=z_ED.dtype)
    single_YE = torch.zeros(len(constant_Y), len(z_ED), dtype=z_ED.dtype)
    pair: dict[int, Tensor] = {}
    constant_Y += head.linear.bias
    if head.saturation is None:
        constant_Y += head.linear.weight @ start_D
        single_YE += head.linear.weight @ z_ED.T
    if head.output is not None:
        constant_Y += head.output.bias
    if head.quadratic_YDD is not None:
        for y, matrix_DD in enumerate(head.quadratic_YDD):
            symmetric_DD = 0.5 * (matrix_DD + matrix_DD.T)
            constant_Y[y] += start_D @ symmetric_DD @ start_D
            single_YE[y] += 2 * z_ED @ symmetric_DD @ start_D
            single_YE[y] += ((z_ED @ symmetric_DD) * z_ED).sum(dim=1)
            if states.order > 1:
                pair[y] = 2 * z_ED @ symmetric_DD @ z_ED.T
    read_Y = states.is_read
    constant_Y[~read_Y], single_YE[~read_Y] = 0.0, 0.0
    pair = {y: pair_EE for y, pair_EE in pair.items() if read_Y[y]}
    for y in torch.nonzero(read_Y).flatten().tolist():
        _add_lower(states, y, constant_Y, single_YE, pair)
    tables = {y: np.ascontiguousarray(table.float().numpy()) for y, table in pair.items()}
    return constant_Y.numpy(), single_YE.numpy(), tables


def _add_lower(
    states: EditStates, y: int, constant_Y: Tensor, single_YE: Tensor, pair: dict[int, Tensor]
) -> None:
    """Add what a mixed difference takes off."""
    head, z_ED = states.net.head, states.shift_ED
    for free, factor, state_D in states.lower(y):
        if free == 0:
            constant_Y[y] += factor * head(state_D)[y]
        elif free == 1:
            single_YE[y] += factor * head(state_D + z_ED)[:, y]
        else:
            if y not in pair:
                pair[y] = torch.zeros(len(z_ED), len(z_ED), dtype=z_ED.dtype)
            step = max(1, _STATES // len(z_ED))
            for begin in range(0, len(z_ED), step):
                z_RD = state_D + z_ED[begin : begin + step]
                pair[y][begin : begin + step] += factor * head(z_RD[:, None] + z_ED)[:, :, y]


def inner_parts(states: EditStates) -> Inner | None:
    """Fields of `SizeTables` for one member."""
    head, start_D, z_ED = states.net.head, states.start, states.shift_ED
    if head.saturation is None:
        return None
    read_Y1 = states.is_read[:, None].to(z_ED)
    weight_YD = head.linear.weight * read_Y1
    size_D = head.saturation.size_D
    return (
        (weight_YD @ start_D).numpy(),
        (weight_YD @ z_ED.T).numpy(),
        (size_D @ start_D).numpy(),
        (z_ED @ size_D).numpy(),
        (head.saturation.exponent_Y * read_Y1[:, 0]).numpy(),
        (head.saturation.step_YK * read_Y1).numpy(),
    )


def unit_parts(states: EditStates) -> Units | None:
    """Arrays of `UnitTables` for one member."""
    head = states.net.head
    if head.output is None:
        return None
    first, *further = [layer for layer in head.hidden if isinstance(layer, nn.Linear)]
    output_YH = head.output.weight * states.is_read[:, None].to(head.output.weight)
    return (
        (first.weight @ states.start + first.bias).numpy(),
        (states.shift_ED @ first.weight.T).numpy(),
        further[0].bias.numpy() if further else None,
        further[0].weight.numpy() if further else None,
        output_YH.numpy(),
    )
