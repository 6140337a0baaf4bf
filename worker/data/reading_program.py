"""The program that reads a Parquet or `.h5ad` file: the columns that are asked for, on its output.

What unpacks them is large and in C and C++, and the file comes from anywhere. So it is read here:
with a bound on memory and on time, without a right to write a file, and in an environment without
secrets. A file that breaks the reader breaks this process, and is refused.
Its output is frames: a size (8 bytes, little-endian) and a head in JSON or a batch in Arrow IPC.
"""

import json
import os
import resource
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import pyarrow as pa

from service.contract.errors import BadTableError
from worker.data.raw import is_parquet

MAX_CPU_SECONDS = 1800
SIZE = struct.Struct("<Q")

_STATM = Path("/proc/self/statm")
# What the libraries raise where a file is damaged, or was made to look as if.
_BROKEN = (
    *(ArithmeticError, LookupError, OSError, RuntimeError, TypeError, ValueError),
    pa.ArrowException,
)


class Upload(Protocol):
    """A file of one kind; the process ends with it, so that nobody closes it.

    `most_bytes` of memory may be taken for it, beyond what the libraries take.
    """

    most_bytes: int

    def open(self) -> tuple[list[str], int]:
        """Names of its columns, and how many rows it says that it has."""

    def batches(self, wanted: list[str]) -> Iterator[pa.RecordBatch]:
        """The wanted columns, a bounded number of rows at a time."""

    def damaged(self, error: Exception) -> BadTableError:
        """What to tell of an error of the library."""

    def too_large(self) -> BadTableError:
        """What to tell of a file that needs more memory than that."""


def main() -> None:
    """Read the file and the part of it that the arguments name, the columns that input names."""
    path, part = sys.argv[1:]
    # What a library prints must not get between frames.
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as out:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        upload = _upload(Path(path), part)
        _bound(upload.most_bytes)
        for frame in _frames(upload, sys.stdin.buffer):
            out.write(SIZE.pack(len(frame)))
            out.write(frame)
            out.flush()


def _upload(path: Path, part: Any) -> Upload:  # noqa: ANN401
    """The file by its kind; the library of the other kind is not imported."""
    if is_parquet(path):
        from worker.data.parquet_upload import ParquetUpload

        return ParquetUpload(path)
    from worker.data.h5ad_upload import H5adUpload

    return H5adUpload(path, part)


def _frames(upload: Upload, questions: BinaryIO) -> Iterator[bytes | pa.Buffer]:
    try:
        yield from _answers(upload, questions)
    except BadTableError as error:
        yield _head(error=error.as_problem())
    except MemoryError:
        yield _head(error=upload.too_large().as_problem())
    except _BROKEN as error:
        is_memory = "memory" in str(error) or "allocat" in str(error)
        refused = upload.too_large() if is_memory else upload.damaged(error)
        yield _head(error=refused.as_problem())


def _answers(upload: Upload, questions: BinaryIO) -> Iterator[bytes | pa.Buffer]:
    columns, row_count = upload.open()
    yield _head(columns=columns, row_count=row_count)
    question = questions.readline()
    if not question:
        return
    for batch in upload.batches(json.loads(question)):
        yield _packed(batch)
    yield _head(done=True)


def _bound(most_bytes: int) -> None:
    """Bounds that nothing in this process can lift; on memory where the system tells of it."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    _lower(resource.RLIMIT_CPU, MAX_CPU_SECONDS)
    if _STATM.exists():
        mapped_bytes = int(_STATM.read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        _lower(resource.RLIMIT_AS, mapped_bytes + most_bytes)


def _lower(kind: int, limit: int) -> None:
    hard = resource.getrlimit(kind)[1]
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(kind, (limit, limit))


def _packed(batch: pa.RecordBatch) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue()


def _head(**told: object) -> bytes:
    return json.dumps(told).encode()


if __name__ == "__main__":
    main()
