"""From an uploaded file and its mapping to the canonical table, its profile and vocabulary."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from service.contract.datasets import DatasetProfile, DatasetSpec, Vocabulary
from service.contract.errors import BadTableError
from worker.data.bad_rows import BadRows
from worker.data.canonical import Canonicalizer
from worker.data.errors import IngestStoppedError
from worker.data.mapping import TableMapping, resolve
from worker.data.profile import profile_table
from worker.data.sources import Table, open_table

# More than anybody has measured: ingest goes through them in minutes, in bounded memory.
MAX_ROWS = 2**28
MAX_CELLS = 2**32
_ROWS_PER_GROUP = 100_000
# Wide designs make long genotypes: a row group is bounded in bytes as well.
_BYTES_PER_GROUP = 48 << 20
# Share of the progress that belongs to reading; the rest is the profile.
_READING_SHARE = 0.7
_PROGRESS_STEP = 0.01


@dataclass(frozen=True)
class Ingested:
    """What ingest made of a file; the spec has its preset expanded and all columns named."""

    profile: DatasetProfile
    vocabulary: Vocabulary
    spec: DatasetSpec


def ingest_table(
    source: Path,
    spec: DatasetSpec,
    table_path: Path,
    *,
    progress: Callable[[float], None],
    should_stop: Callable[[], bool],
) -> Ingested:
    """Read an uploaded file, write the canonical Parquet table and describe it.

    Args:
        source: TSV, CSV, Parquet or `.h5ad`; text may be compressed with gzip or zstd.
        spec: what the columns mean.
        table_path: where the table is written; it does not exist after a failure.
        progress: told the share that is done, 0 to 1, at every percent of the file.
        should_stop: asked after every batch, and ten times a second beside the profile's queries.

    Raises:
        BadTableError: the file does not hold what its mapping says, with the rows and columns; or
            it has, or says that it has, more than `MAX_ROWS` rows or `MAX_CELLS` cells.
        IngestStoppedError: `should_stop` returned true.
    """
    part = table_path.with_name(table_path.name + ".part")
    table_path.unlink(missing_ok=True)
    try:
        skip = spec.on_bad_rows == "skip"
        with closing(open_table(source, spec.format, skip=skip)) as table:
            mapping = resolve(spec, table.columns)
            _require_size(table.declared_rows, len(mapping.columns))
            bad_rows = _convert(table, mapping, part, progress, should_stop)
        profile, vocabulary = profile_table(part, mapping.spec, should_stop)
        _stop_if(should_stop)
        part.rename(table_path)
    finally:
        part.unlink(missing_ok=True)
    profile.skipped_row_count = bad_rows.count
    profile.skipped_rows = bad_rows.skipped
    progress(1.0)
    return Ingested(profile, vocabulary, mapping.spec)


def _convert(
    table: Table,
    mapping: TableMapping,
    part: Path,
    progress: Callable[[float], None],
    should_stop: Callable[[], bool],
) -> BadRows:
    """Write the canonical rows of a table to `part`."""
    reader = Canonicalizer(mapping)
    bad_rows = BadRows(mapping.spec.on_bad_rows)
    told, row_count = 0.0, 0
    with _Writer(part, reader.schema) as writer:
        for batch in table.batches(mapping.columns):
            _stop_if(should_stop)
            row_count += len(batch.rows)
            _require_size(row_count, len(mapping.columns))
            rows, problems = reader.read(batch)
            bad_rows.add(problems.offenders, int(problems.bad.sum()))
            bad_rows.check(table.ragged)
            writer.write(rows)
            if table.fraction - told >= _PROGRESS_STEP:
                told = table.fraction
                progress(_READING_SHARE * told)
    bad_rows.add(table.ragged, table.ragged_count)
    if writer.row_count == 0:
        raise bad_rows.no_good_row()
    return bad_rows


def _require_size(rows: int, columns: int) -> None:
    if rows > MAX_ROWS:
        raise BadTableError(
            f"the file has {rows:,} rows or more, and a data set at most {MAX_ROWS:,}: split it"
        )
    if rows * columns > MAX_CELLS:
        raise BadTableError(
            f"the file has {rows:,} rows or more of {columns:,} columns that the spec names, and a "
            f"data set at most {MAX_CELLS:,} cells: split it, or name fewer columns"
        )


def _stop_if(should_stop: Callable[[], bool]) -> None:
    if should_stop():
        raise IngestStoppedError("the ingest was stopped")


class _Writer:
    """Writes batches as row groups of a Parquet file."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        # No statistics of floats: NaN is not in their bounds, and DuckDB takes it for absent
        # (`NOT isnan(x)` becomes true; github.com/duckdb/duckdb/issues/25521).
        counted = [field.name for field in schema if not pa.types.is_floating(field.type)]
        self._file = pq.ParquetWriter(path, schema, compression="zstd", write_statistics=counted)
        self._waiting: list[pa.RecordBatch] = []
        self._schema = schema
        self.row_count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if kind is None:
            self._flush()
        self._file.close()

    def write(self, rows: pa.RecordBatch) -> None:
        self._waiting.append(rows)
        self.row_count += rows.num_rows
        waiting_rows = sum(batch.num_rows for batch in self._waiting)
        waiting_bytes = sum(batch.nbytes for batch in self._waiting)
        if waiting_rows >= _ROWS_PER_GROUP or waiting_bytes >= _BYTES_PER_GROUP:
            self._flush()

    def _flush(self) -> None:
        table = pa.Table.from_batches(self._waiting, self._schema)
        if table.num_rows:
            self._file.write_table(table, row_group_size=_ROWS_PER_GROUP)
        self._waiting.clear()
