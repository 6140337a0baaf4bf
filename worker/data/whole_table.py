"""Reads a table of genes or edges at once: such tables are small beside those of designs."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from service.contract.errors import BadTableError, Offender
from service.contract.genes import TableFormat
from worker.data.bad_rows import BadRows
from worker.data.batch import Problems, Rows
from worker.data.bounded_table import Part
from worker.data.cells import read_booleans, read_numbers, read_text
from worker.data.errors import IngestStoppedError
from worker.data.sources import Table, open_table

# A cell takes up to about 90 bytes on the way: 6 GB.
MAX_CELLS = 2**26
NO_VALUE = ("-",)
_READING_SHARE = 0.9
_PROGRESS_STEP = 0.01


@dataclass(frozen=True)
class Watch:
    """Who is told of the progress (0 to 1), and who may stop the work."""

    progress: Callable[[float], None]
    should_stop: Callable[[], bool]

    def check(self) -> None:
        """Go on, or not.

        Raises:
            IngestStoppedError: `should_stop` returned true.
        """
        if self.should_stop():
            raise IngestStoppedError("the ingest was stopped")


@dataclass(frozen=True)
class WholeTable:
    """Every row of the wanted columns; `row_N` are their numbers in the file."""

    row_N: Rows
    columns: dict[str, pa.Array]

    def __len__(self) -> int:
        return len(self.row_N)

    def names(self, column: str, missing: Sequence[str] = ()) -> pa.StringArray:
        """Cells as trimmed text in normal form C; null where empty or in `missing`."""
        text = pc.utf8_normalize(read_text(self.columns[column], column), "NFC")
        if not missing:
            return text
        return pc.if_else(pc.is_in(text, pa.array(missing)), pa.scalar(None, pa.string()), text)

    def required_names(self, column: str, what: str) -> pa.StringArray:
        """Cells as names, of which none may be missing.

        Raises:
            BadTableError: some are; their rows are listed.
        """
        text = self.names(column)
        empty = np.flatnonzero(pc.is_null(text).to_numpy(zero_copy_only=False))
        problems = Problems(self.row_N)
        problems.add(empty, f"no {what}", column=column, values=[""] * len(empty))
        require_none(problems.offenders)
        return text

    def numbers(self, column: str, smallest: float = -np.inf) -> NDArray[np.float64]:
        """Cells as numbers, NaN where empty.

        Raises:
            BadTableError: some are none; their rows are listed.
        """
        problems = Problems(self.row_N)
        cells = self.names(column, NO_VALUE)
        values = read_numbers(cells, column, problems, smallest=smallest)
        require_none(problems.offenders)
        return values

    def numbers_if_all(self, column: str) -> NDArray[np.float64] | None:
        """Cells as numbers, or as 1 and 0 where all are true or false; None if some are neither.

        A column without any value is neither.
        """
        if pc.all(pc.is_null(self.names(column, NO_VALUE))).as_py():
            return None
        try:
            return self.numbers(column)
        except BadTableError:
            problems = Problems(self.row_N)
            cells = self.names(column, NO_VALUE)
            is_true = read_booleans(cells, column, problems).astype(np.float64)
            is_known = pc.is_valid(cells).to_numpy(zero_copy_only=False)
            return None if problems.offenders else np.where(is_known, is_true, np.nan)


def read_whole(
    source: Path,
    file_format: TableFormat,
    wanted: Callable[[list[str]], Sequence[str]],
    watch: Watch,
    *,
    part: Part | None = None,
) -> WholeTable:
    """Read the columns that `wanted` chooses from those of the file; `part` of an `.h5ad` file.

    Raises:
        BadTableError: the file is no table, has no row, or more than `MAX_CELLS` cells.
        IngestStoppedError: `watch` says so.
    """
    with closing(open_table(source, file_format, part=part)) as table:
        names = list(dict.fromkeys(wanted(table.columns)))
        _require_size(table.declared_rows * len(names))
        rows: list[Rows] = []
        parts: dict[str, list[pa.Array]] = {name: [] for name in names}
        told, count = 0.0, 0
        for batch in table.batches(names):
            watch.check()
            require_none(table.ragged)
            rows.append(batch.rows)
            count += len(batch.rows)
            _require_size(count * len(names))
            for name in names:
                parts[name].append(batch.columns[name])
            if table.fraction - told >= _PROGRESS_STEP:
                told = table.fraction
                watch.progress(_READING_SHARE * told)
        _require_rows(table, count)
    columns = {name: pa.concat_arrays(found) for name, found in parts.items()}
    return WholeTable(np.concatenate(rows), columns)


def require_none(offenders: Sequence[Offender]) -> None:
    """Refuse a table that has bad rows.

    Raises:
        BadTableError: it has; the first 20 are listed.
    """
    BadRows("fail").check(offenders)


def _require_rows(table: Table, count: int) -> None:
    require_none(table.ragged)
    if not count:
        raise BadTableError("the file has a header but no data row")


def _require_size(cells: int) -> None:
    if cells > MAX_CELLS:
        raise BadTableError(
            f"the table has more than {MAX_CELLS:,} cells: name fewer columns in the spec"
        )
