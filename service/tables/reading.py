"""Genotypes out of a table that nobody has looked at yet: Arrow IPC or Parquet, in memory.

Runs in a process of its own, whose memory has a bound. Laws: a table is read whole or not at all;
no column but that of the designs is unpacked; what is wrong is told with its row, from 1, or with
the part of the file.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from itertools import count
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc
import pyarrow.parquet as pq

from service.contract.errors import BadTableError, BrokenTableError, CellgebraError, Offender
from service.contract.inference import MAX_DESIGNS_PER_REQUEST
from service.contract.score_tables import (
    DESIGN_COLUMNS,
    LISTED_ROWS,
    MAX_TABLE_COLUMNS,
    MAX_TEXT_BYTES,
    TableForm,
)

# Of the footer of a Parquet file.
_MAX_THRIFT_ITEMS = 1_000_000
_SHOWN_CHARACTERS = 500
_NAMES = {
    TableForm.ARROW_STREAM: "Arrow IPC stream",
    TableForm.ARROW_FILE: "Arrow IPC file",
    TableForm.PARQUET: "Parquet file",
}


class DesignColumn(NamedTuple):
    """The column that holds the designs, and its texts in order."""

    name: str
    texts: list[str]


class _Piece(NamedTuple):
    """Neighbouring rows of the column, and what they are a part of."""

    where: str
    values: pa.Array


def read_designs(body: bytes, form: TableForm, column: str | None) -> DesignColumn:
    """The designs of a table, from `column` or the first that has a usual name.

    Raises:
        BrokenTableError: the body is no such table, or is damaged; it says where.
        BadTableError: it has no column of designs, or rows without one; every one is listed.
    """
    if form is TableForm.PARQUET:
        name, pieces = _parquet(body, column)
    else:
        name, pieces = _arrow(body, form, column)
    texts: list[str] = []
    size_bytes = 0
    for where, values in pieces:
        first_row = len(texts) + 1
        _require_few(len(texts) + len(values))
        text_B = _text(values, name, where, first_row)
        size_bytes += pc.sum(pc.binary_length(text_B)).as_py() or 0
        if size_bytes > MAX_TEXT_BYTES:
            raise BadTableError(
                f"the texts of column {name} have more than {MAX_TEXT_BYTES:,} bytes up to row "
                f"{first_row + len(values) - 1:,}: score them in several requests, or as a job"
            )
        texts += text_B.to_pylist()
    return DesignColumn(name, texts)


def _arrow(body: bytes, form: TableForm, column: str | None) -> tuple[str, Iterator[_Piece]]:
    is_stream = form is TableForm.ARROW_STREAM
    buffer = pa.py_buffer(body)
    with _located(form, "its head"):
        opened = pa.ipc.open_stream(buffer) if is_stream else pa.ipc.open_file(buffer)
        place = _choose(opened.schema, column)
        options = pa.ipc.IpcReadOptions(use_threads=False, included_fields=[place])
        if is_stream:
            reader = pa.ipc.open_stream(buffer, options=options)
            return opened.schema.names[place], _stream_pieces(reader)
        file = pa.ipc.open_file(buffer, options=options)
    return opened.schema.names[place], _file_pieces(file)


def _stream_pieces(reader: pa.RecordBatchStreamReader) -> Iterator[_Piece]:
    row = 1
    for number in count(1):
        where = f"record batch {number}, at or behind row {row:,}"
        with _located(TableForm.ARROW_STREAM, where):
            try:
                batch = reader.read_next_batch()
            except StopIteration:
                return
        yield _Piece(where, batch.column(0))
        row += batch.num_rows


def _file_pieces(file: pa.RecordBatchFileReader) -> Iterator[_Piece]:
    row = 1
    for place in range(file.num_record_batches):
        part = f"record batch {place + 1} of {file.num_record_batches}"
        where = f"{part}, at or behind row {row:,}"
        with _located(TableForm.ARROW_FILE, where):
            batch = file.get_batch(place)
        yield _Piece(where, batch.column(0))
        row += batch.num_rows


def _parquet(body: bytes, column: str | None) -> tuple[str, Iterator[_Piece]]:
    with _located(TableForm.PARQUET, "its footer"):
        file = pq.ParquetFile(
            pa.BufferReader(body),
            page_checksum_verification=True,
            thrift_string_size_limit=len(body),
            thrift_container_size_limit=_MAX_THRIFT_ITEMS,
        )
        place = _choose(file.schema_arrow, column)
    _require_few(file.metadata.num_rows)
    name = file.schema_arrow.names[place]
    return name, _group_pieces(file, name)


def _group_pieces(file: pq.ParquetFile, name: str) -> Iterator[_Piece]:
    row = 1
    for group in range(file.num_row_groups):
        part = f"row group {group + 1} of {file.num_row_groups}"
        batches = file.iter_batches(row_groups=[group], columns=[name], use_threads=False)
        while True:
            where = f"{part}, at or behind row {row:,}"
            with _located(TableForm.PARQUET, where):
                batch = next(batches, None)
            if batch is None:
                break
            yield _Piece(where, batch.column(0))
            row += batch.num_rows


@contextmanager
def _located(form: TableForm, where: str) -> Iterator[None]:
    """Say where a table is damaged.

    Raises:
        BrokenTableError: something in the block could not be read.
    """
    try:
        yield
    except (MemoryError, CellgebraError):
        raise
    except (pa.ArrowException, OSError, ValueError) as error:  # a name that is no UTF-8
        raise _broken(f"the body is no {_NAMES[form]}, or damaged in {where}: {error}") from None


def _broken(detail: str) -> BrokenTableError:
    shown = detail[:_SHOWN_CHARACTERS]
    return BrokenTableError(shown, [Offender(message=shown)])


def _choose(schema: pa.Schema, column: str | None) -> int:
    """The place of the column that holds the designs."""
    names = schema.names
    if len(names) > MAX_TABLE_COLUMNS:
        raise BadTableError(
            f"the table has {len(names):,} columns, and the limit is {MAX_TABLE_COLUMNS:,}: that "
            "of the designs is enough"
        )
    if column is None:
        folded = {name.casefold(): name for name in reversed(names)}
        found = next((folded[usual] for usual in DESIGN_COLUMNS if usual in folded), None)
    else:
        found = column if column in names else None
    if found is None:
        raise _no_column(names, column)
    if names.count(found) > 1:
        detail = f"{names.count(found)} columns are named {found}"
        raise BadTableError(detail, [Offender(message=detail, column=found)])
    place: int = names.index(found)
    kind = schema.field(place).type
    if not _is_text(kind):
        message = f"column {found} holds {str(kind)[:100]}, and designs are text"
        raise BadTableError(message, [Offender(message=message, column=found)])
    return place


def _is_text(kind: pa.DataType) -> bool:
    kinds = pa.types
    if kinds.is_dictionary(kind):
        kind = kind.value_type
    return bool(kinds.is_string(kind) or kinds.is_large_string(kind) or kinds.is_string_view(kind))


def _no_column(names: Sequence[str], column: str | None) -> BadTableError:
    has = ", ".join(names[:20]) or "none"
    if column is None:
        return BadTableError(
            f"no column is named {', '.join(DESIGN_COLUMNS[:-1])} or {DESIGN_COLUMNS[-1]}: say "
            f"which holds the designs, ?column=...; the table has {has}"
        )
    near = get_close_matches(column, names)
    detail = f"the table has no column {column!r}; it has {has}"
    return BadTableError(detail, [Offender(message=detail, value=column, suggestions=near)])


def _require_few(row_count: int) -> None:
    """As many rows as a request may hold.

    Raises:
        BadTableError: they are more.
    """
    if row_count > MAX_DESIGNS_PER_REQUEST:
        raise BadTableError(
            f"{row_count:,} rows or more, and the limit is {MAX_DESIGNS_PER_REQUEST:,} a request: "
            "score them as a job, POST /v1/scoring-jobs"
        )


def _text(values: pa.Array, name: str, where: str, first_row: int) -> pa.Array:
    """The values as texts, none of which is missing; nothing of them was checked before."""
    try:
        values.validate(full=True)
        if pa.types.is_dictionary(values.type):
            values = values.dictionary_decode()
        text_B = values.cast(pa.large_string())
    except MemoryError:
        raise
    except (pa.ArrowException, OSError) as error:
        raise _broken(f"column {name} is damaged in {where}: {error}") from None
    if text_B.null_count:
        message = "no design; the reference is the empty text"
        places = pc.indices_nonzero(text_B.is_null()).to_pylist()
        offenders = [
            Offender(message=message, row=first_row + place, column=name)
            for place in places[:LISTED_ROWS]
        ]
        row = first_row + places[0]
        raise BadTableError(f"row {row:,} of column {name} holds {message}", offenders)
    return text_B
