"""Back a deployment up while it runs.

The rows are those of one moment. A blob that goes while blobs are copied (an older checkpoint, a
data set that is deleted) is named by rows of that moment: then the rows are read once more, until
every blob that they name is there, or is found to have been lost before.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Table, select
from sqlalchemy.engine import make_url

from service.backup.errors import BackupError
from service.backup.manifest import BLOBS, TABLES, BackupManifest, blob_path
from service.backup.progress import Progress, Tell
from service.backup.rows import tables_of, write_rows
from service.contract.artifacts import ArtifactStore
from service.contract.database import create_engine_for, utc_now
from service.contract.errors import NotFoundError, StorageAwayError
from service.contract.records import ArtifactRecord
from service.contract.schema import REVISION, problem_with
from service.contract.settings import Settings
from service.contract.stores import artifact_store

_TRIES = 3  # of a blob that comes from elsewhere


def back_up(settings: Settings, folder: Path, tell: Tell) -> BackupManifest:
    """Write database and artifacts into a new folder, each blob checked by its hash.

    The folder appears when all of it is there.

    Raises:
        BackupError: the folder exists, or the database is of another version.
        StorageAwayError: the blobs are in a bucket, which does not answer.
        OSError: it cannot be written.
    """
    if folder.exists():
        raise BackupError(f"{folder} exists: name a folder that does not")
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    (partial / TABLES).mkdir(mode=0o700, parents=True)
    try:
        manifest = _fill(settings, partial, tell)
        manifest.write(partial)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return manifest


def _fill(settings: Settings, folder: Path, tell: Tell) -> BackupManifest:
    store = artifact_store(settings)
    missing: set[str] | None = None
    while True:
        manifest = _write_tables(settings, folder, tell)
        found = _copy_blobs(store, folder, manifest.blobs, tell)
        if not found or (missing is not None and found <= missing):
            break
        missing = found
        tell(f"{len(found)} blobs went in the meantime: reading the database once more")
    _forget_others(folder, manifest)
    kept = {sha256: size for sha256, size in manifest.blobs.items() if sha256 not in found}
    return manifest.model_copy(update={"blobs": kept, "missing_blobs": sorted(found)})


def _write_tables(settings: Settings, folder: Path, tell: Tell) -> BackupManifest:
    with _snapshot(settings.resolved_database_url) as connection:
        revision = MigrationContext.configure(connection).get_current_revision()
        if revision != REVISION:
            raise BackupError(problem_with(revision))
        tables = {
            table.name: write_rows(connection, table, _rows_path(folder, table))
            for table in tables_of(connection)
        }
        named = connection.execute(select(ArtifactRecord.sha256, ArtifactRecord.size_bytes))
        blobs = {row.sha256: row.size_bytes for row in named}
    tell(f"{sum(table.row_count for table in tables.values()):,} rows of {len(tables)} tables")
    return BackupManifest(
        create_time=utc_now(),
        version=version("cellgebra"),
        schema_revision=revision,
        tables=tables,
        blobs=blobs,
    )


@contextmanager
def _snapshot(url: str) -> Iterator[Connection]:
    """A connection to which the database stands still.

    Raises:
        BackupError: there is no such file of SQLite, which would be made empty.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(str(parsed.database)).is_file():
        raise BackupError(f"there is no database {parsed.database}: name its --data-dir")
    engine = create_engine_for(url, pool_size=1)
    try:
        if engine.dialect.name == "postgresql":
            engine = engine.execution_options(isolation_level="REPEATABLE READ")
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _copy_blobs(store: ArtifactStore, folder: Path, blobs: dict[str, int], tell: Tell) -> set[str]:
    """Copy what is not there yet; returns what could not be had."""
    todo = {
        sha256: size for sha256, size in blobs.items() if not blob_path(folder, sha256).exists()
    }
    progress = Progress("copied", len(todo), sum(todo.values()), tell)
    missing = set()
    target = ArtifactStore(folder / BLOBS)
    for sha256, size_bytes in todo.items():
        if not _copy_blob(store, target, sha256):
            missing.add(sha256)
        progress.add(size_bytes)
    return missing


def _copy_blob(store: ArtifactStore, target: ArtifactStore, sha256: str) -> bool:
    """Copy a blob as it comes, and tell whether it is there and is what was stored.

    Raises:
        StorageAwayError: the bucket does not answer, time after time.
    """
    for left in reversed(range(_TRIES)):
        try:
            with target.writer() as writer:
                for chunk in store.chunks(sha256):
                    writer.write(chunk)
                if writer.sha256 == sha256:
                    writer.seal().reveal()
                    return True
        except (NotFoundError, FileNotFoundError):
            return False
        except StorageAwayError:
            if not left:
                raise
    return False


def _forget_others(folder: Path, manifest: BackupManifest) -> None:
    """Remove blobs that only an earlier reading of the rows had named."""
    for path in (folder / BLOBS).glob("*/*"):
        if path.name not in manifest.blobs:
            path.unlink()
    shutil.rmtree(folder / BLOBS / "incoming", ignore_errors=True)


def _rows_path(folder: Path, table: Table) -> Path:
    return folder / TABLES / f"{table.name}.jsonl"
