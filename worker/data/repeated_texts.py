"""Texts of Parquet files, unpacked a bounded part at a time.

A file has a text once, in a dictionary, and behind it a run length: a KB can say that a text of a
MB stands in billions of rows. So such texts are read as what they are in the file, places in a
dictionary, and all are counted before they are written out.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from service.contract.errors import BadTableError, Offender

# As a row of a text table.
MAX_ROW_BYTES = 4 << 20
# What gzip can make of a byte at most, so that no upload of text becomes more; a small one may.
MAX_RATIO = 1032
ALWAYS_BYTES = 1 << 30
_BYTES_PER_PART = 64 << 20


def is_text(kind: pa.DataType) -> bool:
    """Whether cells are texts or bytes."""
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
    )


class RepeatedTexts:
    """Writes the texts of one file out."""

    def __init__(self, path: Path) -> None:
        self._left_bytes = max(ALWAYS_BYTES, MAX_RATIO * path.stat().st_size)

    def parts(self, batch: pa.RecordBatch, first_row: int) -> Iterator[pa.RecordBatch]:
        """The rows of a batch, in parts whose texts fit into memory.

        Raises:
            BadTableError: a row is too long, or all are too many bytes for so small a file.
            ArrowException: the file is damaged: a place is not in its dictionary.
        """
        ends_B = np.cumsum(_text_bytes(batch))
        self._check(ends_B, first_row)
        start = 0
        while start < batch.num_rows:
            before = int(ends_B[start - 1]) if start else 0
            stop = int(np.searchsorted(ends_B, before + _BYTES_PER_PART, side="right"))
            part = batch.slice(start, max(stop, start + 1) - start)
            yield pa.RecordBatch.from_arrays(
                [_plain(column) for column in part.columns], names=batch.schema.names
            )
            start += part.num_rows

    def _check(self, ends_B: npt.NDArray[np.int64], first_row: int) -> None:
        long = np.flatnonzero(np.diff(ends_B, prepend=0) > MAX_ROW_BYTES)
        if len(long):
            row = first_row + int(long[0])
            message = f"the texts of the row are longer than {MAX_ROW_BYTES >> 20} MiB"
            raise BadTableError(f"row {row:,}: {message}", [Offender(message=message, row=row)])
        self._left_bytes -= int(ends_B[-1]) if len(ends_B) else 0
        if self._left_bytes < 0:
            raise BadTableError(
                f"at or behind row {first_row:,} the texts of the file are more than {MAX_RATIO:,} "
                "times its bytes, and so say next to nothing: leave out columns that repeat"
            )


def _is_repeated(column: pa.Array) -> bool:
    return pa.types.is_dictionary(column.type) and is_text(column.type.value_type)


def _text_bytes(batch: pa.RecordBatch) -> npt.NDArray[np.int64]:
    """Bytes of all texts of each row."""
    size_B = np.zeros(batch.num_rows, dtype=np.int64)
    for column in batch.columns:
        if _is_repeated(column):
            lengths = pc.binary_length(column.dictionary).take(column.indices)
        elif is_text(column.type):
            lengths = pc.binary_length(column)
        else:
            continue
        size_B += pc.fill_null(lengths, 0).to_numpy(zero_copy_only=False)
    return size_B


def _plain(column: pa.Array) -> pa.Array:
    # `take` looks whether a place is in the dictionary; `dictionary_decode` does not.
    return column.dictionary.take(column.indices) if _is_repeated(column) else column
