"""Opens an uploaded table (TSV, CSV, Parquet, .h5ad; text may be gzip or zstd) and streams it.

Row numbers count data rows from 1, without the header and without blank lines.
"""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from service.contract.errors import BadTableError, Offender
from service.contract.genes import TableFormat
from worker.data.batch import Batch
from worker.data.h5ad import HDF5_MAGIC, H5adTable, Part
from worker.data.raw import PARQUET_MAGIC, magic
from worker.data.repeated_texts import RepeatedTexts, open_parquet
from worker.data.text import TextTable

# A batch of a wide table has fewer rows: cells bound the memory, not rows.
_CELLS_PER_BATCH = 1 << 21
_ROWS_PER_BATCH = 1 << 16


class Table(Protocol):
    """An open table.

    `ragged` lists rows that have too few or too many cells, `ragged_count` counts all of them;
    they are in no batch. `declared_rows` is how many the file says that it has, 0 where it says
    nothing: a few bytes of Parquet can say billions.
    """

    declared_rows: int
    columns: list[str]
    ragged: list[Offender]
    ragged_count: int

    @property
    def fraction(self) -> float:
        """Share of the file that has been read."""

    def batches(self, wanted: Sequence[str]) -> Iterator[Batch]:
        """Stream the wanted columns.

        Raises:
            BadTableError: the file is damaged, or stops being a table.
        """

    def close(self) -> None:
        """Close the file."""


class ParquetTable:
    """A Parquet file, read a slice of a row group at a time."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = open_parquet(path)
        except (pa.ArrowException, OSError) as error:
            raise _damaged(error) from None
        self.declared_rows: int = self._file.metadata.num_rows
        self.columns: list[str] = list(self._file.schema_arrow.names)
        self.ragged: list[Offender] = []
        self.ragged_count = 0
        self._rows_read = 0
        self._texts = RepeatedTexts(path)

    @property
    def fraction(self) -> float:
        """Share of the rows that has been read."""
        return float(self._rows_read / max(self.declared_rows, 1))

    def batches(self, wanted: Sequence[str]) -> Iterator[Batch]:
        """Stream the wanted columns.

        Raises:
            BadTableError: the file is damaged, or its texts are longer than anybody writes.
        """
        size = max(256, min(_ROWS_PER_BATCH, _CELLS_PER_BATCH // max(len(wanted), 1)))
        for batch in read_groups(self._file, range(self._file.num_row_groups), size, wanted):
            for part in self._parts(batch):
                rows = np.arange(self._rows_read + 1, self._rows_read + 1 + part.num_rows)
                self._rows_read += part.num_rows
                yield Batch(rows, {name: part.column(name) for name in wanted})

    def _parts(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._texts.parts(batch, self._rows_read + 1)
        except pa.ArrowException as error:
            raise _damaged(error) from None

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_groups(
    file: pq.ParquetFile, groups: range, batch_size: int, columns: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    """Batches of neighbouring row groups, none of which lies in two.

    Raises:
        BadTableError: one is damaged; it says which, and behind which row.
    """
    counts = [file.metadata.row_group(group).num_rows for group in range(groups.stop)]
    firsts = [0, *accumulate(counts)]
    for group in groups:
        row = firsts[group]
        stream = file.iter_batches(
            batch_size=batch_size, row_groups=[group], columns=list(columns), use_threads=False
        )
        while True:
            try:
                batch = next(stream, None)
            except (pa.ArrowException, OSError) as error:
                raise _broken(error, group, file.num_row_groups, row + 1) from None
            if batch is None:
                break
            row += batch.num_rows
            yield batch


def open_table(
    path: Path,
    file_format: TableFormat,
    *,
    skip: bool = False,
    part: Part | None = "obs",
) -> Table:
    """Open an uploaded file and check its header; `skip` leaves out rows of the wrong length.

    `part` says which frame of an `.h5ad` file is the table; None: there is none in it.

    Raises:
        BadTableError: the file is none of the known formats, is empty, or has a bad header.
    """
    start = magic(path)
    is_parquet = start.startswith(PARQUET_MAGIC)
    if file_format == "parquet" and not is_parquet:
        raise BadTableError("the file is not Parquet (it does not start with PAR1)")
    if is_parquet and file_format not in ("auto", "parquet"):
        raise BadTableError(f"the file is Parquet, not {file_format}")
    if start == HDF5_MAGIC:
        table: Table = _open_h5ad(path, file_format, part)
    elif file_format == "parquet" or is_parquet:
        table = ParquetTable(path)
    else:
        table = TextTable(path, file_format, skip=skip)
    try:
        _check_header(table.columns)
    except BadTableError:
        table.close()
        raise
    return table


def _open_h5ad(path: Path, file_format: TableFormat, part: Part | None) -> H5adTable:
    if file_format != "auto":
        raise BadTableError(f"the file is HDF5 (.h5ad), not {file_format}: leave the format out")
    if part is None:
        raise BadTableError("the file is HDF5 (.h5ad), in which no edges are: send TSV or Parquet")
    return H5adTable(path, part)


def _check_header(columns: list[str]) -> None:
    nameless = [str(i) for i, name in enumerate(columns, start=1) if not name]
    if nameless:
        raise BadTableError(
            f"the header gives no name to column {', '.join(nameless[:10])} of {len(columns)} "
            "(an index column, or a delimiter too many?)"
        )
    seen: set[str] = set()
    twice = sorted({name for name in columns if name in seen or seen.add(name)})  # type: ignore[func-returns-value]
    if twice:
        offenders = [Offender(message="named more than once", column=name) for name in twice[:20]]
        raise BadTableError(f"the header names more than once: {', '.join(twice[:20])}", offenders)


def _damaged(error: Exception) -> BadTableError:
    return BadTableError(f"the Parquet file is damaged or of an unknown version: {error}")


def _broken(error: Exception, group: int, count: int, row: int) -> BadTableError:
    detail = (
        f"the Parquet file is damaged in row group {group + 1} of {count}, at or behind row "
        f"{row:,}: {error}"
    )
    return BadTableError(
        detail, [Offender(message=detail, row=row, value=f"row group {group + 1}")]
    )
