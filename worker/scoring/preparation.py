"""An uploaded table, read and checked once: designs as columns of the model's edits, in shards.

All that can be wrong with a table is found here, before anything is scored: it takes a small part
of the time that scores do. No row group of what is written lies in two shards, so that a shard
reads its own rows alone.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from service.contract.datasets import DesignColumns, GenotypeColumn
from service.contract.errors import BadTableError, InvalidArgumentError, Offender, UnknownEditsError
from service.contract.manifests import ModelManifest
from service.contract.score_tables import DESIGN_COLUMNS
from service.contract.scoring_jobs import MAX_DESIGNS, OnBadRows, TableInput
from worker.data.batch import LISTED_ROWS, Batch, Problems
from worker.data.mapping import require_columns, resolve_design
from worker.data.parse import CellsDesign, DesignSource
from worker.data.sources import Table, open_table
from worker.models.encoding import EncodedDesigns
from worker.scoring.errors import ScoringStoppedError
from worker.scoring.reading import DesignReader

# Columns of what is written; those that are kept stand behind their mark, under any name.
EDITS, LEVELS, ERROR, KEPT_MARK = "edits", "levels", "error", "="
FOUND = "cellgebra.found"

_GIVEN_UP_AT = 1000
_TOLD_OFFENDERS = 200
_GROUP_ROWS = 1 << 16
_GROUP_BYTES = 32 << 20


@dataclass(frozen=True)
class Prepared:
    """What was found in a table; `locus_of` are names that the model calls otherwise."""

    row_count: int
    bad_row_count: int
    locus_of: dict[str, str]


def prepare_table(
    source: Path,
    wanted: TableInput,
    manifest: ModelManifest,
    target: Path,
    *,
    shard_rows: int,
    on_bad_rows: OnBadRows,
    check_kept: Callable[[Sequence[str]], None],
    progress: Callable[[float], None],
    should_stop: Callable[[], bool],
) -> Prepared:
    """Read an uploaded table and write its designs, in the model's terms, to `target`.

    Args:
        source: TSV, CSV, Parquet or `.h5ad`; text may be compressed with gzip or zstd.
        wanted: where the designs stand, and what else is kept.
        manifest: the model.
        target: a Parquet file; what was there is overwritten.
        shard_rows: rows of a shard.
        on_bad_rows: whether rows that are no designs are errors.
        check_kept: raises where columns of these names cannot be kept.
        progress: told the share that is done, 0 to 1.
        should_stop: asked after every batch.

    Raises:
        BadTableError: the file is damaged, lacks columns, or has bad rows; the first are listed.
        UnknownEditsError: among its bad rows are some whose edits the model does not have.
        ScoringStoppedError: `should_stop` returned true.
    """
    with closing(open_table(source, wanted.format)) as table:
        design = _design_source(wanted.design, table.columns)
        require_columns([*design.columns, *(wanted.keep or ())], table.columns)
        kept = _kept(wanted.keep, design, table.columns)
        check_kept(kept)
        _require_few(table.declared_rows)
        reader = DesignReader(design, manifest)
        bad = _BadRows(on_bad_rows, reader)
        with _Writer(target, shard_rows) as writer:
            for batch in table.batches(list(dict.fromkeys([*_columns(design), *kept]))):
                if should_stop():
                    raise ScoringStoppedError
                problems = Problems(batch.rows, bad.listed_rows(batch))
                designs = reader.read(batch, problems)
                _require_whole_rows(table)
                bad.add(problems)
                error = _errors(problems, int(batch.rows[0]))
                writer.write(_encoded(designs, error, {k: batch.columns[k] for k in kept}))
                progress(table.fraction)
            _require_whole_rows(table)
            bad.require_none()
            if not writer.row_count:
                raise BadTableError("the file has a header but no data row")
            found = Prepared(writer.row_count, bad.count, reader.names.locus_of)
            writer.finish(found)
    return found


def _require_few(rows: int) -> None:
    if rows > MAX_DESIGNS:
        raise BadTableError(f"the file has more than {MAX_DESIGNS:,} rows: split it")


def _design_source(design: DesignColumns | None, columns: list[str]) -> DesignSource:
    if design is not None:
        return resolve_design(design, columns)
    folded = {name.casefold(): name for name in reversed(columns)}
    name = next((folded[usual] for usual in DESIGN_COLUMNS if usual in folded), None)
    if name is None:
        raise BadTableError(
            f"no column is named {', '.join(DESIGN_COLUMNS[:-1])} or {DESIGN_COLUMNS[-1]}: say in "
            f"input.design which holds the designs; the file has {', '.join(columns[:30])}"
        )
    return resolve_design(GenotypeColumn(column=name), columns)


def _columns(design: DesignSource) -> list[str]:
    order = design.order_column if isinstance(design, CellsDesign) else None
    return [*design.columns, *([] if order is None else [order])]


def _kept(keep: Sequence[str] | None, design: DesignSource, columns: Sequence[str]) -> list[str]:
    if keep is not None:
        return list(dict.fromkeys(keep))
    used = set(design.columns)
    return [name for name in columns if name not in used]


def _require_whole_rows(table: Table) -> None:
    """Rows of too few or too many cells: what their designs are nobody knows, so none is scored."""
    if table.ragged_count:
        first = table.ragged[0]
        raise BadTableError(
            f"row {first.row}: {first.message} ({table.ragged_count:,} such rows so far); nothing "
            "was scored",
            table.ragged[:_TOLD_OFFENDERS],
        )


class _BadRows:
    """Rows that are no designs of the model."""

    def __init__(self, rule: OnBadRows, reader: DesignReader) -> None:
        self._rule = rule
        self._reader = reader
        self._offenders: list[Offender] = []
        self.count = 0

    def listed_rows(self, batch: Batch) -> int:
        """How many of a batch are to be listed: all, where each is told in its row."""
        return LISTED_ROWS if self._rule is OnBadRows.FAIL else len(batch.rows)

    def add(self, problems: Problems) -> None:
        """Take those of a batch; too many of them are told at once."""
        self.count += int(problems.bad.sum())
        if self._rule is OnBadRows.NULL:
            return
        self._offenders += problems.offenders[: _TOLD_OFFENDERS - len(self._offenders)]
        if self.count >= _GIVEN_UP_AT:
            raise self._refusal("at least ")

    def require_none(self) -> None:
        """Refuse the table for those that were taken."""
        if self._offenders:
            raise self._refusal("")

    def _refusal(self, about: str) -> InvalidArgumentError:
        offenders = sorted(self._offenders, key=lambda offender: offender.row or 0)
        first = offenders[0]
        column = f", column {first.column}" if first.column is not None else ""
        value = f"{first.value!r}: " if first.value is not None else ""
        rows = "row is bad" if self.count == 1 else "rows are bad"
        kind = UnknownEditsError if self._reader.has_unknown else BadTableError
        return kind(
            f"{about}{self.count:,} {rows}, and nothing was scored; row {first.row}{column}: "
            f"{value}{first.message}",
            offenders,
        )


def _encoded(
    designs: EncodedDesigns, error: pa.StringArray, kept: dict[str, pa.Array]
) -> pa.RecordBatch:
    starts_N, is_bad_B = pa.array(designs.start_N.astype(np.int32)), error.is_valid()
    level_J = pa.array(designs.level_J, mask=np.isnan(designs.level_J))
    columns = {
        EDITS: pa.ListArray.from_arrays(starts_N, pa.array(designs.edit_J), mask=is_bad_B),
        LEVELS: pa.ListArray.from_arrays(starts_N, level_J, mask=is_bad_B),
        ERROR: error,
    }
    return pa.record_batch(columns | {KEPT_MARK + name: array for name, array in kept.items()})


def _errors(problems: Problems, first_row: int) -> pa.StringArray:
    """What is wrong with each row; null where nothing is."""
    if not problems.bad.any():
        return pa.nulls(len(problems.bad), pa.string())
    text_B: list[str | None] = [None] * len(problems.bad)
    for offender in reversed(problems.offenders):  # the first of a row is what remains
        value = f"{offender.value!r}: " if offender.value is not None else ""
        meant = f"; did you mean {', '.join(offender.suggestions)}?" if offender.suggestions else ""
        text_B[(offender.row or 0) - first_row] = f"{value}{offender.message}{meant}"
    return pa.array(text_B, pa.string())


class _Writer:
    """Writes batches as row groups that end where shards do."""

    def __init__(self, path: Path, shard_rows: int) -> None:
        self._path = path
        self._shard_rows = shard_rows
        self._file: pq.ParquetWriter | None = None
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = self._waiting_bytes = 0
        self.row_count = 0

    def __enter__(self) -> "_Writer":
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def finish(self, found: Prepared) -> None:
        """Write what waits, and what was found."""
        self._flush()
        if self._file is not None:
            self._file.add_key_value_metadata({FOUND: json.dumps(asdict(found))})

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows.

        Raises:
            BadTableError: there are too many.
        """
        _require_few(self.row_count + batch.num_rows)
        while batch.num_rows:
            room = self._shard_rows - self.row_count % self._shard_rows
            part, batch = batch.slice(0, room), batch.slice(room)
            self._waiting.append(part)
            self._waiting_rows += part.num_rows
            self._waiting_bytes += part.nbytes
            self.row_count += part.num_rows
            is_full = self._waiting_rows >= _GROUP_ROWS or self._waiting_bytes >= _GROUP_BYTES
            if is_full or self.row_count % self._shard_rows == 0:
                self._flush()

    def _flush(self) -> None:
        if not self._waiting:
            return
        table = pa.Table.from_batches(self._waiting)
        if self._file is None:
            self._file = pq.ParquetWriter(
                self._path,
                table.schema,
                compression="zstd",
                compression_level=1,
                write_page_checksum=True,
            )
        self._file.write_table(table, row_group_size=max(table.num_rows, 1))
        self._waiting.clear()
        self._waiting_rows = self._waiting_bytes = 0
