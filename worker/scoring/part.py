"""Rows of results written as a part that stands behind others: Parquet, and text on demand."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

_GROUP_ROWS = 1 << 16


@dataclass(frozen=True)
class PartFiles:
    """Where a part goes: as Parquet, and as gzip of tab-separated values (None: not as those)."""

    parquet: Path
    tsv: Path | None = None


class PartWriter:
    """Writes one part; parts of one schema can be put one behind the other.

    Args:
        schema: columns of the results.
        files: where they go.
        is_first: whether the text begins with the names of the columns.
    """

    def __init__(self, schema: pa.Schema, files: PartFiles, *, is_first: bool) -> None:
        self._schema = schema
        self._stack = ExitStack()
        texts = [f.name for f in schema if not pa.types.is_floating(f.type)]
        floats = [f.name for f in schema if f.type in (pa.float32(), pa.float64())]
        # A million rows of 23 columns (network of 3 members, one core, seconds to write and to
        # read): snappy 102.0 MB, 0.41, 0.13; zstd 91.3 MB, 0.65, 0.30; bytes of floats apart
        # 85.6 MB, 0.60, 0.19. To score them took 41 s.
        self._parquet = self._stack.enter_context(
            pq.ParquetWriter(
                files.parquet,
                schema,
                compression="zstd",
                compression_level=1,
                use_dictionary=texts,
                use_byte_stream_split=floats,
                write_page_checksum=True,
                # NaN has no place in bounds of floats, and some readers take them for exact.
                write_statistics=texts,
            )
        )
        self._tsv: pa_csv.CSVWriter | None = None
        if files.tsv is not None:
            sink = self._stack.enter_context(pa.CompressedOutputStream(str(files.tsv), "gzip"))
            options = pa_csv.WriteOptions(delimiter="\t", include_header=is_first)
            self._tsv = self._stack.enter_context(
                pa_csv.CSVWriter(sink, _flat(schema), write_options=options)
            )
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._flush()
        finally:
            self._stack.close()

    def write(self, rows: pa.RecordBatch) -> None:
        """Append rows."""
        self._waiting.append(rows)
        self._waiting_rows += rows.num_rows
        if self._waiting_rows >= _GROUP_ROWS:
            self._flush()

    def _flush(self) -> None:
        table = pa.Table.from_batches(self._waiting, self._schema)
        if table.num_rows:
            self._parquet.write_table(table, row_group_size=table.num_rows)
            if self._tsv is not None:
                self._tsv.write_table(table.cast(_flat(self._schema)))
        self._waiting.clear()
        self._waiting_rows = 0


def _flat(schema: pa.Schema) -> pa.Schema:
    """The schema of text: what is coded is written out."""
    return pa.schema([f.with_type(_written(f.type)) for f in schema])


def _written(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind
