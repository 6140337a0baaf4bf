"""Commands of who runs a deployment: schema, backup, restore, blobs that nothing needs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

from service.cli.asking import AsJson

if TYPE_CHECKING:
    from service.backup.manifest import BackupManifest
    from service.contract.blobs import Blob
    from service.contract.repositories.garbage import Garbage
    from service.contract.settings import Settings

T = TypeVar("T")

db = typer.Typer(
    help="The database and what belongs to it: create, upgrade, back up, restore.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

DataDir = Annotated[
    Path | None, typer.Option(help="Folder of all data. [default: ./cellgebra-data]")
]
DatabaseUrl = Annotated[
    str | None, typer.Option(help="SQLAlchemy URL. [default: SQLite in the data folder]")
]


@db.command()
def upgrade(
    *, data_dir: DataDir = None, database_url: DatabaseUrl = None, as_json: AsJson = False
) -> None:
    """Bring the database to the newest schema."""
    from service.migrations.migrate import migrate

    settings = read_chosen(data_dir, database_url)
    tell_schema(run_or_fail(lambda: migrate(settings.resolved_database_url)), as_json=as_json)


@db.command()
def create(
    admin_url_file: Annotated[
        Path, typer.Argument(help="A file with the PostgreSQL URL of a superuser.")
    ],
    *,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Make the role and the database that the settings name, on a PostgreSQL server.

    The role owns its database and is no superuser. Of one that is there the password is set to
    that of the settings; nothing else is changed.
    """
    from service.migrations.role import provide

    settings = read_chosen(None, database_url)
    admin_url = run_or_fail(lambda: admin_url_file.read_text(encoding="utf-8").strip())
    done = run_or_fail(lambda: provide(admin_url, settings.resolved_database_url))
    for line in [json.dumps({"done": done})] if as_json else done:
        typer.echo(line)


@db.command()
def backup(
    folder: Annotated[Path, typer.Argument(help="A folder that does not exist yet.")],
    *,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Copy database and blobs into one folder, each file with its hash; the service may run.

    Exit status 1 if blobs were lost or altered before: they are named, the rest is backed up.
    """
    from service.backup.backup import back_up

    settings = read_chosen(data_dir, database_url)
    made = run_or_fail(lambda: back_up(settings, folder, _tell))
    if as_json:
        typer.echo(json.dumps(_told(folder, made)))
    else:
        size = sum(made.blobs.values()) / 1e6
        typer.echo(f"{folder}: {_rows(made):,} rows, {len(made.blobs):,} blobs, {size:,.1f} MB")
    if made.missing_blobs:
        _fail(
            f"{len(made.missing_blobs)} blobs that rows name are missing or altered, and are not "
            f"in the backup: {', '.join(made.missing_blobs)}"
        )


@db.command()
def restore(
    folder: Annotated[Path, typer.Argument(help="A folder that `backup` has made.")],
    *,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Bring a backup back into an empty database and data folder, after checking every hash.

    It may be another kind of database than the one that was backed up.
    """
    from service.backup.restore import restore as restore_backup

    settings = read_chosen(data_dir, database_url)
    made = run_or_fail(lambda: restore_backup(settings, folder, _tell))
    typer.echo(
        json.dumps(_told(folder, made))
        if as_json
        else f"restored {_rows(made):,} rows and {len(made.blobs):,} blobs of {made.create_time}"
    )
    if made.missing_blobs:
        typer.echo(f"lost before the backup: {', '.join(made.missing_blobs)}", err=True)


def gc(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Remove blobs that nothing needs, as a killed process leaves them; the service may run."""
    from service.contract.database import Database
    from service.contract.repositories.garbage import collect, find_garbage
    from service.contract.schema import require_schema
    from service.contract.stores import artifact_store

    settings = read_chosen(data_dir, database_url)
    store = run_or_fail(lambda: artifact_store(settings))
    database = Database(settings.resolved_database_url, pool_size=1)
    run_or_fail(lambda: require_schema(database))
    found = run_or_fail(lambda: find_garbage(database, store))
    if not as_json:
        _show_garbage(found)
    if not dry_run:
        run_or_fail(lambda: collect(database, store, found))
    if as_json:
        typer.echo(json.dumps({**_told_garbage(found), "is_removed": not dry_run}))
    else:
        count = len(found.unheld) + len(found.unnamed)
        done = "would go" if dry_run else "removed"
        typer.echo(f"{count:,} blobs, {found.size_bytes / 1e6:,.1f} MB {done}")


def tell_schema(revision: str, *, as_json: bool) -> None:
    """Say which schema a database has now."""
    typer.echo(json.dumps({"schema_revision": revision}) if as_json else f"schema {revision}")


def _rows(made: "BackupManifest") -> int:
    return sum(table.row_count for table in made.tables.values())


def _told(folder: Path, made: "BackupManifest") -> dict[str, Any]:
    """What of a backup is told: not each of its blobs, which `backup.json` has."""
    kept = made.model_dump(mode="json", include={"create_time", "schema_revision", "missing_blobs"})
    counts = {"row_count": _rows(made), "blob_count": len(made.blobs)}
    return {"path": str(folder), **counts, "size_bytes": sum(made.blobs.values()), **kept}


def _show_garbage(found: "Garbage") -> None:
    for blob in found.unheld:
        typer.echo(f"no row holds     {blob.sha256}  {blob.size_bytes:,} bytes")
    for _, blob in found.unnamed:
        typer.echo(f"nothing names    {blob.sha256}  {blob.size_bytes:,} bytes")
    for sha256 in found.missing:
        typer.echo(f"file is missing  {sha256}  put it back from a backup", err=True)


def _told_garbage(found: "Garbage") -> dict[str, Any]:
    def of(blob: "Blob") -> dict[str, Any]:
        return {"sha256": blob.sha256, "size_bytes": blob.size_bytes}

    return {
        "unheld": [of(blob) for blob in found.unheld],
        "unnamed": [{"project_id": project, **of(blob)} for project, blob in found.unnamed],
        "missing": found.missing,
        "blob_count": len(found.unheld) + len(found.unnamed),
        "size_bytes": found.size_bytes,
    }


def read_chosen(data_dir: Path | None, database_url: str | None) -> "Settings":
    """Settings from the environment and the options of a command, which win."""
    from service.cli.processes import NotStartedError, read_settings

    given = {"data_dir": data_dir, "database_url": database_url}
    try:
        return read_settings(**{name: value for name, value in given.items() if value is not None})
    except NotStartedError as error:
        _fail(str(error))


def run_or_fail(work: Callable[[], T]) -> T:
    """Do it, and end with one line and exit status 1 for what an operator can mend."""
    from sqlalchemy.exc import SQLAlchemyError

    from service.backup.errors import BackupError
    from service.contract.errors import UnavailableError
    from service.supervisor.errors import DataDirInUseError

    try:
        return work()
    except (BackupError, DataDirInUseError, OSError, SQLAlchemyError, ValueError) as error:
        _fail(str(error))
    except UnavailableError as error:  # a bucket, or a disk that is full
        _fail(error.detail)


def _tell(line: str) -> None:
    typer.echo(line, err=True)


def _fail(problem: str) -> NoReturn:
    typer.echo(f"cellgebra: {problem}", err=True)
    raise typer.Exit(1)
