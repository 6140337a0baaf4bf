"""Designs by name, as columns of edits and as padded tensors."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple, Self, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from torch import Tensor

from service.contract.designs import Design, EditKind, format_level
from service.contract.genotype_reader import ReadGenotypes
from worker.latent.algebra import effect_form, effects

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]
Number = TypeVar("Number", bound=np.generic)


class DesignBatch(NamedTuple):
    """Designs as positions in a model's list of edits.

    `edit_BP` counts from 1, 0 is padding; `effect_BP` is r_kind(level), 0 at padding.
    """

    edit_BP: Tensor
    effect_BP: Tensor

    def rows(self, index: Tensor) -> "DesignBatch":
        """Some designs of the batch."""
        return DesignBatch(self.edit_BP[index], self.effect_BP[index])

    def within(self, edit_count: int) -> "DesignBatch":
        """The same designs without the edits after the first `edit_count`."""
        known_BP = self.edit_BP <= edit_count
        return DesignBatch(self.edit_BP * known_BP, self.effect_BP * known_BP)

    def to(self, device: torch.device, dtype: torch.dtype) -> "DesignBatch":
        """The same designs elsewhere; effects in `dtype`."""
        return DesignBatch(self.edit_BP.to(device), self.effect_BP.to(device, dtype))


@dataclass(frozen=True)
class EncodedDesigns:
    """Designs B as their edits J, one behind the other and each design's in canonical order.

    `edit_J` counts from 0 in the order of the model's edits, `level_J` is NaN for an edit without
    a level. The edits of design b stand from `start_N[b]` to `start_N[b + 1]`; N = B + 1.
    """

    edit_J: NDArray[np.int32]
    level_J: Floats
    start_N: Codes

    def __len__(self) -> int:
        return len(self.start_N) - 1

    @classmethod
    def of(cls, read: ReadGenotypes) -> Self:
        """Genotypes that were read against the model's edits."""
        code_J = (
            np.frombuffer(read.edit_J, dtype=np.int32) if read.edit_J else np.zeros(0, np.int32)
        )
        level_J = np.frombuffer(read.level_J) if read.level_J else np.zeros(0)
        is_edit_J = code_J >= 0
        # A place of -1 stands in front of each genotype.
        start_B = np.cumsum(is_edit_J)[code_J == -1]
        edit_J = code_J[is_edit_J]
        return cls(edit_J, level_J[is_edit_J], np.append(start_B, len(edit_J)))

    @property
    def orders(self) -> Codes:
        """How many edits each design has."""
        return np.diff(self.start_N)

    def rows(self, place_B: Codes) -> "EncodedDesigns":
        """Some of the designs, in this order."""
        order_B = self.orders[place_B]
        start_N = np.concatenate([[0], np.cumsum(order_B)])
        take_J = np.repeat(self.start_N[place_B] - start_N[:-1], order_B)
        take_J += np.arange(len(take_J))
        return EncodedDesigns(self.edit_J[take_J], self.level_J[take_J], start_N)

    def padded(self, value_J: NDArray[Number], fill: float) -> NDArray[Number]:
        """Values of the edits, a row a design [B, P]; at least one column."""
        order_B = self.orders
        width = max(1, int(order_B.max(initial=0)))
        if len(value_J) == len(self) * width:
            return value_J.reshape(len(self), width)
        value_BP = np.full((len(self), width), fill, dtype=value_J.dtype)
        value_BP[np.arange(width) < order_B[:, None]] = value_J
        return value_BP

    def texts(self, edits: Sequence[str]) -> list[str]:
        """Canonical genotypes, by the model's list of edits."""
        text_J = [edits[edit] for edit in self.edit_J.tolist()]
        for place in np.flatnonzero(~np.isnan(self.level_J)).tolist():
            text_J[place] += f"@{format_level(float(self.level_J[place]))}"
        start_N = self.start_N.tolist()
        return ["+".join(text_J[begin:end]) for begin, end in pairwise(start_N)]


class EditIndex:
    """Where each edit key stands in a model's weights."""

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys = tuple(keys)
        self._position = {key: position for position, key in enumerate(self.keys, start=1)}

    def __len__(self) -> int:
        return len(self.keys)

    def __contains__(self, key: object) -> bool:
        return key in self._position

    @classmethod
    def of(cls, designs: Iterable[Design]) -> "EditIndex":
        """All edits of some designs, sorted."""
        return cls(sorted({edit.key for design in designs for edit in design.edits}))

    def knows(self, design: Design) -> bool:
        """Whether every edit of the design has a place."""
        return all(edit.key in self._position for edit in design.edits)

    def columns(self, designs: Sequence[Design]) -> EncodedDesigns:
        """Designs as columns. Every edit must be known.

        Raises:
            KeyError: an edit has no place; the caller checks first and names all of them.
        """
        edits = [edit for design in designs for edit in design.edits]
        levels = [np.nan if edit.level is None else edit.level for edit in edits]
        return EncodedDesigns(
            np.array([self._position[edit.key] - 1 for edit in edits], dtype=np.int32),
            np.array(levels, dtype=np.float64),
            np.cumsum([0, *(design.order for design in designs)]),
        )

    def effects(self, designs: EncodedDesigns) -> Floats:
        """r_kind(level) of each edit [J]."""
        return effects(self._forms[designs.edit_J], designs.level_J)

    def batch(self, designs: EncodedDesigns) -> DesignBatch:
        """Pad designs to the largest of them (at least one column)."""
        effect_J = self.effects(designs)
        edit_BP = designs.padded(designs.edit_J.astype(np.int64) + 1, 0)
        effect_BP = designs.padded(effect_J, 0.0)
        return DesignBatch(torch.from_numpy(edit_BP), torch.from_numpy(effect_BP))

    def encode(self, designs: Sequence[Design]) -> DesignBatch:
        """Pad designs to the largest of them (at least one column). Every edit must be known.

        Raises:
            KeyError: an edit has no place; the caller checks first and names all of them.
        """
        return self.batch(self.columns(designs))

    def matrix(self, designs: Sequence[Design]) -> csr_matrix:
        """Effects as a sparse matrix [designs, edits]."""
        known = self.columns(designs)
        effect_J = self.effects(known)
        return csr_matrix((effect_J, known.edit_J, known.start_N), shape=(len(designs), len(self)))

    @cached_property
    def _forms(self) -> Codes:
        kinds = [key.partition(":")[2].partition("=")[0] for key in self.keys]
        return np.array([effect_form(EditKind(kind)) for kind in kinds], dtype=np.int64)
