"""Bring a database to the newest schema, or back.

Two processes that migrate at once are harmless: SQLite's write lock and an advisory lock on
PostgreSQL let the second wait, and it finds nothing to do.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import SQLITE_ERROR
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, event, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, ProgrammingError

from service.contract.database import create_engine_for
from service.contract.schema import SchemaError, half_migrated, problem_with, require_tables

_ADVISORY_LOCK = 0x63656C6C  # "cell"
_NOT_ALLOWED = "42501"  # PostgreSQL: insufficient privilege


def migrate(url: str, revision: str = "head") -> str:
    """Upgrade to a schema, by default the newest; returns its revision.

    Raises:
        ValueError: neither SQLite nor PostgreSQL.
        SchemaError: made by a newer version, or half migrated. Nothing was changed.
    """
    _make_folder(url)
    return _run(url, revision, is_upgrade=True)


def downgrade(url: str, revision: str = "base") -> str:
    """Go back to a revision and return it; ``base`` drops every table and what they hold."""
    return _run(url, revision, is_upgrade=False)


def head_revision() -> str:
    """The newest revision that this version of the code knows."""
    return ScriptDirectory.from_config(_config()).get_current_head() or "base"


def known_revisions() -> frozenset[str]:
    """Every revision that this version of the code knows."""
    script = ScriptDirectory.from_config(_config())
    return frozenset(one.revision for one in script.walk_revisions())


def _run(url: str, revision: str, *, is_upgrade: bool) -> str:
    engine = _engine(url)
    config = _config()
    try:
        with engine.begin() as connection:
            _lock(connection)
            found = MigrationContext.configure(connection).get_current_revision()
            if found is not None and found not in known_revisions():
                raise SchemaError(problem_with(found))
            config.attributes["connection"] = connection
            step = command.upgrade if is_upgrade else command.downgrade
            with _naming_strange_schemas(found):
                step(config, revision)
            if is_upgrade and revision == "head":
                require_tables(connection)
            return MigrationContext.configure(connection).get_current_revision() or "base"
    finally:
        engine.dispose()


@contextmanager
def _naming_strange_schemas(found: str | None) -> Iterator[None]:
    """Say that tables are not ours to change, or not those of the revision that is named."""
    try:
        yield
    except DBAPIError as error:
        is_refused = isinstance(error, ProgrammingError)  # PostgreSQL's; of SQLite one number
        if not is_refused and getattr(error.orig, "sqlite_errorcode", None) != SQLITE_ERROR:
            raise
        reason = str(error.orig).partition("\n")[0]
        if getattr(error.orig, "sqlstate", None) == _NOT_ALLOWED:
            raise SchemaError(
                f"the user of the database may not change its tables ({reason}): let it, e.g. "
                "by GRANT ALL ON SCHEMA public, or name their owner in CELLGEBRA_DATABASE_URL"
            ) from error
        raise SchemaError(half_migrated(found, reason)) from error


def _engine(url: str) -> Engine:
    engine = create_engine_for(url, pool_size=1)
    if engine.dialect.name == "sqlite":
        # SQLite alters a table by copying and dropping it: with foreign keys on, dropping `jobs`
        # would delete every event. The pragma means nothing inside a transaction.
        @event.listens_for(engine, "connect")
        def _free(connection: Any, _record: Any) -> None:  # noqa: ANN401 - the driver's own type
            connection.execute("PRAGMA foreign_keys = OFF")

    return engine.execution_options(is_write=True)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config


def _make_folder(url: str) -> None:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:"):
        Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
