"""Arithmetic of states and shifts.

Laws: the empty design stays at z_W; order does not matter; a shift and its negative cancel; an
edit without effect (activity as in the reference) shifts by 0.
"""

import math

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from service.contract.designs import EditKind

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]

# Activity falls below the reference: full effect at level 0.
_LOSS = frozenset({EditKind.DELETION, EditKind.KNOCKDOWN, EditKind.ALLELE})


def effect(kind: EditKind, level: float | None) -> float:
    """How much of its full shift an edit has: r_kind(level), monotone, 1 without a level.

    `level` is activity relative to the reference (1 = as in the reference, 0 = none).

    * deletion, knockdown, allele: 1 - level; a knock-down to 0.2 has 0.8 of the full shift.
    * overexpression, part, copy_number: log2((1 + level) / 2), so that 3-fold counts 1, 0 counts
      -1, and tenfold is not ten times threefold.
    * insertion: log2(1 + level); the reference does not have the gene, so that level 0 is no
      effect and level 1 a full one.

    A negative level of the last two groups counts as 0.
    """
    if level is None:
        return 1.0
    if kind in _LOSS:
        return 1.0 - level
    activity = max(level, 0.0)
    if kind is EditKind.INSERTION:
        return math.log2(1.0 + activity)
    return math.log2((1.0 + activity) / 2.0)


_FALLS, _RISES, _APPEARS = range(3)


def effect_form(kind: EditKind) -> int:
    """Which of the three forms the effect of a kind has, for `effects`."""
    if kind in _LOSS:
        return _FALLS
    return _APPEARS if kind is EditKind.INSERTION else _RISES


def effects(form_J: Codes, level_J: Floats) -> Floats:
    """`effect` of many edits at once, to the last bit; NaN is no level."""
    effect_J = np.where(np.isnan(level_J), 1.0, 1.0 - level_J)
    rising_J = np.flatnonzero((form_J != _FALLS) & ~np.isnan(level_J))
    if len(rising_J):
        activity_J = np.maximum(level_J[rising_J], 0.0)
        scale_J = np.where(form_J[rising_J] == _RISES, 2.0, 1.0)
        # numpy's logarithm is not the same to the last bit everywhere, and keys are made of bits.
        effect_J[rising_J] = list(map(math.log2, ((1.0 + activity_J) / scale_J).tolist()))
    return effect_J


def total_shift(shift_BPD: Tensor, effect_BP: Tensor) -> Tensor:
    """z_P: the sum of shifts, each times its effect. Padding has effect 0."""
    return (shift_BPD * effect_BP[..., None]).sum(dim=-2)


def compose(z_W_D: Tensor, z_P_BD: Tensor) -> Tensor:
    """The composed state z_W + z_P, which `y_compose` reads."""
    return z_W_D + z_P_BD
