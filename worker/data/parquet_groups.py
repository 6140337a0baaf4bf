"""Row groups of Parquet files, read a batch at a time."""

from collections.abc import Iterator, Sequence
from itertools import accumulate

import pyarrow as pa
import pyarrow.parquet as pq

from service.contract.errors import BadTableError, Offender


def read_groups(
    file: pq.ParquetFile, groups: range, batch_size: int, columns: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    """Batches of neighbouring row groups, none of which lies in two.

    Raises:
        BadTableError: one is damaged; it says which, and behind which row.
        MemoryError: one needs more memory than there is.
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
            except MemoryError:  # Arrow's own is an ArrowException as well
                raise
            except (pa.ArrowException, OSError) as error:
                raise _broken(error, group, file.num_row_groups, row + 1) from None
            if batch is None:
                break
            row += batch.num_rows
            yield batch


def _broken(error: Exception, group: int, count: int, row: int) -> BadTableError:
    detail = (
        f"the Parquet file is damaged in row group {group + 1} of {count}, at or behind row "
        f"{row:,}: {error}"
    )
    return BadTableError(
        detail, [Offender(message=detail, row=row, value=f"row group {group + 1}")]
    )
