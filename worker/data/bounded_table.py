"""An uploaded Parquet or `.h5ad` file as a table: another process reads it, a batch at a time.

What unpacks either is large, in C and C++, and a few KB of it can say any size. So the process has
bounds (`reading_program`), and whoever breaks it has broken that process alone.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from service.contract.errors import BadTableError, Offender
from worker.data.batch import Batch
from worker.data.raw import is_parquet

Part = Literal["obs", "var"]

_PROGRAM = "worker.data.reading_program"
_SIZE_BYTES = 8
# As much as Linux gives everybody: fewer turns of the two processes a batch.
_PIPE_BYTES = 2**20
# What Python needs to find itself; all else may be a secret.
_KEPT = ("LANG", "LC_", "LD_LIBRARY_PATH", "PATH", "PYTHON", "TMPDIR")
_ENVIRONMENT = {
    # No code that a file names is loaded: HDF5 finds filters by plugins otherwise.
    "HDF5_PLUGIN_PRELOAD": "::",
    # One thread, and memory that is counted as it is used.
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


class BoundedTable:
    """A Parquet file, or a part of an `.h5ad` file, its index first; see `sources.Table`."""

    def __init__(self, path: Path, part: Part | None) -> None:
        self.ragged: list[Offender] = []
        self.ragged_count = 0
        self._rows_read = 0
        self._kind = "Parquet" if is_parquet(path) else ".h5ad"
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-P", "-m", _PROGRAM, str(path), part or ""],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pipesize=_PIPE_BYTES,
            env=_without_secrets(os.environ) | _ENVIRONMENT,
            start_new_session=True,
        )
        try:
            head = _head(self._frame())
        except BaseException:
            self.close()
            raise
        self.columns: list[str] = head["columns"]
        self.declared_rows: int = head["row_count"]

    @property
    def fraction(self) -> float:
        """Share of the rows that has been read."""
        return self._rows_read / max(self.declared_rows, 1)

    def batches(self, wanted: Sequence[str]) -> Iterator[Batch]:
        """Stream the wanted columns.

        Raises:
            BadTableError: the file is damaged, or they are of a kind that is not read.
        """
        self._ask(json.dumps(list(wanted)))
        while not (frame := self._frame()).startswith(b"{"):
            batch = pa.ipc.open_stream(frame).read_next_batch()
            rows = np.arange(self._rows_read + 1, self._rows_read + 1 + batch.num_rows)
            self._rows_read += batch.num_rows
            yield Batch(rows, {name: batch.column(name) for name in wanted})
        _head(frame)

    def close(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()

    def _ask(self, question: str) -> None:
        if self._process.stdin is not None:
            self._process.stdin.write(question.encode() + b"\n")
            self._process.stdin.flush()

    def _frame(self) -> bytes:
        size = int.from_bytes(self._read(_SIZE_BYTES), "little")
        return self._read(size)

    def _read(self, size: int) -> bytes:
        found = b"" if self._process.stdout is None else self._process.stdout.read(size)
        if len(found) < size:
            raise _lost(self._process.wait(), self._kind)
        return found


def _head(frame: bytes) -> dict[str, Any]:
    """What the program tells of the file.

    Raises:
        BadTableError: that it is none which is read.
    """
    told: dict[str, Any] = json.loads(frame)
    if "error" in told:
        offenders = [Offender.model_validate(one) for one in told["error"]["errors"]]
        raise BadTableError(told["error"]["detail"], offenders)
    return told


def _lost(status: int, kind: str) -> Exception:
    """The error for a process that has ended before it had told all."""
    if status == -signal.SIGXCPU:
        return BadTableError(
            f"the {kind} file takes too long to read: write what the spec names alone, or part it"
        )
    if status < 0:
        return BadTableError(
            f"the {kind} file is damaged: the process that read it was lost over it "
            f"({signal.Signals(-status).name}); write it again"
        )
    return RuntimeError(f"{_PROGRAM} ended with {status}: its complaint is in the log")


def _without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(_KEPT)}
