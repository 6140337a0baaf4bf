"""A bucket as the artifact store uses it: objects by key, and errors by our names.

Uploads in parts, each compared with its SHA-256 by the server. An object is there whole or not at
all: parts make one when their upload is completed, and one that never is, the bucket's own rule
for unfinished uploads takes away.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import ObjectStore

from service.contract.errors import StorageAwayError

if TYPE_CHECKING:
    from obstore import WritableFile

PART_BYTES = 16 * 2**20
_CHUNK_BYTES = 1 << 20
_PARTS_AT_ONCE = 4

R = TypeVar("R")


@contextmanager
def naming_failures() -> Iterator[None]:
    """Tell what a bucket answers by our own errors.

    Raises:
        StorageAwayError: it cannot be reached, or does not let us.
    """
    try:
        yield
    except FileNotFoundError as error:  # so obstore says that there is no object
        if "NoSuchBucket" in str(error):
            raise _named(error) from error
        raise
    except BaseError as error:
        raise _named(error) from error


def _named(error: Exception) -> Exception:
    if "NoSuchBucket" in str(error):
        return StorageAwayError("there is no such bucket: look at CELLGEBRA_ARTIFACT_URL")
    refused = isinstance(error, (PermissionDeniedError, UnauthenticatedError))
    if refused or "privileges" in str(error):  # so a writer says it
        return StorageAwayError(
            "the bucket of CELLGEBRA_ARTIFACT_URL does not let this service in: look at its "
            "credentials and at what they allow"
        )
    return StorageAwayError("the bucket of the service does not answer; try again")


@dataclass(frozen=True)
class Bucket:
    """Objects by key, under a prefix that the store itself adds."""

    objects: ObjectStore

    def call(self, function: Callable[..., R], *arguments: Any, **options: Any) -> R:  # noqa: ANN401
        """Call a function of obstore."""
        with naming_failures():
            return function(self.objects, *arguments, **options)

    def send(self, key: str, path: Path) -> None:
        """Send a file; in parts if it is larger than one.

        Raises:
            StorageAwayError: it could not be sent, or has not come whole.
        """
        size_bytes = path.stat().st_size
        self.call(obstore.put, key, path, chunk_size=PART_BYTES, max_concurrency=_PARTS_AT_ONCE)
        if self.size_bytes(key) != size_bytes:
            self.remove(key)
            raise StorageAwayError(f"{key} has not come whole to the bucket; try again")

    def begin(self, key: str, path: Path) -> "HeldUpload":
        """Send a file; it becomes an object when the upload is completed.

        The last parts, as many as go at once, may still be on their way when this returns.

        Raises:
            StorageAwayError: they could not be sent.
        """
        writer = self.call(
            obstore.open_writer, key, buffer_size=PART_BYTES, max_concurrency=_PARTS_AT_ONCE
        )
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                with _naming_writer():
                    writer.write(chunk)
        return HeldUpload(self, key, path.stat().st_size, writer)

    def size_bytes(self, key: str) -> int | None:
        """The size of an object; None where there is none."""
        try:
            return int(self.call(obstore.head, key)["size"])
        except FileNotFoundError:
            return None

    def remove(self, key: str) -> None:
        """Delete an object; none is no error."""
        with suppress(FileNotFoundError):
            self.call(obstore.delete, key)

    def listed(self, prefix: str | None = None) -> Iterator[Any]:
        """What is known of every object below a prefix."""
        with naming_failures():
            for page in obstore.list(self.objects, prefix=prefix):
                yield from page


@dataclass(frozen=True)
class HeldUpload:
    """A file whose parts are there, or on their way, and which is no object yet."""

    bucket: Bucket
    key: str
    size_bytes: int
    writer: "WritableFile"

    def complete(self) -> None:
        """Have it appear.

        Raises:
            StorageAwayError: it did not, or has not come whole.
        """
        with _naming_writer():
            self.writer.close()
        if self.bucket.size_bytes(self.key) != self.size_bytes:
            self.bucket.remove(self.key)
            raise StorageAwayError(f"{self.key} has not come whole to the bucket; try again")


@contextmanager
def _naming_writer() -> Iterator[None]:
    """As `naming_failures`; a writer tells of the bucket as if it were a disk."""
    try:
        yield
    except OSError as error:
        raise _named(error) from error
