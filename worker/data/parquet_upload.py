"""An uploaded Parquet file, as the process that reads it sees it."""

import math
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from service.contract.errors import BadTableError
from worker.data.parquet_groups import read_groups
from worker.data.repeated_texts import RepeatedTexts, is_text

# Pages and dictionaries of all columns, and batches on their way: 20,000 rows of 2,000 columns of
# floats take 0.9 GiB.
MAX_READING_BYTES = 3 << 29
# A batch of a wide table, or of long texts, has fewer rows: cells and bytes bound the memory.
_CELLS_PER_BATCH = 1 << 21
_BYTES_PER_BATCH = 64 << 20
_ROWS_PER_BATCH = 1 << 16
# Each column is read ahead by a part of this, not by all that it has in a row group.
_AHEAD_BYTES = 32 << 20
_MOST_AHEAD_BYTES = 1 << 20
# The head of a page is looked for in as many bytes.
_LEAST_AHEAD_BYTES = 1 << 14
# The length that stands before each text, and a place in a dictionary never takes.
_LENGTH_BYTES = 4


class ParquetUpload:
    """A file, a page and a dictionary of each column at a time; see `reading_program.Upload`."""

    most_bytes = MAX_READING_BYTES
    _metadata: pq.FileMetaData
    _schema: pa.Schema

    def __init__(self, path: Path) -> None:
        self._path = path

    def open(self) -> tuple[list[str], int]:
        """Names of its columns, and how many rows it says that it has.

        Raises:
            ArrowException, OSError: it is no Parquet.
        """
        with pq.ParquetFile(self._path) as file:
            self._metadata, self._schema = file.metadata, file.schema_arrow
        return list(self._schema.names), self._metadata.num_rows

    def batches(self, wanted: list[str]) -> Iterator[pa.RecordBatch]:
        """The wanted columns, texts written out.

        Raises:
            BadTableError: the file is damaged, or its texts are longer than anybody writes.
            ArrowException: a place is not in its dictionary.
            MemoryError: a page or a dictionary is larger than there may be.
        """
        width = max(len(wanted), 1)
        file = pq.ParquetFile(
            self._path,
            metadata=self._metadata,
            read_dictionary=self._repeated(),
            buffer_size=max(_LEAST_AHEAD_BYTES, min(_MOST_AHEAD_BYTES, _AHEAD_BYTES // width)),
            pre_buffer=False,
            # Checksums are few files', and then they tell what decompression does not.
            page_checksum_verification=True,
        )
        texts = RepeatedTexts(self._path)
        row = 1
        for batch in read_groups(
            file, range(file.num_row_groups), self._batch_rows(wanted), wanted
        ):
            yield from texts.parts(batch, row)
            row += batch.num_rows

    def _repeated(self) -> list[str]:
        """Columns of texts that are next to nothing but places in a dictionary.

        Arrow makes a dictionary of the others as well if it is asked to, of all of a row group.
        """
        texts = {field.name for field in self._schema if is_text(field.type)}
        return [
            chunk.path_in_schema
            for chunk in self._largest_group()
            if chunk.path_in_schema in texts and _bytes_of_places(chunk) < _LENGTH_BYTES
        ]

    def _batch_rows(self, wanted: list[str]) -> int:
        names = set(wanted)
        bytes_per_row = sum(
            chunk.total_uncompressed_size / max(chunk.num_values, 1)
            for chunk in self._largest_group()
            if not names.isdisjoint((chunk.path_in_schema, chunk.path_in_schema.split(".")[0]))
        )
        by_cells = max(256, _CELLS_PER_BATCH // max(len(wanted), 1))
        by_bytes = max(16, int(_BYTES_PER_BATCH / max(bytes_per_row, 1)))
        return min(_ROWS_PER_BATCH, by_cells, by_bytes)

    def _largest_group(self) -> list[pq.ColumnChunkMetaData]:
        """The row group that tells for all, by what the file says."""
        groups = map(self._metadata.row_group, range(self._metadata.num_row_groups))
        largest = max(groups, key=lambda group: group.num_rows, default=None)
        return [] if largest is None else [largest.column(n) for n in range(largest.num_columns)]

    def damaged(self, error: Exception) -> BadTableError:
        """What to tell of an error of Arrow."""
        return BadTableError(f"the Parquet file is damaged or of an unknown version: {error}")

    def too_large(self) -> BadTableError:
        """What to tell of a file that needs more memory than it may take."""
        return BadTableError(
            f"the Parquet file unpacks to more than {MAX_READING_BYTES >> 20} MiB at a time: its "
            "pages or dictionaries are too large, or larger than they say; write it in smaller "
            "row groups (pyarrow: row_group_size=100_000, or 10_000 with thousands of columns)"
        )


def _bytes_of_places(chunk: pq.ColumnChunkMetaData) -> float:
    """Bytes a value of all pages but the dictionary, if that packs as well as they do."""
    if not chunk.has_dictionary_page:
        return math.inf
    dictionary_bytes = chunk.data_page_offset - chunk.dictionary_page_offset
    share = 1 - dictionary_bytes / max(chunk.total_compressed_size, 1)
    return float(share * chunk.total_uncompressed_size / max(chunk.num_values, 1))
