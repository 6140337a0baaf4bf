"""Blobs, and how one is written: under a name of nobody's, flushed to disk, then renamed.

A blob appears whole or not at all.
"""

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from service.contract.errors import NotFoundError, StorageFullError

CHUNK_BYTES = 1 << 20
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def naming_full_disks() -> Iterator[None]:
    """Tell a full disk, and a file as large as may be, by their name.

    Raises:
        StorageFullError: the block met one.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise StorageFullError(
            "the disk of the service is full; make room there, then try again"
        ) from error


@dataclass(frozen=True)
class Blob:
    """A stored blob."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class SealedBlob(Blob):
    """A blob that is whole and on disk at `path`, and not yet visible."""

    path: Path
    target: Path

    def reveal(self) -> None:
        """Move it to where it is found; the same content twice is one blob."""
        self.target.parent.mkdir(parents=True, exist_ok=True)
        self.path.replace(self.target)


class BlobWriter:
    """Takes bytes; `seal` ends them. Leaving discards what was not revealed."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._root = root
        with naming_full_disks():
            folder.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=folder)
        self._file = os.fdopen(descriptor, "wb")
        self.path = Path(name)
        self._hash = hashlib.sha256()
        self.size_bytes = 0

    def write(self, data: bytes) -> None:
        """Append.

        Raises:
            StorageFullError: there is no room.
        """
        with naming_full_disks():
            self._file.write(data)
        self._hash.update(data)
        self.size_bytes += len(data)

    def copy(self, path: Path) -> None:
        """Append a file's content."""
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                self.write(chunk)

    @property
    def sha256(self) -> str:
        """Hash of what was written so far."""
        return self._hash.hexdigest()

    def seal(self) -> SealedBlob:
        """Take no more, and wait for the disk: before a transaction, which others wait for.

        Raises:
            StorageFullError: there is no room.
        """
        if not self._file.closed:
            with naming_full_disks():
                self._file.flush()
                os.fsync(self._file.fileno())
                self._file.close()
        target = path_of(self._root, self.sha256)
        return SealedBlob(self.sha256, self.size_bytes, self.path, target)

    def discard(self) -> None:
        """Forget what was written; what is revealed stays."""
        with suppress(OSError):  # it writes what it still holds, on a disk that may be full
            self._file.close()
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.discard()


def require_sha256(sha256: str) -> None:
    """Check that a name is one of a blob, and so no path to anywhere else.

    Raises:
        NotFoundError: it is not.
    """
    if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
        raise NotFoundError(f"{sha256!r} is not a sha256 in lower-case hex")


def path_of(root: Path, sha256: str) -> Path:
    """Where a blob lies below the folder of a store."""
    require_sha256(sha256)
    return root / sha256[:2] / sha256
