"""What stands in a backup's `backup.json`, which is written last: without it there is no backup."""

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from service.backup.errors import BackupError

FILE = "backup.json"
FORMAT_VERSION = 1
TABLES, BLOBS = "tables", "artifacts"


class TableFile(BaseModel):
    """A table as JSON lines in `tables/NAME.jsonl`; the hash is that of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    row_count: int
    sha256: str


class BackupManifest(BaseModel):
    """What a backup holds.

    `missing_blobs` are named by rows but were lost, or not what they were, when it was made.
    """

    model_config = ConfigDict(frozen=True)

    format_version: int = FORMAT_VERSION
    create_time: datetime
    version: str
    schema_revision: str
    tables: dict[str, TableFile]
    blobs: dict[str, int]
    missing_blobs: list[str] = []

    @classmethod
    def read(cls, folder: Path) -> Self:
        """That of a backup.

        Raises:
            BackupError: the folder holds none, or one of a newer version.
        """
        path = folder / FILE
        try:
            found = cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise BackupError(
                f"{folder} is no backup: {path} cannot be read ({error.strerror})"
            ) from None
        except ValidationError as error:
            raise BackupError(f"{path} is not what a backup has: {error}") from None
        if found.format_version > FORMAT_VERSION:
            raise BackupError(
                f"{folder} was made by cellgebra {found.version}, in format "
                f"{found.format_version}: restore it with that version"
            )
        return found

    def write(self, folder: Path) -> None:
        """Write it."""
        (folder / FILE).write_text(self.model_dump_json(indent=1) + "\n")


def sha256_of(path: Path) -> str:
    """Hash of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def blob_path(folder: Path, sha256: str) -> Path:
    """Where a blob lies in a backup: as in the data folder."""
    return folder / BLOBS / sha256[:2] / sha256
