"""Content-addressed blobs in an S3 bucket: ``<prefix>/<first two of sha256>/<sha256>``.

The laws are those of the local store. A blob is written to a local file, sent under a name of its
own (in parts, if it is large), and copied to its place within the transaction that names it; of
one that is too large to be copied, the parts wait at its place. An object is whole or not at all.
What is read comes into a local folder first, where it is kept as long as there is room: its hash
is compared as it comes. No two machines share a folder.
"""

import hashlib
import itertools
import os
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import obstore
from obstore.store import ObjectStore

from service.contract.artifacts import DOUBTS, INCOMING, ArtifactStore, Doubt
from service.contract.blobs import Blob, BlobWriter, SealedBlob, naming_full_disks, require_sha256
from service.contract.bucket import Bucket, HeldUpload, naming_failures
from service.contract.errors import BrokenArtifactError, NotFoundError, StorageAwayError

# S3 copies no more at once; the parts of a larger blob are sent to its place, and held back there.
MOST_COPIED_BYTES = 5 * 2**30 - 1
DOWNLOADS = 3
IN_USE_SECONDS = 3600.0  # a file that was asked for lately is not taken away to make room


@dataclass(frozen=True)
class _RemoteDoubt(Doubt):
    bucket: Bucket
    key: str

    def take_back(self) -> None:
        self.bucket.remove(self.key)


@dataclass(frozen=True)
class _SentBlob(SealedBlob):
    """A blob that lies in the bucket under a name of its own, and in a local file."""

    bucket: Bucket
    sent: str

    def reveal(self) -> None:
        """Have it lie where it is found, too; the same content twice is one object."""
        key = _key_of(self.sha256)
        if self.bucket.size_bytes(key) != self.size_bytes:
            self.bucket.call(obstore.copy, self.sent, key)
        self.forget()
        super().reveal()

    def forget(self) -> None:
        """Remove what lies under the name of its own."""
        self.bucket.remove(self.sent)


@dataclass(frozen=True)
class _HeldBlob(SealedBlob):
    """A blob whose parts wait at its place, and that lies in a local file."""

    upload: HeldUpload

    def reveal(self) -> None:
        """Have it lie where it is found; the same content twice is one object."""
        if self.upload.bucket.size_bytes(self.upload.key) != self.size_bytes:
            self.upload.complete()
        super().reveal()

    def forget(self) -> None:
        """Leave the parts, which are no object, to the bucket's rule for unfinished uploads."""


class _SendingWriter(BlobWriter):
    """Takes bytes into a local file; `seal` sends that."""

    def __init__(self, root: Path, folder: Path, bucket: Bucket) -> None:
        super().__init__(root, folder)
        self._bucket = bucket
        self._sealed: _SentBlob | _HeldBlob | None = None
        self._scratch = "" if folder == root / INCOMING else f"{folder.name}/"

    def seal(self) -> SealedBlob:
        """Take no more, and send what was written: before a transaction, which others wait for.

        Raises:
            StorageFullError: there is no room for the local file.
            StorageAwayError: it could not be sent.
        """
        if self._sealed is None:
            self._sealed = self._send(super().seal())
        return self._sealed

    def _send(self, local: SealedBlob) -> _SentBlob | _HeldBlob:
        whole = (local.sha256, local.size_bytes, local.path, local.target)
        if local.size_bytes > MOST_COPIED_BYTES:
            return _HeldBlob(*whole, self._bucket.begin(_key_of(local.sha256), local.path))
        key = f"{INCOMING}/{self._scratch}{uuid.uuid4().hex}"
        self._bucket.send(key, local.path)
        return _SentBlob(*whole, self._bucket, key)

    def discard(self) -> None:
        """Forget what was written and sent; what is revealed stays."""
        super().discard()
        if self._sealed is not None:
            with suppress(StorageAwayError):  # the scheduler sweeps it up
                self._sealed.forget()


class ObjectArtifactStore(ArtifactStore):
    """Blobs by sha256 in a bucket; `root` is the local folder, of this machine alone.

    Args:
        root: the folder.
        objects: the bucket, with the prefix.
        keep_bytes: how much is kept in the folder of what was read.
    """

    tidy_seconds: ClassVar[float] = 60.0  # a bucket counts what it is asked

    def __init__(self, root: Path, objects: ObjectStore, keep_bytes: int) -> None:
        super().__init__(root)
        self._bucket = Bucket(objects)
        self._keep_bytes = keep_bytes

    def writer(self, folder: Path | None = None) -> BlobWriter:
        """Start a blob, in a scratch folder if it shall go with that."""
        return _SendingWriter(self._root, folder or self._root / INCOMING, self._bucket)

    def forget_scratch(self, name: str) -> None:
        """Remove the folder of this name, here and in the bucket; none is no error.

        A bucket that is away is none either: the scheduler sweeps it later, and a job ends as it
        has ended.
        """
        super().forget_scratch(name)
        with suppress(StorageAwayError):
            for found in list(self._bucket.listed(f"{INCOMING}/{name}/")):
                self._bucket.remove(found["path"])

    def hand_over(self, scratch: str, name: str, content: bytes) -> None:
        """Leave a file in a scratch folder for another process, wherever that runs."""
        key = f"{INCOMING}/{self._scratch(scratch).name}/{name}"
        self._bucket.call(obstore.put, key, content)

    def handed_over(self, scratch: str, name: str) -> Path:
        """A file that another process has left in a scratch folder.

        Raises:
            NotFoundError: there is none.
        """
        path = self.scratch(scratch) / name
        try:
            answer = self._bucket.call(obstore.get, f"{INCOMING}/{scratch}/{name}")
        except FileNotFoundError:
            raise NotFoundError(f"no file {name} in {scratch}") from None
        with naming_failures():
            path.write_bytes(bytes(answer.bytes()))
        return path

    def note_doubt(self, sha256: str) -> Doubt:
        """Leave word that a blob is about to come or go; whoever is through takes it back."""
        key = f"{DOUBTS}/{sha256}.{uuid.uuid4().hex}"
        self._bucket.call(obstore.put, key, b"")
        return _RemoteDoubt(sha256, self._bucket, key)

    def doubts(self, older_than_seconds: float) -> list[Doubt]:
        """Blobs of which word was left so long ago that its process has come to an end."""
        before = datetime.now(UTC) - timedelta(seconds=older_than_seconds)
        return [
            _RemoteDoubt(_name_of(found["path"]).partition(".")[0], self._bucket, found["path"])
            for found in self._bucket.listed(f"{DOUBTS}/")
            if found["last_modified"] <= before
        ]

    def sweep(self, older_than_seconds: float) -> None:
        """Remove what a process left unfinished when it was killed, here and in the bucket."""
        super().sweep(older_than_seconds)
        before = datetime.now(UTC) - timedelta(seconds=older_than_seconds)
        for found in list(self._bucket.listed(f"{INCOMING}/")):
            if found["last_modified"] < before:
                self._bucket.remove(found["path"])

    def stored(self) -> Iterator[Blob]:
        """Every blob that there is."""
        for found in self._bucket.listed():
            sha256 = _name_of(found["path"])
            if found["path"] == f"{sha256[:2]}/{sha256}":
                yield Blob(sha256, found["size"])

    def has(self, sha256: str) -> bool:
        """Whether the blob is in the bucket."""
        return self._bucket.size_bytes(_key_of(sha256)) is not None

    def path(self, sha256: str) -> Path:
        """Where the blob lies in the folder, to which it comes from the bucket if need be.

        Raises:
            NotFoundError: there is no such blob.
            BrokenArtifactError: what has come is not what was stored.
            StorageAwayError: the bucket does not answer.
            StorageFullError: there is no room in the folder.
        """
        key = _key_of(sha256)
        path = self._root / key
        with suppress(FileNotFoundError):
            # Asked for just now; when it came is how `check` knows that it is the same file.
            os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))
            return path
        self._make_room()
        for left in reversed(range(DOWNLOADS)):
            try:
                self._fetch(sha256, path)
                break
            except (BrokenArtifactError, StorageAwayError):
                if not left:
                    raise
        return path

    def chunks(self, sha256: str) -> Iterator[bytes]:
        """The blob's bytes as they come from the bucket, not compared, and kept nowhere.

        Raises:
            NotFoundError: there is no such blob.
            StorageAwayError: the bucket does not answer, or no more.
        """
        try:
            answer = self._bucket.call(obstore.get, _key_of(sha256))
        except FileNotFoundError:
            raise NotFoundError(f"no artifact {sha256}") from None
        with naming_failures():
            for part in answer:
                yield bytes(part)

    def let_go(self, sha256: str) -> None:
        """Drop what this machine keeps of a blob of the bucket."""
        (self._root / _key_of(sha256)).unlink(missing_ok=True)

    def delete(self, sha256: str) -> None:
        """Remove the blob, here and in the bucket; none is no error."""
        self._bucket.remove(_key_of(sha256))
        super().delete(sha256)

    def _fetch(self, sha256: str, path: Path) -> None:
        """Bring a blob, whole and compared, or nothing."""
        digest = hashlib.sha256()
        parts = self.chunks(sha256)
        first = next(parts, b"")  # none is there where there is no such blob
        with naming_full_disks():
            (self._root / INCOMING).mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=self._root / INCOMING)
        try:
            with naming_full_disks(), os.fdopen(descriptor, "wb") as file:
                for part in itertools.chain([first], parts):
                    digest.update(part)
                    file.write(part)
            if digest.hexdigest() != sha256:
                raise BrokenArtifactError(
                    f"the stored blob {sha256} is not what it was: put it back from a backup"
                )
            path.parent.mkdir(parents=True, exist_ok=True)
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)

    def _make_room(self) -> None:
        """Let go of what was asked for longest ago, if more is kept than may be."""
        found = []
        for path in self._root.glob("[0-9a-f][0-9a-f]/*"):
            with suppress(FileNotFoundError):
                found.append((path.stat().st_atime, path.stat().st_size, path))
        size_bytes = sum(size for _, size, _ in found)
        for asked_time, size, path in sorted(found):
            if size_bytes <= self._keep_bytes or asked_time > time.time() - IN_USE_SECONDS:
                return
            path.unlink(missing_ok=True)
            size_bytes -= size


def _key_of(sha256: str) -> str:
    require_sha256(sha256)
    return f"{sha256[:2]}/{sha256}"


def _name_of(key: str) -> str:
    return key.rpartition("/")[2]
