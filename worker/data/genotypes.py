"""Canonical genotypes of a batch, by the layout of its designs."""

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from service.contract.designs import Edit, parse_genotype
from service.contract.errors import InvalidDesignError
from worker.data.batch import Batch, Problems
from worker.data.cells import MISSING, read_text
from worker.data.found_edits import FoundEdits, Outcome, distinct_rows
from worker.data.gene_matrix import read_matrix
from worker.data.parse import (
    BadCell,
    BadCellError,
    Cell,
    CellsDesign,
    DesignSource,
    GeneMatrix,
    TextDesign,
)

_REMEMBERED = 1 << 16


class GenotypeReader:
    """Reads the genotypes of batches; remembers the cells that it has parsed."""

    def __init__(self, design: DesignSource) -> None:
        self._design = design
        self._exclusion = lru_cache(_REMEMBERED)(_exclusion)
        self._readers: list[Callable[[tuple[Cell, ...]], Outcome]] = []
        match design:
            case TextDesign():
                self._readers = [
                    _remembering(lambda cells: [design.read(cells[0] or "")], design.column)
                ]
            case CellsDesign():
                self._readers = [
                    _remembering(group.read, group.columns[0]) for group in design.groups
                ]

    def read(self, batch: Batch, problems: Problems) -> pa.StringArray:
        """Genotypes of the rows; those of bad rows mean nothing."""
        match self._design:
            case GeneMatrix() as matrix:
                return read_matrix(matrix, batch, problems)
            case TextDesign() as text:
                return self._read_text(text, batch, problems)
            case CellsDesign() as cells:
                return self._read_cells(cells, batch, problems)

    def _read_text(self, design: TextDesign, batch: Batch, problems: Problems) -> pa.StringArray:
        text = _known_genotypes(design.column, batch, problems)
        split = pc.split_pattern(text, design.separator)
        distinct, inverse = distinct_rows([split.flatten()])
        found = FoundEdits(len(batch.rows))
        rows = pc.list_parent_indices(split).to_numpy(zero_copy_only=False).astype(np.int64)
        found.add(rows, inverse, [self._readers[0](cells) for cells in distinct], problems)
        return self._genotypes(found, {design.column: text}, problems)

    def _read_cells(self, design: CellsDesign, batch: Batch, problems: Problems) -> pa.StringArray:
        texts = {name: read_text(batch.columns[name], name) for name in design.columns}
        found = FoundEdits(len(batch.rows))
        rows = np.arange(len(batch.rows), dtype=np.int64)
        for group, reader in zip(design.groups, self._readers, strict=True):
            distinct, inverse = distinct_rows([texts[name] for name in group.columns])
            found.add(rows, inverse, [reader(cells) for cells in distinct], problems)
        _check_orders(found, design, batch, problems)
        return self._genotypes(found, texts, problems)

    def _genotypes(
        self, found: FoundEdits, texts: dict[str, pa.StringArray], problems: Problems
    ) -> pa.StringArray:
        """Join the edits of each row; those that exclude each other are a problem."""
        joined, twice = found.join()
        column = next(iter(texts)) if len(texts) == 1 else None
        for row, genotype in zip(twice.tolist(), joined.take(twice).to_pylist(), strict=True):
            message = self._exclusion(genotype)
            if message is not None and not problems.bad[row]:
                cells = [text[row].as_py() for text in texts.values()]
                value = " ".join(cell for cell in cells if cell is not None)
                problems.mark(np.array([row]))
                problems.list_row(row, message, column, value, ())
        return joined


def _remembering(
    read: Callable[[tuple[Cell, ...]], Sequence[Edit]], column: str
) -> Callable[[tuple[Cell, ...]], Outcome]:
    """Make a reader of cells return what it would raise, and remember what it returned."""

    @lru_cache(_REMEMBERED)
    def outcome(cells: tuple[Cell, ...]) -> Outcome:
        try:
            return tuple(read(cells))
        except BadCellError as error:
            return error.cell
        except InvalidDesignError as error:
            return BadCell(error.detail, column, " ".join(cell for cell in cells if cell), ())

    return outcome


def _exclusion(genotype: str) -> str | None:
    """Which edits of a genotype exclude each other, in words."""
    try:
        parse_genotype(genotype)
    except InvalidDesignError as error:
        return error.detail
    return None


def _known_genotypes(column: str, batch: Batch, problems: Problems) -> pa.StringArray:
    """The column as text. Only an empty cell is the reference: "NaN" may be a lost genotype."""
    text = read_text(batch.columns[column], column, missing=("",))
    is_lost = pc.is_in(text, value_set=pa.array(MISSING[1:]))
    lost = np.flatnonzero(is_lost.to_numpy(zero_copy_only=False))
    if len(lost):
        message = "an unknown genotype? leave the cell empty where it is the reference"
        problems.add(lost, message, column=column, values=text.take(lost).to_pylist())
    return pc.if_else(is_lost, pa.scalar(None, pa.string()), text)


def _check_orders(found: FoundEdits, design: CellsDesign, batch: Batch, problems: Problems) -> None:
    """Hold the number of edits against the column that states it."""
    name = design.order_column
    if name is None:
        return
    stated = read_text(batch.columns[name], name).fill_null("")
    words = pc.index_in(pc.utf8_lower(stated), pa.array([word for word, _ in design.orders]))
    word = words.fill_null(-1).to_numpy(zero_copy_only=False)
    unknown = np.flatnonzero(word < 0)
    known = " nor ".join(word for word, _ in design.orders)
    values = stated.take(unknown).to_pylist()
    problems.add(unknown, f"neither {known}", column=name, values=values)
    orders = np.array([order for _, order in design.orders])
    other = np.flatnonzero((word >= 0) & (orders[word] != found.orders()) & ~problems.bad)
    values = stated.take(other).to_pylist()
    problems.add(other, "the strains hold another number of edits", column=name, values=values)
