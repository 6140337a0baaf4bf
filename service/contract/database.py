"""Engine, sessions and the base of all rows. SQL is sync; async code calls it in threads.

SQLite runs in WAL mode; a write transaction begins IMMEDIATE, so that two writers queue (up to
`busy_timeout`) where a deferred upgrade would fail at once. PostgreSQL comes through psycopg 3.
A process that is frozen in a transaction, or whose host is cut off, holds its locks no longer than
`IDLE_TRANSACTION_SECONDS` there: recovery passes over rows that are locked. Of SQLite's one host
the kernel lets a lock go with its process.
A PostgreSQL that has vanished without a word is one that does not answer, after `PATIENCE`: without
it a thread would wait for some 15 minutes, and soon all threads would.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Engine, MetaData, create_engine, event, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Connection, Dialect, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from service.contract.errors import UnavailableError

BUSY_TIMEOUT_MILLISECONDS = 30_000
IDLE_TRANSACTION_SECONDS = 60
# What libpq is told, unless the URL says something else.
PATIENCE = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",  # ms
}

JsonType = JSON().with_variant(JSONB(), "postgresql")


# Of SQLite: locked by another for longer than the time-out, and a disk that is full or broken.
_SQLITE_AWAY = frozenset({5, 6, 10, 13, 14})


class DatabaseAwayError(UnavailableError, SQLAlchemyError):  # type: ignore[misc] # two codes
    """The database did not answer, or broke off: what was asked may be asked again.

    Whether a commit that was under way has been made is not known.
    """

    def __str__(self) -> str:
        return self.detail


class UtcDateTime(TypeDecorator[datetime]):
    """A time with its zone, UTC on both sides; SQLite stores none and would lose it."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(  # the signature is SQLAlchemy's
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002
    ) -> datetime | None:
        """Refuse naive times, send UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time needs its zone")
        return value.astimezone(UTC)

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002
    ) -> datetime | None:
        """Give UTC back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Base of the rows, with names for every constraint (Alembic needs them)."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def create_engine_for(url: str, *, pool_size: int = 10) -> Engine:
    """Engine for SQLite or PostgreSQL.

    Raises:
        ValueError: another kind of database.
    """
    backend = make_url(url).get_backend_name()
    if backend == "sqlite":
        return _sqlite_engine(url, pool_size)
    if backend == "postgresql":
        return _postgresql_engine(url, pool_size)
    raise ValueError(f"database {backend!r} is not supported; use sqlite or postgresql")


def _postgresql_engine(url: str, pool_size: int) -> Engine:
    given = make_url(url).set(drivername="postgresql+psycopg")
    psycopg_url = given.set(query={**PATIENCE, **given.query})
    engine = create_engine(psycopg_url, pool_size=pool_size, pool_pre_ping=True)

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:  # noqa: ANN401 - the driver's own type
        milliseconds = 1000 * IDLE_TRANSACTION_SECONDS
        connection.execute(f"SET idle_in_transaction_session_timeout = {milliseconds:.0f}")
        connection.commit()

    return engine


def _sqlite_engine(url: str, pool_size: int) -> Engine:
    engine = create_engine(url, pool_size=pool_size)

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:  # noqa: ANN401 - the driver's own type
        connection.isolation_level = None  # we say BEGIN ourselves
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MILLISECONDS}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        is_write = connection.get_execution_options().get("is_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_write else "BEGIN")

    return engine


class Database:
    """Opens transactions: `read()` and `write()`; each ends with its block."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.engine = create_engine_for(url, pool_size=pool_size)
        self._write_engine = self.engine.execution_options(is_write=True)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded database."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a transaction that writes nothing.

        Raises:
            DatabaseAwayError: the database does not answer.
        """
        with _telling_of_absence(), Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a transaction; it commits with the block and rolls back on an error.

        Raises:
            DatabaseAwayError: the database does not answer.
        """
        with (
            _telling_of_absence(),
            Session(self._write_engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


@contextmanager
def _telling_of_absence() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if not _is_away(error):
            raise
        raise DatabaseAwayError("the database does not answer; try again shortly") from error


def _is_away(error: DBAPIError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in _SQLITE_AWAY  # the rest of the number only refines it
    return error.connection_invalidated or isinstance(error, (OperationalError, InterfaceError))


def utc_now() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def shared_now(session: Session) -> Any:  # noqa: ANN401 - a datetime, or SQL that gives one
    """Now, by one clock for all hosts: PostgreSQL's. SQLite has one host, and its clock.

    For what one process writes and another compares, such as leases.
    """
    if session.get_bind().dialect.name == "postgresql":
        return func.statement_timestamp(type_=DateTime(timezone=True))
    return utc_now()


def read_now(session: Session) -> datetime:
    """Now, by the clock of `shared_now`, for what is reckoned here and not in SQL."""
    now = shared_now(session)
    return now if isinstance(now, datetime) else session.execute(select(now)).scalar_one()
