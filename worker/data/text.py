"""Streams TSV and CSV tables as columns of strings.

A TSV cell may be wrapped in double quotes but holds no tab and no line end; CSV follows RFC 4180
(quoted cells may hold line ends), with a comma or a semicolon. Blank lines are no rows, but in a
table of one column they are its empty cells.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from service.contract.errors import BadTableError, Offender
from worker.data.batch import LISTED_ROWS, VALUE_CHARACTERS, Batch, Rows
from worker.data.raw import TextBytes

_BLOCK_BYTES = 4 << 20
_HEADER_BYTES = 16 << 20
# Ragged rows after which a file that must be perfect is given up.
_RAGGED_GIVE_UP = 20


class TextTable:
    """An open TSV or CSV file."""

    declared_rows = 0

    def __init__(self, path: Path, dialect: Literal["auto", "tsv", "csv"], *, skip: bool) -> None:
        self._bytes = TextBytes(path)
        self._skip = skip
        self.ragged: list[Offender] = []
        self.ragged_count = 0
        self._pending: list[int] = []
        self._blocks = 0
        try:
            self.delimiter, header, rest = _read_header(self._bytes, dialect)
        except BaseException:
            self._bytes.close()
            raise
        self.columns = [name.strip() for name in header]
        self._body = _Body(self._bytes, rest, must_close=self.delimiter != "\t")

    @property
    def fraction(self) -> float:
        """Share of the file whose rows have been given; Arrow reads up to 32 blocks ahead."""
        fractions = self._body.fractions
        return fractions[min(self._blocks, len(fractions)) - 1] if self._blocks else 0.0

    def close(self) -> None:
        """Close the file."""
        self._bytes.close()

    def batches(self, wanted: Sequence[str]) -> Iterator[Batch]:
        """Stream the wanted columns.

        Raises:
            BadTableError: the file is damaged, or stops being UTF-8 text.
        """
        positions = {name: str(i) for i, name in enumerate(self.columns)}
        position = {name: positions[name] for name in wanted}
        next_row = 1
        for record_batch in self._stream(list(position.values())):
            rows = self._number(next_row, record_batch.num_rows)
            next_row = int(rows[-1]) + 1 if len(rows) else next_row
            yield Batch(rows, {name: self._cells(record_batch, i) for name, i in position.items()})

    def _stream(self, include: list[str]) -> Iterator[pa.RecordBatch]:
        names = [str(i) for i in range(len(self.columns))]
        try:
            reader = pa_csv.open_csv(
                pa.PythonFile(self._body, mode="r"),
                # One thread: only then do bad rows carry their numbers.
                pa_csv.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES, column_names=names),
                self._parse_options(),
                pa_csv.ConvertOptions(
                    check_utf8=False,  # done by TextBytes, which knows where
                    column_types=dict.fromkeys(include, pa.string()),
                    include_columns=include,
                    strings_can_be_null=False,
                ),
            )
            for batch in reader:
                self._blocks += 1
                if batch.num_rows:
                    yield batch
        except pa.ArrowInvalid as error:
            if "Empty CSV file" not in str(error) and not self.ragged:
                raise BadTableError(_explain(str(error))) from None

    def _parse_options(self) -> pa_csv.ParseOptions:
        is_tsv = self.delimiter == "\t"
        return pa_csv.ParseOptions(
            delimiter=self.delimiter,
            # A quote that opens a TSV cell and never closes would swallow the rows after it.
            quote_char=False if is_tsv else '"',
            newlines_in_values=not is_tsv,
            ignore_empty_lines=len(self.columns) > 1,
            invalid_row_handler=self._ragged_row,
        )

    def _ragged_row(self, row: pa_csv.InvalidRow) -> str:
        self.ragged_count += 1
        self._pending.append(row.number)
        if len(self.ragged) < LISTED_ROWS:
            message = f"{row.actual_columns} cells where the header has {row.expected_columns}"
            value = row.text[:VALUE_CHARACTERS]
            self.ragged.append(Offender(message=message, row=row.number, value=value))
        return "skip" if self._skip or self.ragged_count < _RAGGED_GIVE_UP else "error"

    def _number(self, first: int, count: int) -> Rows:
        """Numbers of the next `count` good rows: those of ragged rows are left out."""
        pending = np.array(self._pending, dtype=np.int64)
        candidates = np.arange(first, first + count + len(pending))
        rows = candidates[~np.isin(candidates, pending)][:count]
        if len(rows):
            self._pending = [number for number in self._pending if number > rows[-1]]
        return rows

    def _cells(self, batch: pa.RecordBatch, name: str) -> pa.Array:
        cells = batch.column(name)
        if self.delimiter != "\t" or not self._body.quote_count:
            return cells
        bare = pc.replace_substring_regex(cells, r'^"(.*)"$', r"\1")
        return pc.replace_substring(bare, '""', '"')


class _Body(io.RawIOBase):
    """What follows the header, as the file that Arrow reads.

    `fractions` are the shares of the file that had been read when each block had been.
    """

    def __init__(self, source: TextBytes, rest: bytes, *, must_close: bool) -> None:
        self._source = source
        self._rest = rest
        self._must_close = must_close
        self.quote_count = 0
        self.fractions: list[float] = []

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        chunk, self._rest = self._rest[:size], self._rest[size:]
        chunk = chunk or self._source.read(size)
        self.quote_count += chunk.count(b'"')
        if self._must_close and not chunk and self.quote_count % 2:
            # Arrow would take everything up to the end of the file for one cell.
            raise BadTableError("a double quote is opened and never closed")
        if chunk:
            self.fractions.append(self._source.fraction)
        return chunk


def _read_header(source: TextBytes, dialect: str) -> tuple[str, list[str], bytes]:
    """Delimiter, names and the bytes that were read beyond the header."""
    text = b""
    while True:
        chunk = source.read(_BLOCK_BYTES)
        text = (text + chunk).lstrip(b"\r\n")
        end = _line_end(text, quoted=False)
        if end is not None or not chunk:
            break
        if len(text) > _HEADER_BYTES:
            raise BadTableError("the first 16 MiB hold no line end: this is not a text table")
    first_line = text[:end].decode()
    if not first_line.strip():
        raise BadTableError("the file is empty")
    delimiter = _delimiter(first_line, dialect)
    if delimiter != "\t":
        end = _line_end(text, quoted=True)
    names = _split(text[:end].decode(), delimiter)
    rest = text[end:] if end is not None else b""
    return delimiter, names, _body_of(rest, has_blank_rows=len(names) == 1)


def _body_of(rest: bytes, *, has_blank_rows: bool) -> bytes:
    """What follows the line end of the header."""
    if not has_blank_rows:
        return rest.lstrip(b"\r\n")
    return rest[2 if rest.startswith(b"\r\n") else 1 :]


def _line_end(text: bytes, *, quoted: bool) -> int | None:
    """Where the first line ends; line ends between double quotes do not count if `quoted`."""
    start, quotes = 0, 0
    for match in re.finditer(rb"[\r\n]", text):
        quotes += text.count(b'"', start, match.start())
        if not quoted or quotes % 2 == 0:
            return match.start()
        start = match.end()
    return None


def _delimiter(first_line: str, dialect: str) -> str:
    if dialect == "tsv" or (dialect == "auto" and "\t" in first_line):
        return "\t"
    return max(",;", key=lambda sign: len(next(csv.reader([first_line], delimiter=sign))))


def _split(header: str, delimiter: str) -> list[str]:
    if delimiter == "\t":
        return [name.strip().removeprefix('"').removesuffix('"') for name in header.split("\t")]
    try:
        return next(csv.reader(io.StringIO(header), delimiter=delimiter))
    except csv.Error as error:
        raise BadTableError(f"the header cannot be read: {error}") from None


def _explain(message: str) -> str:
    if "straddling" in message:
        return f"a row is longer than {_BLOCK_BYTES >> 20} MiB; is a double quote never closed?"
    return f"the text cannot be split into cells: {message}"
