"""Which schema of the database this version reads and writes; nothing runs on another one."""

import logging
from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from service.contract import records
from service.contract.database import Database

logger = logging.getLogger(__name__)

REVISION = "0012"  # that of the newest migration, to which a test holds it


class SchemaError(ValueError):
    """The database has another schema; says which, and what to do. Nothing was changed."""


def require_schema(database: Database) -> None:
    """Refuse to work on a database of another version.

    One that does not answer is let pass: it is away, and its schema is that of before.

    Raises:
        SchemaError: its schema is older, or newer, or half migrated, or it has none.
    """
    try:
        found = schema_of(database)
        if found != REVISION:
            raise SchemaError(problem_with(found))
        with database.read() as session:
            require_tables(session.connection())
    except SQLAlchemyError:
        logger.warning("the database does not answer: its schema is not checked")


def require_tables(connection: Connection) -> None:
    """Check that a database of this version's schema has the tables and columns of it.

    Raises:
        SchemaError: it has not.
    """
    inspector = inspect(connection)
    there = set(inspector.get_table_names())
    missing = []
    for name, table in records.JobRecord.metadata.tables.items():
        if name not in there:
            missing.append(f"table {name}")
            continue
        known = {column["name"] for column in inspector.get_columns(name)}
        wanted = [column.name for column in table.columns]
        missing += [f"column {name}.{one}" for one in wanted if one not in known]
    if missing:
        raise SchemaError(half_migrated(REVISION, f"it lacks {', '.join(missing[:10])}"))


def schema_of(database: Database) -> str | None:
    """Revision of the schema; None where there is none.

    Raises:
        SQLAlchemyError: the database does not answer.
    """
    path = database.engine.url.database
    if database.is_sqlite and (path is None or not Path(path).is_file()):
        return None  # to look into it would make it
    with database.read() as session:
        connection = session.connection()
        if not inspect(connection).has_table("alembic_version"):
            return None
        revision: str | None = connection.execute(
            text("SELECT version_num FROM alembic_version")
        ).scalar()
        return revision


def half_migrated(found: str | None, reason: str) -> str:
    """What to do with a database whose tables are not those of the schema that it names."""
    return (
        f"the database says that it has schema {found or 'none'}, and has other tables ({reason}): "
        "it is half migrated, by hand or by another program. Nothing was changed: restore a "
        "backup into an empty database"
    )


def problem_with(found: str | None) -> str:
    """What to do with a database of another schema than this version's."""
    if found is None:
        return "the database has no tables yet: run `cellgebra db upgrade`"
    if found < REVISION:
        return (
            f"the database has schema {found}, this version needs {REVISION}: back it up and run "
            "`cellgebra db upgrade`"
        )
    return (
        f"the database has schema {found}, made by a newer version; this one knows {REVISION} at "
        "most: run the newer version, or restore a backup from before its upgrade"
    )
