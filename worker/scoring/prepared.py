"""A prepared table as a source of blocks: any part of its rows, without those before them."""

import json
from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from service.contract.errors import BadTableError
from worker.data.parquet_groups import read_groups
from worker.models.encoding import EncodedDesigns
from worker.scoring.blocks import Block
from worker.scoring.preparation import EDITS, ERROR, FOUND, KEPT_MARK, LEVELS, Prepared


class PreparedTable:
    """What `prepare_table` wrote.

    Raises:
        BadTableError: (also from `blocks`) it is damaged; it says in which row group and row.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = pq.ParquetFile(path, page_checksum_verification=True)
        except (pa.ArrowException, OSError) as error:
            raise BadTableError(f"the prepared table is damaged: {error}") from None
        self.found = Prepared(**json.loads(self._file.metadata.metadata[FOUND.encode()]))
        schema = self._file.schema_arrow
        named = [schema.field(name) for name in schema.names if name.startswith(KEPT_MARK)]
        self.kept = pa.schema([f.with_name(f.name.removeprefix(KEPT_MARK)) for f in named])
        groups = range(self._file.num_row_groups)
        counts = (self._file.metadata.row_group(group).num_rows for group in groups)
        self._starts: list[int] = [0, *accumulate(counts)]

    def __len__(self) -> int:
        return self._starts[-1]

    @property
    def sample(self) -> tuple[int, int]:
        """The first row group."""
        return self._starts[0], self._starts[1]

    def blocks(self, begin: int, end: int, most: int) -> Iterator[Block]:
        """The rows of a shard, which begins and ends with row groups."""
        first, last = (bisect_left(self._starts, row) for row in (begin, end))
        if [self._starts[first], self._starts[last]] != [begin, end]:
            raise BadTableError(f"the prepared table has no shard of the rows {begin} to {end}")
        names = [EDITS, LEVELS, ERROR, *(KEPT_MARK + name for name in self.kept.names)]
        for batch in read_groups(self._file, range(first, last), most, names):
            yield _block(begin, batch)
            begin += batch.num_rows


def _block(first_row: int, batch: pa.RecordBatch) -> Block:
    edits, levels, error = (batch.column(name) for name in (EDITS, LEVELS, ERROR))
    order_B = edits.value_lengths().fill_null(0).to_numpy()
    level_J = pc.fill_null(levels.flatten(), np.nan).to_numpy(zero_copy_only=False)
    return Block(
        first_row=first_row,
        designs=EncodedDesigns(
            edits.flatten().to_numpy(),
            level_J,
            np.concatenate([[0], np.cumsum(order_B, dtype=np.int64)]),
        ),
        kept={
            name.removeprefix(KEPT_MARK): batch.column(name)
            for name in batch.schema.names
            if name.startswith(KEPT_MARK)
        },
        error=None if error.null_count == len(error) else error,
    )
