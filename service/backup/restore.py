"""Bring a deployment back from a backup, into a database and a folder that hold nothing yet."""

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, select

from service.backup.errors import BackupError
from service.backup.manifest import TABLES, BackupManifest, blob_path, sha256_of
from service.backup.progress import Progress, Tell
from service.backup.rows import read_rows, tables_of
from service.contract.artifacts import ArtifactStore
from service.contract.database import Database
from service.contract.repositories.takeover import take_over
from service.contract.settings import Settings
from service.contract.stores import artifact_store
from service.migrations.migrate import known_revisions, migrate
from service.supervisor.lock import hold_data_dir


def restore(settings: Settings, folder: Path, tell: Tell) -> BackupManifest:
    """Check every hash, copy the blobs, insert all rows at once, and upgrade the schema.

    Jobs that were at work are queued again. Another kind of database than the one that was backed
    up is no matter, nor another place for blobs. What is interrupted can be run again: a blob that
    is there already is compared, and replaced where it is not what was stored.

    Raises:
        BackupError: the backup is not whole or is of a newer version, or the database holds rows.
        DataDirInUseError: a service runs on the data folder.
        StorageAwayError: the blobs go into a bucket, which does not answer.
        OSError: something cannot be read or written.
    """
    manifest = BackupManifest.read(folder)
    if manifest.schema_revision not in known_revisions():
        raise BackupError(
            f"{folder} has schema {manifest.schema_revision}, which this version does not know: "
            f"restore it with cellgebra {manifest.version} or newer"
        )
    _check(folder, manifest, tell)
    with hold_data_dir(settings.data_dir):
        url = settings.resolved_database_url
        migrate(url, manifest.schema_revision)
        database = Database(url, pool_size=1)
        try:
            _require_empty(database)
            _copy_blobs(artifact_store(settings), folder, manifest, tell)
            with database.write() as session:
                _insert(session.connection(), folder)
            migrate(url)
            with database.write() as session:
                take_over(session)
        finally:
            database.close()
    return manifest


def _check(folder: Path, manifest: BackupManifest, tell: Tell) -> None:
    """Compare every file with its hash.

    Raises:
        BackupError: files are missing, or are not what they were; all are named.
    """
    wanted = {
        folder / TABLES / f"{name}.jsonl": table.sha256 for name, table in manifest.tables.items()
    }
    wanted |= {blob_path(folder, sha256): sha256 for sha256 in manifest.blobs}
    progress = Progress("checked", len(wanted), sum(manifest.blobs.values()), tell)
    wrong = []
    for path, sha256 in wanted.items():
        if not path.is_file() or sha256_of(path) != sha256:
            wrong.append(str(path.relative_to(folder)))
        progress.add(manifest.blobs.get(sha256, 0))
    if wrong:
        raise BackupError(
            f"{len(wrong)} files of {folder} are missing, or are not what they were: "
            f"{', '.join(wrong[:10])}{' ...' if len(wrong) > 10 else ''}. Nothing was restored; "
            "take another copy of the backup"
        )


def _require_empty(database: Database) -> None:
    with database.read() as session:
        held = [*_tables_with_rows(session.connection())]
    if held:
        raise BackupError(
            f"the database holds rows ({', '.join(held)}): restore into an empty one, with another "
            "--data-dir or --database-url. Nothing was changed"
        )


def _tables_with_rows(connection: Connection) -> Iterator[str]:
    for table in tables_of(connection):
        if connection.execute(select(table).limit(1)).first() is not None:
            yield table.name


def _copy_blobs(store: ArtifactStore, folder: Path, manifest: BackupManifest, tell: Tell) -> None:
    progress = Progress("copied", len(manifest.blobs), sum(manifest.blobs.values()), tell)
    for sha256, size_bytes in manifest.blobs.items():
        if not store.is_whole(sha256):
            store.delete(sha256)
            with store.writer() as writer:
                writer.copy(blob_path(folder, sha256))
                writer.seal().reveal()
            store.let_go(sha256)  # of many blobs in a bucket this machine need not keep any
        progress.add(size_bytes)


def _insert(connection: Connection, folder: Path) -> None:
    for table in tables_of(connection):
        path = folder / TABLES / f"{table.name}.jsonl"
        if path.exists():
            read_rows(connection, table, path)
