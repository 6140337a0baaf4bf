"""Designs as padded tensors, by name."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from service.contract.designs import Design
from worker.latent.algebra import effect


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

    def encode(self, designs: Sequence[Design]) -> DesignBatch:
        """Pad designs to the largest of them (at least one column). Every edit must be known.

        Raises:
            KeyError: an edit has no place; the caller checks first and names all of them.
        """
        width = max([1, *(design.order for design in designs)])
        edit_BP = np.zeros((len(designs), width), dtype=np.int64)
        effect_BP = np.zeros((len(designs), width), dtype=np.float64)
        for row, design in enumerate(designs):
            for column, edit in enumerate(design.edits):
                edit_BP[row, column] = self._position[edit.key]
                effect_BP[row, column] = effect(edit.kind, edit.level)
        return DesignBatch(torch.from_numpy(edit_BP), torch.from_numpy(effect_BP))

    def matrix(self, designs: Sequence[Design]) -> csr_matrix:
        """Effects as a sparse matrix [designs, edits]."""
        batch = self.encode(designs)
        used_BP = batch.edit_BP.numpy() > 0
        pointer = np.concatenate([[0], used_BP.sum(axis=1).cumsum()])
        columns = batch.edit_BP.numpy()[used_BP] - 1
        values = batch.effect_BP.numpy()[used_BP]
        return csr_matrix((values, columns, pointer), shape=(len(designs), len(self)))
