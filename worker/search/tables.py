"""A model as arrays of what each edit adds, so that designs are read without their states.

Shifts add up, so y_compose of a design of edits i, j, k is, in each member and label,

    outside + sum s_i + sum P_ij + gain(n) (inner + sum l_i) + level(n) + w . act(b + sum a_i)

with n = size + sum n_i. Singles and pairs hold a quadratic head's products and, for interaction
labels, the lower orders of the mixed difference. Edits that every design holds (`fixed`) are
folded into the constants. A table is of one order: the coefficients of lower orders depend on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]


@dataclass(frozen=True)
class ScreenLabel:
    """From the output of a head to the label's unit: output * spread + center, exp of it if log."""

    name: str
    spread: float
    center: float
    is_log: bool

    def in_unit(self, output: Floats) -> Floats:
        """Values in the label's unit."""
        value: Floats = output * self.spread + self.center
        with np.errstate(over="ignore"):
            return np.exp(value) if self.is_log else value


@dataclass(frozen=True)
class SizeTables:
    """What saturates: inner part [M, Y], sizes of designs [M], exponents and levels [M, Y, K]."""

    inner_MY: Floats
    inner_MYE: Floats
    size_M: Floats
    size_ME: Floats
    exponent_MY: Floats
    step_MYK: Floats


@dataclass(frozen=True)
class UnitTables:
    """Hidden layers: units before the activation, a second layer or None, weights of the output."""

    is_gelu: bool
    base_MH: Floats
    edit_MEH: Floats
    second_base_MG: Floats | None
    second_weight_MGH: Floats | None
    output_MYH: Floats  # of the last layer


class Triples(NamedTuple):
    """Some triples i < j < k of E edits as (i E + j) E + k [Q], rising, and a value of each [Q]."""

    key_Q: NDArray[np.int64]
    value_Q: Singles


@dataclass(frozen=True)
class ScreenTables:
    """See the module's text. `pair` holds [E, E] tables in float32, symmetric, by (member, label).

    `bound` holds what was measured of lower orders, by label, in units of the head's output:
    [E, E] for orders 2 and 3, [1, E] for order 1; `triple` those of order 3 that are bounded as a
    whole. A design is read as the least of its pairs' bounds and its own, if that is below the
    head's reading.
    """

    order: int
    labels: tuple[ScreenLabel, ...]
    outside_MY: Floats
    single_MYE: Floats
    pair: dict[tuple[int, int], Singles]
    bound: dict[int, Singles]
    sizes: SizeTables | None
    units: UnitTables | None
    triple: Mapping[int, Triples] = field(default_factory=dict)

    @property
    def edit_count(self) -> int:
        """Edits to choose from."""
        return int(self.single_MYE.shape[2])

    @property
    def member_count(self) -> int:
        """Members of the ensemble."""
        return int(self.single_MYE.shape[0])

    def require_finite(self) -> None:
        """Refuse what no design could be ranked by.

        Raises:
            ValueError: a table holds NaN or infinity.
        """
        parts = [part for part in (self.sizes, self.units) if part is not None]
        arrays = [value for part in parts for value in vars(part).values()]
        arrays += [self.outside_MY, self.single_MYE, *self.pair.values()]
        if not all(np.isfinite(array).all() for array in arrays if isinstance(array, np.ndarray)):
            raise ValueError("the model's weights hold NaN or infinity: nothing can be ranked")
