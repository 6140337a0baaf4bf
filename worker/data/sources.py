"""Opens an uploaded table (TSV, CSV, Parquet, .h5ad; text may be gzip or zstd) and streams it.

Row numbers count data rows from 1, without the header and without blank lines.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from service.contract.errors import BadTableError, Offender
from service.contract.genes import TableFormat
from worker.data.batch import Batch
from worker.data.bounded_table import BoundedTable, Part
from worker.data.raw import is_hdf5, is_parquet
from worker.data.text import TextTable


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
    table: Table
    if is_parquet(path):
        if file_format not in ("auto", "parquet"):
            raise BadTableError(f"the file is Parquet, not {file_format}")
        table = BoundedTable(path, part)
    elif file_format == "parquet":
        raise BadTableError("the file is not Parquet (it does not start with PAR1)")
    elif is_hdf5(path):
        table = _open_h5ad(path, file_format, part)
    else:
        table = TextTable(path, file_format, skip=skip)
    try:
        _check_header(table.columns)
    except BadTableError:
        table.close()
        raise
    return table


def _open_h5ad(path: Path, file_format: TableFormat, part: Part | None) -> BoundedTable:
    if file_format != "auto":
        raise BadTableError(f"the file is HDF5 (.h5ad), not {file_format}: leave the format out")
    if part is None:
        raise BadTableError("the file is HDF5 (.h5ad), in which no edges are: send TSV or Parquet")
    return BoundedTable(path, part)


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
