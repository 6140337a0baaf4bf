"""Content-addressed blobs in a local folder: ``<root>/<first two of sha256>/<sha256>``.

A blob appears whole or not at all: it is written under a temporary name, flushed to disk and
renamed. What belongs to whom, and when a blob may go, is the database's affair.
"""

import errno
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from service.contract.errors import BrokenArtifactError, NotFoundError, StorageFullError

CHUNK_BYTES = 1 << 20
INCOMING = "incoming"
DOUBTS = "doubts"
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
        target = _path_of(self._root, self.sha256)
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


class ArtifactStore:
    """Blobs by sha256 in a folder that every process of the deployment shares."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._checked: dict[str, tuple[int, int, int]] = {}

    def writer(self, folder: Path | None = None) -> BlobWriter:
        """Start a blob, in a scratch folder if it shall go with that."""
        return BlobWriter(self._root, folder or self._root / INCOMING)

    def scratch(self, name: str) -> Path:
        """The folder of this name for unfinished files, made if need be."""
        folder = self._root / INCOMING / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def forget_scratch(self, name: str) -> None:
        """Remove the folder of this name and all that it holds; none is no error."""
        shutil.rmtree(self._root / INCOMING / name, ignore_errors=True)

    def note_doubt(self, sha256: str) -> Path:
        """Leave word that a blob is about to come or go; whoever is through takes it back."""
        folder = self._root / DOUBTS
        with naming_full_disks():
            folder.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(prefix=f"{sha256}.", dir=folder)
        os.close(descriptor)
        return Path(name)

    def doubts(self, older_than_seconds: float) -> list[tuple[str, Path]]:
        """Blobs of which word was left so long ago that its process has come to an end."""
        before = time.time() - older_than_seconds
        found = []
        for path in (self._root / DOUBTS).glob("*"):
            with suppress(FileNotFoundError):  # its owner was faster
                if path.stat().st_mtime <= before:
                    found.append((path.name.partition(".")[0], path))
        return found

    def sweep(self, older_than_seconds: float) -> None:
        """Remove unfinished files that a process left when it was killed."""
        before = time.time() - older_than_seconds
        for path in (self._root / INCOMING).glob("*"):
            try:
                if path.stat().st_mtime < before:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            except FileNotFoundError:
                continue  # its owner, or another sweeper, was faster

    def stored(self) -> Iterator[Blob]:
        """Every blob that there is."""
        for path in self._root.glob("[0-9a-f][0-9a-f]/*"):
            try:
                yield Blob(path.name, path.stat().st_size)
            except FileNotFoundError:
                continue  # it has just gone

    def has(self, sha256: str) -> bool:
        """Whether the blob is there."""
        return _path_of(self._root, sha256).is_file()

    def path(self, sha256: str) -> Path:
        """Where the blob lies.

        Raises:
            NotFoundError: there is no such blob.
        """
        path = _path_of(self._root, sha256)
        if not path.is_file():
            raise NotFoundError(f"no artifact {sha256}")
        return path

    def read(self, sha256: str) -> bytes:
        """The blob's bytes.

        Raises:
            NotFoundError: there is no such blob.
        """
        return self.path(sha256).read_bytes()

    def read_checked(self, sha256: str) -> bytes:
        """The blob's bytes, which are those that were stored.

        Raises:
            BrokenArtifactError: the blob is missing, or is not what it was.
        """
        content = self.path_of_stored(sha256).read_bytes()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise BrokenArtifactError(_altered(sha256))
        return content

    def check(self, sha256: str) -> Path:
        """Where the blob lies, which is what was stored; read once as long as the file stays.

        Raises:
            BrokenArtifactError: the blob is missing, or is not what it was.
        """
        path = self.path_of_stored(sha256)
        stat = path.stat()
        seen = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
        if self._checked.get(sha256) != seen:
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                    raise BrokenArtifactError(_altered(sha256))
            self._checked[sha256] = seen
        return path

    def path_of_stored(self, sha256: str) -> Path:
        """Where a blob lies that a row names.

        Raises:
            BrokenArtifactError: it is missing.
        """
        try:
            return self.path(sha256)
        except NotFoundError:
            raise BrokenArtifactError(
                f"the stored blob {sha256} is missing: put it back from a backup"
            ) from None

    def delete(self, sha256: str) -> None:
        """Remove the blob; none is no error."""
        _path_of(self._root, sha256).unlink(missing_ok=True)


def _altered(sha256: str) -> str:
    return f"the stored blob {sha256} is not what it was: put it back from a backup"


def _path_of(root: Path, sha256: str) -> Path:
    if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
        raise NotFoundError(f"{sha256!r} is not a sha256 in lower-case hex")
    return root / sha256[:2] / sha256
