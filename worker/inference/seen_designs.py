"""The designs of the training part, as a model keeps them: edits, rows, measured values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from service.contract.designs import EditKind, format_level
from worker.latent.algebra import effect_form, effects

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

_PREFIX = "designs."


@dataclass(frozen=True)
class SeenDesigns:
    """Designs K with their edits one behind the other, J in all.

    `edit_J` counts from 0 in the order of the model's edits, `level_J` is NaN for an edit without
    a level; the edits of a design are in canonical order. `value_KY` is in the label's unit, NaN
    where a design has no such label.
    """

    order_K: Codes
    edit_J: Codes
    level_J: Floats
    row_count_K: Codes
    value_KY: Floats

    def __len__(self) -> int:
        return len(self.order_K)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays to store with a model."""
        return {_PREFIX + field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]]) -> "SeenDesigns | None":
        """What a model stores; None for one that is older than these arrays."""
        names = [_PREFIX + field.name for field in fields(cls)]
        if any(name not in arrays for name in names):
            return None
        return cls(*(arrays[name] for name in names))

    @cached_property
    def starts(self) -> Codes:
        """Where the edits of each design begin [K + 1]."""
        return np.concatenate([[0], np.cumsum(self.order_K)])

    def texts(self, place: int, edits: Sequence[str]) -> list[str]:
        """The edits of one design, with their levels."""
        own = slice(self.starts[place], self.starts[place + 1])
        pairs = zip(self.edit_J[own].tolist(), self.level_J[own].tolist(), strict=True)
        return [_text(edits[edit], level) for edit, level in pairs]

    def single_texts(self, edits: Sequence[str]) -> list[str]:
        """Every edit at every level that some design has, sorted."""
        without_J = np.isnan(self.level_J)
        found = [edits[edit] for edit in np.unique(self.edit_J[without_J]).tolist()]
        pairs = zip(
            self.edit_J[~without_J].tolist(), self.level_J[~without_J].tolist(), strict=True
        )
        found += [_text(edits[edit], level) for edit, level in set(pairs)]
        return sorted(found)

    def effects(self, edits: Sequence[str]) -> csr_matrix:
        """Effect of every edit in every design [K, E]."""
        kinds = [EditKind(key.partition(":")[2].partition("=")[0]) for key in edits]
        form_E = np.array([effect_form(kind) for kind in kinds], dtype=np.int64)
        effect_J = effects(form_E[self.edit_J], self.level_J)
        shape = (len(self), len(edits))
        return csr_matrix((effect_J, self.edit_J, self.starts), shape=shape)


def _text(edit: str, level: float) -> str:
    return edit if np.isnan(level) else f"{edit}@{format_level(level)}"
