"""Designs to score, some rows at a time, wherever they come from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from service.contract.designs import format_level
from worker.models.encoding import EncodedDesigns

Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Block:
    """Neighbouring rows: their designs, columns that go with them, and what is wrong with some.

    `first_row` counts the rows of a table from 0; None: they are of none. A row with an `error` is
    without edits, and is not to be scored; None: all rows are good.
    """

    first_row: int | None
    designs: EncodedDesigns
    kept: Mapping[str, pa.Array] = field(default_factory=dict)
    error: pa.StringArray | None = None

    def __len__(self) -> int:
        return len(self.designs)

    def with_error(self, rows: Codes, message: str) -> "Block":
        """The same block with something wrong with further rows."""
        is_bad_B = np.zeros(len(self), dtype=bool)
        is_bad_B[rows] = True
        error = pa.nulls(len(self), pa.string()) if self.error is None else self.error
        said = pc.if_else(pa.array(is_bad_B), pa.scalar(message), error)
        return replace(self, error=said)


class Source(Protocol):
    """Where designs come from."""

    kept: pa.Schema

    @property
    def sample(self) -> tuple[int, int]:
        """Rows, from and to, that take about as long as any others."""

    def __len__(self) -> int:
        """How many rows there are; of combinations, those among them that are none."""

    def blocks(self, begin: int, end: int, most: int) -> Iterator[Block]:
        """The rows from `begin` to `end`, at most so many at a time."""


class GenotypeTexts:
    """Canonical texts of designs, many at once."""

    def __init__(self, edits: Sequence[str]) -> None:
        self._edits = pa.array(edits, pa.string())

    def of(self, designs: EncodedDesigns) -> pa.StringArray:
        """The text of each design."""
        text_J = self._edits.take(pa.array(designs.edit_J))
        has_level_J = ~np.isnan(designs.level_J)
        if has_level_J.any():
            levels, code_J = np.unique(designs.level_J, return_inverse=True)
            shown = pa.array([f"@{format_level(level)}" for level in levels.tolist()], pa.string())
            suffix_J = shown.take(pa.array(code_J.reshape(-1)))
            with_level_J = pc.binary_join_element_wise(text_J, suffix_J, "")
            text_J = pc.if_else(pa.array(has_level_J), with_level_J, text_J)
        starts_N = pa.array(designs.start_N.astype(np.int32))
        return pc.binary_join(pa.ListArray.from_arrays(starts_N, text_J), "+")
