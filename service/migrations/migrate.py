"""Bring a database to the newest schema, or back.

Two processes that migrate at once are harmless: SQLite's write lock and an advisory lock on
PostgreSQL let the second wait, and it finds nothing to do.
"""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, event, func, select
from sqlalchemy.engine import make_url

from service.contract.database import create_engine_for
from service.contract.schema import SchemaError, problem_with

_ADVISORY_LOCK = 0x63656C6C  # "cell"


def migrate(url: str, revision: str = "head") -> str:
    """Upgrade to a schema, by default the newest; returns its revision.

    Raises:
        ValueError: neither SQLite nor PostgreSQL, or made by a newer version.
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
            step(config, revision)
            return MigrationContext.configure(connection).get_current_revision() or "base"
    finally:
        engine.dispose()


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
