"""Designs of a table as columns of a model's edits, batch by batch, without an object a row.

The parts of all texts of a batch are looked up once each: what a part is to the model is read by
the grammar, and in the model's names. Rows in which edits of one locus meet are looked at one by
one. Laws: a good row is what `parse_genotype` reads of it; memory does not grow with the rows.
"""

from collections.abc import Collection
from difflib import get_close_matches
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from service.contract.designs import Design, parse_edit
from service.contract.edit_names import EditNames, Misnamed
from service.contract.errors import InvalidDesignError
from service.contract.manifests import ModelManifest
from worker.data.batch import Batch, Problems
from worker.data.cells import MISSING, read_text
from worker.data.genotypes import GenotypeReader
from worker.data.parse import BadCell, BadCellError, DesignSource, TextDesign
from worker.models.encoding import EncodedDesigns

Integers = NDArray[np.int64]

_CACHED_PARTS = 1 << 17
_CLOSE_MATCHES = 3
_NO_EDIT = -1


class _Part(NamedTuple):
    """The place of an edit in the model, and its level (NaN: none)."""

    place: int
    level: float


class DesignReader:
    """Reads designs of batches; remembers the parts that it has read.

    Args:
        design: where the rows hold their designs.
        manifest: the model.
    """

    def __init__(self, design: DesignSource, manifest: ModelManifest) -> None:
        names = manifest.genes.names if manifest.genes is not None else {}
        self.names = EditNames(frozenset(manifest.edits), names, _close_matches)
        self.has_unknown = False
        self._edits = [parse_edit(key) for key in manifest.edits]
        self._place = {key: place for place, key in enumerate(manifest.edits)}
        by_order = sorted(range(len(self._edits)), key=lambda e: self._edits[e].order_key)
        self._rank_E = np.empty(len(self._edits), dtype=np.int64)
        self._rank_E[by_order] = np.arange(len(by_order))
        changes = [
            self._edits[one].locus != self._edits[other].locus for one, other in pairwise(by_order)
        ]
        self._locus_E = np.empty(len(self._edits), dtype=np.int64)
        self._locus_E[by_order] = np.cumsum([0, *changes])[: len(by_order)]
        self._text = (
            design
            if isinstance(design, TextDesign)
            else TextDesign(design.columns[0], "+", parse_edit)
        )
        self._layout = None if isinstance(design, TextDesign) else GenotypeReader(design)
        self._parts: dict[str, _Part | BadCell] = {}

    def read(self, batch: Batch, problems: Problems) -> EncodedDesigns:
        """Designs of the rows; those of bad rows are without edits, and mean nothing."""
        if self._layout is None:
            text_B = _texts(batch, self._text.column, problems)
        else:
            text_B = self._layout.read(batch, problems)
        text_B = pc.if_else(pa.array(problems.bad), pa.scalar("", pa.string()), text_B)
        split_B = pc.split_pattern(text_B, self._text.separator)
        # The text without any part is split into one that is empty.
        is_reference_B = pc.equal(text_B, "").to_numpy(zero_copy_only=False)
        order_B = pc.list_value_length(split_B).to_numpy(zero_copy_only=False).astype(np.int64)
        row_J = np.repeat(np.arange(len(order_B)), order_B)
        part_J = split_B.flatten().dictionary_encode()
        place_J, level_J = self._look_up(part_J, row_J, is_reference_B, problems)
        kept_J = (place_J >= 0) & ~problems.bad[row_J]
        row_J, place_J, level_J = row_J[kept_J], place_J[kept_J], level_J[kept_J]
        return self._sorted(row_J, place_J, level_J, problems)

    def _look_up(
        self,
        part_J: pa.DictionaryArray,
        row_J: Integers,
        is_reference_B: NDArray[np.bool_],
        problems: Problems,
    ) -> tuple[Integers, NDArray[np.float64]]:
        """Place and level of each part; rows with a part that is no edit are bad."""
        if len(self._parts) > _CACHED_PARTS:
            self._parts.clear()
        texts = part_J.dictionary.to_pylist()
        found = [self._part(text) for text in texts]
        is_bad_D = np.array([isinstance(part, BadCell) for part in found], dtype=bool)
        nothing = _Part(_NO_EDIT, np.nan)
        known = [nothing if isinstance(part, BadCell) else part for part in found]
        code_J = part_J.indices.to_numpy(zero_copy_only=False)
        bad_J = np.flatnonzero(is_bad_D[code_J] & ~is_reference_B[row_J])
        problems.mark(row_J[bad_J])
        for j in bad_J[: problems.listed_rows].tolist():
            part = found[code_J[j]]
            if isinstance(part, BadCell):
                problems.list_row(int(row_J[j]), *part)
        place_D = np.array([part.place for part in known], dtype=np.int64)
        level_D = np.array([part.level for part in known], dtype=np.float64)
        return place_D[code_J], level_D[code_J]

    def _part(self, text: str) -> _Part | BadCell:
        part = self._parts.get(text)
        if part is None:
            part = self._parts[text] = self._read_part(text)
        return part

    def _read_part(self, text: str) -> _Part | BadCell:
        column = self._text.column
        try:
            meant = self.names.meant(self._text.read(text))
        except BadCellError as error:
            return error.cell
        except InvalidDesignError as error:
            return BadCell(error.detail, column, text, ())
        if isinstance(meant, Misnamed):
            self.has_unknown = True
            return BadCell(meant.message, column, meant.value, meant.suggestions)
        return _Part(self._place[meant.key], np.nan if meant.level is None else meant.level)

    def _sorted(
        self,
        row_J: Integers,
        place_J: Integers,
        level_J: NDArray[np.float64],
        problems: Problems,
    ) -> EncodedDesigns:
        """Edits of each row in canonical order; rows whose edits exclude each other are bad."""
        rank_J = self._rank_E[place_J]
        is_same_row_J = row_J[1:] == row_J[:-1]
        if (is_same_row_J & (rank_J[1:] < rank_J[:-1])).any():
            order_J = np.argsort(row_J * (len(self._edits) + 1) + rank_J, kind="stable")
            place_J, level_J = place_J[order_J], level_J[order_J]
        locus_J = self._locus_E[place_J]
        twice_J = np.flatnonzero(is_same_row_J & (locus_J[1:] == locus_J[:-1]))
        starts_B = np.searchsorted(row_J, np.arange(len(problems.bad) + 1))
        for row in np.unique(row_J[twice_J]).tolist():
            cut = slice(starts_B[row], starts_B[row + 1])
            self._check(row, place_J[cut], level_J[cut], problems)
        if problems.bad.any():
            kept_J = ~problems.bad[row_J]
            row_J, place_J, level_J = row_J[kept_J], place_J[kept_J], level_J[kept_J]
            starts_B = np.searchsorted(row_J, np.arange(len(problems.bad) + 1))
        return EncodedDesigns(place_J.astype(np.int32), level_J, starts_B)

    def _check(
        self, row: int, place_P: Integers, level_P: NDArray[np.float64], problems: Problems
    ) -> None:
        edits = [
            self._edits[place].model_copy(update={"level": None if np.isnan(level) else level})
            for place, level in zip(place_P.tolist(), level_P.tolist(), strict=True)
        ]
        try:
            Design.of(edits)
        except InvalidDesignError as error:
            problems.mark(np.array([row]))
            text = "+".join(map(str, edits))
            problems.list_row(row, error.detail, self._text.column, text, ())


def _texts(batch: Batch, column: str, problems: Problems) -> pa.StringArray:
    """The genotypes of a batch. The empty text alone is the reference; nothing is not."""
    text_B = read_text(batch.columns[column], column, missing=())
    lost_B = pc.or_kleene(pc.is_null(text_B), pc.is_in(text_B, value_set=pa.array(MISSING[1:])))
    lost = np.flatnonzero(lost_B.to_numpy(zero_copy_only=False))
    if len(lost):
        listed = problems.mark(lost)
        texts = text_B.take(pa.array(listed)).to_pylist()
        for index, text in zip(listed.tolist(), texts, strict=True):
            what = "an unknown genotype?" if text is not None else "null is no genotype:"
            problems.list_row(index, f"{what} the reference is the empty text", column, text, ())
    return text_B


def _close_matches(name: str, known: Collection[str]) -> list[str]:
    return get_close_matches(name, sorted(known), n=_CLOSE_MATCHES)
