"""Measured lower orders: the reference, and single edits, that neutral expectations add up."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.models.encoding import EncodedDesigns

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Keys = NDArray[np.complex128]

_REFERENCE = 0


class MeasuredSingles(NamedTuple):
    """Single edits measured in training, on the neutral scale of each label.

    `edit_S` counts from 0 in the order of the model's edits, `level_S` is NaN for an edit without
    a level; NaN in `reference_Y` [Y] or `single_YS` [Y, S] is what was not measured.
    """

    edit_S: Codes
    level_S: Floats
    reference_Y: Floats
    single_YS: Floats

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays to store with a model."""
        return {f"measured.{name}": array for name, array in self._asdict().items()}

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]], label_count: int) -> "MeasuredSingles":
        """What a model stores; nothing is measured in one that is older than these arrays."""
        names = [f"measured.{name}" for name in cls._fields]
        if any(name not in arrays for name in names):
            nothing = np.zeros(0, dtype=np.int64), np.zeros(0)
            return cls(*nothing, np.full(label_count, np.nan), np.zeros((label_count, 0)))
        return cls(*(arrays[name] for name in names))


def _keys(edit: NDArray[np.integer], level: Floats) -> Keys:
    """Sorts by edit, then by level, and is exact; a level is finite, so that inf is none."""
    key = np.empty(edit.shape, dtype=np.complex128)
    key.real = edit
    key.imag = np.where(np.isnan(level), np.inf, level)
    return key


class LowerOrders:
    """Looks measured lower orders up: the same edit at the same level, or nothing."""

    def __init__(self, singles: MeasuredSingles) -> None:
        keys = _keys(singles.edit_S, singles.level_S)
        order_S = np.argsort(keys)
        self._key_S = keys[order_S]
        # The reference in front, then the singles, then what was not measured.
        reference_Y1 = singles.reference_Y[:, None]
        columns = (reference_Y1, singles.single_YS[:, order_S], np.full_like(reference_Y1, np.nan))
        self._value_YS = np.concatenate(columns, axis=1)
        # One place more than there are edits: that of all others.
        edit_E = np.arange(singles.edit_S.max(initial=-1) + 2)
        self._plain = self._find(_keys(edit_E, np.full(len(edit_E), np.nan)))

    def places(self, designs: EncodedDesigns) -> Codes:
        """Where the value of each edit alone stands [B, P]; padding has that of the reference."""
        # An edit without a level, which most are, has its place in a table.
        place_J = self._plain[np.minimum(designs.edit_J, len(self._plain) - 1)]
        leveled = np.flatnonzero(~np.isnan(designs.level_J))
        if len(leveled):
            place_J[leveled] = self._find(_keys(designs.edit_J[leveled], designs.level_J[leveled]))
        return designs.padded(place_J, _REFERENCE)

    def _find(self, key_J: Keys) -> Codes:
        missing = self._value_YS.shape[1] - 1
        if not len(self._key_S):
            return np.full(len(key_J), missing, dtype=np.int64)
        found_J = np.minimum(np.searchsorted(self._key_S, key_J), len(self._key_S) - 1)
        return np.where(self._key_S[found_J] == key_J, found_J + 1, missing)

    def reference(self, y: int) -> float:
        """The reference of a label; NaN if it was not measured."""
        return float(self._value_YS[y, _REFERENCE])

    def effects(self, y: int, place_BP: Codes) -> Floats:
        """Each edit alone less the reference [B, P]: NaN if either was not measured.

        At padding 0, or NaN without a reference: a row without NaN is a design of which all was
        measured.
        """
        effect_BP: Floats = self._value_YS[y][place_BP] - self.reference(y)
        return effect_BP
