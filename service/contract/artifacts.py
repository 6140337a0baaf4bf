"""Content-addressed blobs in a local folder: ``<root>/<first two of sha256>/<sha256>``.

A blob appears whole or not at all: it is written under a temporary name, flushed to disk and
renamed. What belongs to whom, and when a blob may go, is the database's affair.
"""

import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from service.contract.blobs import CHUNK_BYTES, Blob, BlobWriter, naming_full_disks, path_of
from service.contract.errors import BrokenArtifactError, NotFoundError

INCOMING = "incoming"
DOUBTS = "doubts"
_SCRATCH_NAME = re.compile(r"[\w-][\w.-]*")


@dataclass(frozen=True)
class Doubt:
    """Word that a blob is about to come or go."""

    sha256: str

    def take_back(self) -> None:
        """Say that it has come or gone; twice is once."""
        raise NotImplementedError


@dataclass(frozen=True)
class _LocalDoubt(Doubt):
    path: Path

    def take_back(self) -> None:
        self.path.unlink(missing_ok=True)


class ArtifactStore:
    """Blobs by sha256 in a folder that every process of the deployment shares.

    `tidy_seconds` is how often one may look for what is left over.
    """

    tidy_seconds: ClassVar[float] = 0.0

    def __init__(self, root: Path) -> None:
        self._root = root
        self._checked: dict[str, tuple[int, int, int]] = {}

    def writer(self, folder: Path | None = None) -> BlobWriter:
        """Start a blob, in a scratch folder if it shall go with that."""
        return BlobWriter(self._root, folder or self._root / INCOMING)

    def scratch(self, name: str) -> Path:
        """The folder of this name for unfinished files, made if need be.

        Raises:
            ValueError: the name is none of a folder, as that of a message from elsewhere may be.
        """
        folder = self._scratch(name)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def forget_scratch(self, name: str) -> None:
        """Remove the folder of this name and all that it holds; none is no error."""
        shutil.rmtree(self._scratch(name), ignore_errors=True)

    def _scratch(self, name: str) -> Path:
        if _SCRATCH_NAME.fullmatch(name) is None:
            raise ValueError(f"{name!r} is no name of a scratch folder")
        return self._root / INCOMING / name

    def hand_over(self, scratch: str, name: str, content: bytes) -> None:
        """Leave a file in a scratch folder for another process, wherever that runs."""
        (self.scratch(scratch) / name).write_bytes(content)

    def handed_over(self, scratch: str, name: str) -> Path:
        """A file that another process has left in a scratch folder.

        Raises:
            NotFoundError: there is none.
        """
        path = self.scratch(scratch) / name
        if not path.is_file():
            raise NotFoundError(f"no file {name} in {scratch}")
        return path

    def note_doubt(self, sha256: str) -> Doubt:
        """Leave word that a blob is about to come or go; whoever is through takes it back."""
        folder = self._root / DOUBTS
        with naming_full_disks():
            folder.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(prefix=f"{sha256}.", dir=folder)
        os.close(descriptor)
        return _LocalDoubt(sha256, Path(name))

    def doubts(self, older_than_seconds: float) -> list[Doubt]:
        """Blobs of which word was left so long ago that its process has come to an end."""
        before = time.time() - older_than_seconds
        found: list[Doubt] = []
        for path in (self._root / DOUBTS).glob("*"):
            with suppress(FileNotFoundError):  # its owner was faster
                if path.stat().st_mtime <= before:
                    found.append(_LocalDoubt(path.name.partition(".")[0], path))
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
        return path_of(self._root, sha256).is_file()

    def path(self, sha256: str) -> Path:
        """Where the blob lies.

        Raises:
            NotFoundError: there is no such blob.
        """
        path = path_of(self._root, sha256)
        if not path.is_file():
            raise NotFoundError(f"no artifact {sha256}")
        return path

    def read(self, sha256: str) -> bytes:
        """The blob's bytes.

        Raises:
            NotFoundError: there is no such blob.
        """
        return self.path(sha256).read_bytes()

    def chunks(self, sha256: str) -> Iterator[bytes]:
        """The blob's bytes as they come, not compared with its hash, and kept nowhere.

        Raises:
            NotFoundError: there is no such blob.
        """
        with self.path(sha256).open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk

    def is_whole(self, sha256: str) -> bool:
        """Whether the blob is there, and is what was stored; all of it is read."""
        digest = hashlib.sha256()
        try:
            for chunk in self.chunks(sha256):
                digest.update(chunk)
        except NotFoundError:
            return False
        return digest.hexdigest() == sha256

    def let_go(self, sha256: str) -> None:
        """Drop what this machine keeps of a blob that lies elsewhere, too."""

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
        path_of(self._root, sha256).unlink(missing_ok=True)


def _altered(sha256: str) -> str:
    return f"the stored blob {sha256} is not what it was: put it back from a backup"
