"""Rows of a checked frame of an `.h5ad` file, as Arrow batches of bounded size."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from service.contract.errors import BadTableError, Offender
from worker.data.h5ad_chunks import refusal
from worker.data.h5ad_datasets import Flags, Values
from worker.data.h5ad_frame import Column

MAX_TEXT_BYTES = 2**20
MAX_TOTAL_BYTES = 2**35
# How long texts are shows when they are read: the first rows tell for those that follow.
_FIRST_ROWS = 256
_MOST_ROWS = 2**16
_BATCH_BYTES = 2**25
_MAX_BATCH_TEXT_BYTES = 2**28


def read_batches(columns: list[Column], row_count: int) -> Iterator[pa.RecordBatch]:
    """All rows of some columns, in order.

    Raises:
        BadTableError: a text is too long or not UTF-8, a code is of no category, or it is too much.
    """
    categories = {column.name: _categories(column) for column in columns}
    names = [column.name for column in columns]
    first, size, total_bytes = 0, _FIRST_ROWS, 0
    while first < row_count:
        end = min(first + size, row_count)
        arrays = [_read(column, categories[column.name], first, end) for column in columns]
        batch = pa.RecordBatch.from_arrays(arrays, names)
        yield batch
        total_bytes += batch.nbytes
        if total_bytes > MAX_TOTAL_BYTES:
            raise BadTableError(
                f"the .h5ad file has more than {MAX_TOTAL_BYTES // 2**30} GiB in the columns that "
                f"are asked for, down to row {end:,}: name fewer, or part it"
            )
        bytes_per_row = max(batch.nbytes / (end - first), 1.0)
        size = max(1, min(_MOST_ROWS, int(_BATCH_BYTES / bytes_per_row)))
        first = end


def _categories(column: Column) -> pa.Array | None:
    if column.categories is None:
        return None
    return _read(column.categories, None, 0, len(column.categories.values))


def _read(column: Column, categories: pa.Array | None, first: int, end: int) -> pa.Array:
    try:
        if categories is not None:
            return _decoded(column, categories, first, end)
        mask = None if column.mask is None else _booleans(column.mask.dataset[first:end])
        return _array(column.values, first, end, mask)
    except BadTableError as error:
        offenders = error.offenders or [Offender(message=error.detail)]
        named = [one.model_copy(update={"column": column.name}) for one in offenders]
        raise BadTableError(error.detail, named) from None


def _decoded(column: Column, categories: pa.Array, first: int, end: int) -> pa.Array:
    """Categories by their codes; -1 is a value that is absent."""
    code_N = column.values.dataset[first:end].astype(np.int64)
    wrong = np.flatnonzero((code_N < -1) | (code_N >= len(categories)))
    if len(wrong):
        row = first + int(wrong[0]) + 1
        detail = (
            f"has in row {row:,} the code {code_N[wrong[0]]}, of {len(categories):,} categories"
        )
        raise _of_row(column.values, detail, row)
    taken = pa.array(code_N, mask=code_N < 0)
    if pa.types.is_string(categories.type):
        _require_bounded(column.values.where, pc.take(pc.binary_length(categories), taken))
    return pc.take(categories, taken)


def _array(values: Values, first: int, end: int, mask: Flags | None) -> pa.Array:
    stored = values.dataset[first:end]
    if values.kind == "boolean":
        return pa.array(_booleans(stored), mask=mask)
    if values.kind != "text":
        return pa.array(stored.astype(stored.dtype.newbyteorder("=")), mask=mask)
    raw = pa.array(stored, pa.binary(), mask=mask)
    lengths = pc.binary_length(raw)
    long = np.flatnonzero(pc.fill_null(pc.greater(lengths, MAX_TEXT_BYTES), False).to_numpy(False))
    if len(long):
        row = first + int(long[0]) + 1
        detail = f"has in row {row:,} a text of more than {MAX_TEXT_BYTES:,} bytes"
        raise _of_row(values, detail, row)
    _require_bounded(values.where, lengths)
    try:
        return raw.cast(pa.string())
    except pa.ArrowInvalid:
        row = next(n for n, text in enumerate(raw.to_pylist(), first + 1) if not _is_text(text))
        raise _of_row(values, f"has in row {row:,} a text that is not UTF-8", row) from None


def _require_bounded(where: str, lengths: pa.Array) -> None:
    total = pc.sum(lengths).as_py() or 0
    if total > _MAX_BATCH_TEXT_BYTES:
        raise refusal(
            where,
            f"has texts of {total:,} bytes in {len(lengths):,} rows, and may have "
            f"{_MAX_BATCH_TEXT_BYTES:,}: shorten them",
        )


def _of_row(values: Values, detail: str, row: int) -> BadTableError:
    error = refusal(values.where, detail)
    return BadTableError(error.detail, [Offender(message=error.detail, row=row)])


def _is_text(raw: bytes | None) -> bool:
    try:
        (raw or b"").decode()
    except UnicodeDecodeError:
        return False
    return True


def _booleans(stored: Flags) -> Flags:
    """Truth values; in a file made by hand their bytes may be others than 0 and 1."""
    flag_N: Flags = stored.view(np.uint8) != 0
    return flag_N
