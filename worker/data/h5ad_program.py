"""The program that reads an `.h5ad` file: the columns that are asked for, on its standard output.

What unpacks HDF5 is large and in C, and the file comes from anywhere. So it is read here: with a
bound on memory and on time, without a right to write a file, and in an environment without
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
from typing import Any, BinaryIO

import h5py
import pyarrow as pa

from service.contract.errors import BadTableError
from worker.data.h5ad_frame import find_columns, open_frame
from worker.data.h5ad_reading import read_batches

# Beyond what the libraries take: chunks, texts and batches on their way.
MAX_READING_BYTES = 2**30
MAX_CPU_SECONDS = 1800
SIZE = struct.Struct("<Q")

# One cache a column of a file.
_CACHE_BYTES = 2**16
_STATM = Path("/proc/self/statm")
# What h5py raises where a file is damaged, or was made to look as if.
_BROKEN = (ArithmeticError, LookupError, OSError, RuntimeError, TypeError, ValueError)


def main() -> None:
    """Read the file and the part of it that the arguments name, the columns that input names."""
    path, part = sys.argv[1:]
    # What a library prints must not get between frames.
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as out:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        _bound()
        for frame in _frames(path, part, sys.stdin.buffer):
            out.write(SIZE.pack(len(frame)) + frame)
            out.flush()


def _frames(path: str, part: Any, questions: BinaryIO) -> Iterator[bytes]:  # noqa: ANN401
    try:
        yield from _answers(path, part, questions)
    except BadTableError as error:
        yield _head(error=error.as_problem())
    except MemoryError:
        yield _head(error=_too_large().as_problem())
    except _BROKEN as error:
        is_memory = "memory" in str(error) or "allocat" in str(error)
        refused = _too_large() if is_memory else _broken(error)
        yield _head(error=refused.as_problem())


def _answers(path: str, part: Any, questions: BinaryIO) -> Iterator[bytes]:  # noqa: ANN401
    with h5py.File(path, "r", locking=False, rdcc_nbytes=_CACHE_BYTES) as file:
        frame = open_frame(file, part)
        yield _head(columns=list(frame.members), row_count=frame.row_count)
        question = questions.readline()
        if not question:
            return
        columns = find_columns(frame, json.loads(question))
        for batch in read_batches(columns, frame.row_count):
            yield _packed(batch)
        yield _head(done=True)


def _bound() -> None:
    """Bounds that nothing in this process can lift; on memory where the system tells of it."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    _lower(resource.RLIMIT_CPU, MAX_CPU_SECONDS)
    if _STATM.exists():
        mapped_bytes = int(_STATM.read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        _lower(resource.RLIMIT_AS, mapped_bytes + MAX_READING_BYTES)


def _lower(kind: int, limit: int) -> None:
    hard = resource.getrlimit(kind)[1]
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(kind, (limit, limit))


def _packed(batch: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    packed: bytes = sink.getvalue().to_pybytes()
    return packed


def _head(**told: object) -> bytes:
    return json.dumps(told).encode()


def _too_large() -> BadTableError:
    return BadTableError(
        f"the .h5ad file unpacks to more than {MAX_READING_BYTES // 2**20} MiB at a time: it holds "
        "very long texts, or chunks that are larger than they say; write it again by anndata"
    )


def _broken(error: Exception) -> BadTableError:
    told = str(error).replace("\n", " ")[:300]
    return BadTableError(f"the .h5ad file (HDF5) is cut off or damaged ({told}): write it again")


if __name__ == "__main__":
    main()
