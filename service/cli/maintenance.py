"""Commands of who runs a deployment: schema, backup, restore, blobs that nothing needs."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar

import typer

if TYPE_CHECKING:
    from service.contract.settings import Settings

T = TypeVar("T")

db = typer.Typer(
    help="The database and what belongs to it: upgrade, back up, restore.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_DataDir = Annotated[
    Path | None, typer.Option(help="Folder of all data. [default: ./cellgebra-data]")
]
_DatabaseUrl = Annotated[
    str | None, typer.Option(help="SQLAlchemy URL. [default: SQLite in the data folder]")
]


@db.command()
def upgrade(*, data_dir: _DataDir = None, database_url: _DatabaseUrl = None) -> None:
    """Bring the database to the newest schema."""
    from service.migrations.migrate import migrate

    settings = _settings(data_dir, database_url)
    typer.echo(f"schema {_run(lambda: migrate(settings.resolved_database_url))}")


@db.command()
def backup(
    folder: Annotated[Path, typer.Argument(help="A folder that does not exist yet.")],
    *,
    data_dir: _DataDir = None,
    database_url: _DatabaseUrl = None,
) -> None:
    """Copy database and blobs into one folder, each file with its hash; the service may run.

    Exit status 1 if blobs were lost or altered before: they are named, the rest is backed up.
    """
    from service.backup.backup import back_up

    settings = _settings(data_dir, database_url)
    made = _run(lambda: back_up(settings, folder, _tell))
    rows = sum(table.row_count for table in made.tables.values())
    size = sum(made.blobs.values()) / 1e6
    typer.echo(f"{folder}: {rows:,} rows, {len(made.blobs):,} blobs, {size:,.1f} MB")
    if made.missing_blobs:
        _fail(
            f"{len(made.missing_blobs)} blobs that rows name are missing or altered, and are not "
            f"in the backup: {', '.join(made.missing_blobs)}"
        )


@db.command()
def restore(
    folder: Annotated[Path, typer.Argument(help="A folder that `backup` has made.")],
    *,
    data_dir: _DataDir = None,
    database_url: _DatabaseUrl = None,
) -> None:
    """Bring a backup back into an empty database and data folder, after checking every hash.

    It may be another kind of database than the one that was backed up.
    """
    from service.backup.restore import restore as restore_backup

    settings = _settings(data_dir, database_url)
    made = _run(lambda: restore_backup(settings, folder, _tell))
    rows = sum(table.row_count for table in made.tables.values())
    typer.echo(f"restored {rows:,} rows and {len(made.blobs):,} blobs of {made.create_time}")
    if made.missing_blobs:
        typer.echo(f"lost before the backup: {', '.join(made.missing_blobs)}", err=True)


def gc(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    data_dir: _DataDir = None,
    database_url: _DatabaseUrl = None,
) -> None:
    """Remove blobs that nothing needs, as a killed process leaves them; the service may run."""
    from service.contract.artifacts import ArtifactStore
    from service.contract.database import Database
    from service.contract.repositories.garbage import collect, find_garbage
    from service.contract.schema import require_schema

    settings = _settings(data_dir, database_url)
    store = ArtifactStore(settings.artifact_dir)
    database = Database(settings.resolved_database_url, pool_size=1)
    _run(lambda: require_schema(database))
    found = _run(lambda: find_garbage(database, store))
    for blob in found.unheld:
        typer.echo(f"no row holds     {blob.sha256}  {blob.size_bytes:,} bytes")
    for _, blob in found.unnamed:
        typer.echo(f"nothing names    {blob.sha256}  {blob.size_bytes:,} bytes")
    for sha256 in found.missing:
        typer.echo(f"file is missing  {sha256}  put it back from a backup", err=True)
    if not dry_run:
        _run(lambda: collect(database, store, found))
    count = len(found.unheld) + len(found.unnamed)
    done = "would go" if dry_run else "removed"
    typer.echo(f"{count:,} blobs, {found.size_bytes / 1e6:,.1f} MB {done}")


def _settings(data_dir: Path | None, database_url: str | None) -> "Settings":
    from service.cli.processes import NotStartedError, read_settings

    given = {"data_dir": data_dir, "database_url": database_url}
    try:
        return read_settings(**{name: value for name, value in given.items() if value is not None})
    except NotStartedError as error:
        _fail(str(error))


def _run(work: Callable[[], T]) -> T:
    """Do it, and end with one line and exit status 1 for what an operator can mend."""
    from sqlalchemy.exc import SQLAlchemyError

    from service.backup.errors import BackupError
    from service.supervisor.errors import DataDirInUseError

    try:
        return work()
    except (BackupError, DataDirInUseError, OSError, SQLAlchemyError, ValueError) as error:
        _fail(str(error))


def _tell(line: str) -> None:
    typer.echo(line, err=True)


def _fail(problem: str) -> NoReturn:
    typer.echo(f"cellgebra: {problem}", err=True)
    raise typer.Exit(1)
