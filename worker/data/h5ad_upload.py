"""An uploaded `.h5ad` file, as the process that reads it sees it."""

from collections.abc import Iterator
from pathlib import Path

import h5py
import pyarrow as pa

from service.contract.errors import BadTableError
from worker.data.bounded_table import Part
from worker.data.h5ad_frame import Frame, find_columns, open_frame
from worker.data.h5ad_reading import read_batches

# Chunks, texts and batches on their way.
MAX_READING_BYTES = 2**30
# One cache a column of a file.
_CACHE_BYTES = 2**16


class H5adUpload:
    """`obs` or `var` of a file; see `reading_program.Upload`."""

    most_bytes = MAX_READING_BYTES
    _frame: Frame

    def __init__(self, path: Path, part: Part) -> None:
        self._path = path
        self._part = part

    def open(self) -> tuple[list[str], int]:
        """Names of its columns, the index first, and how many rows they have.

        Raises:
            BadTableError: it has no such frame, or one that is not read here.
            OSError: it is no HDF5.
        """
        file = h5py.File(self._path, "r", locking=False, rdcc_nbytes=_CACHE_BYTES)
        self._frame = open_frame(file, self._part)
        return list(self._frame.members), self._frame.row_count

    def batches(self, wanted: list[str]) -> Iterator[pa.RecordBatch]:
        """The wanted columns, in order.

        Raises:
            BadTableError: they are of a kind that is not read, or hold what they should not.
        """
        yield from read_batches(find_columns(self._frame, wanted), self._frame.row_count)

    def damaged(self, error: Exception) -> BadTableError:
        """What to tell of an error of HDF5."""
        told = str(error).replace("\n", " ")[:300]
        return BadTableError(
            f"the .h5ad file (HDF5) is cut off or damaged ({told}): write it again"
        )

    def too_large(self) -> BadTableError:
        """What to tell of a file that needs more memory than it may take."""
        return BadTableError(
            f"the .h5ad file unpacks to more than {MAX_READING_BYTES >> 20} MiB at a time: it "
            "holds very long texts, or chunks that are larger than they say; write it again by "
            "anndata"
        )
