"""The role and the database of the service, made by a superuser of the server.

A service that is a superuser itself could have programs run on the server's host (`COPY ... TO
PROGRAM`) and read its files; the owner of one database cannot.
"""

from psycopg.sql import SQL, Composable, Identifier, Literal
from sqlalchemy import Connection, text
from sqlalchemy.engine import URL, make_url

from service.contract.database import create_engine_for

_PLAIN = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION"


def provide(admin_url: str, url: str) -> list[str]:
    """Make the role and the database that `url` names; of a role that is there set the password.

    Args:
        admin_url: of a superuser of the same server, and any database of it.
        url: of the service.

    Returns:
        What was done, a line each.

    Raises:
        ValueError: one of them is no URL of PostgreSQL, `url` lacks a part, or its role is the
            superuser's.
        SQLAlchemyError: the server refuses, or does not answer.
    """
    wanted = _checked(admin_url, url)
    engine = create_engine_for(admin_url, pool_size=1)
    try:
        with engine.connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            return [_provide_role(connection, wanted), _provide_database(connection, wanted)]
    finally:
        engine.dispose()


def _checked(admin_url: str, url: str) -> URL:
    admin, wanted = make_url(admin_url), make_url(url)
    for one in (admin, wanted):
        if one.get_backend_name() != "postgresql":
            raise ValueError(f"only PostgreSQL has roles, and this is a URL of {one.drivername}")
    missing = [part for part in ("username", "password", "database") if not getattr(wanted, part)]
    if missing:
        raise ValueError(f"the service's database URL has no {', no '.join(missing)}")
    if wanted.username == admin.username:
        raise ValueError(
            f"{admin.username} is the superuser: name another role in the service's database URL"
        )
    return wanted


def _provide_role(connection: Connection, wanted: URL) -> str:
    name, password = Identifier(str(wanted.username)), Literal(str(wanted.password))
    is_superuser = connection.execute(
        text("SELECT rolsuper FROM pg_roles WHERE rolname = :name"),
        {"name": wanted.username},
    ).scalar()
    if is_superuser is None:
        _run(connection, SQL(f"CREATE ROLE {{}} {_PLAIN} PASSWORD {{}}").format(name, password))
        return f"role {wanted.username}: made"
    _run(connection, SQL("ALTER ROLE {} PASSWORD {}").format(name, password))
    if is_superuser:
        return (
            f"role {wanted.username}: has this password; it was made as a superuser and stays one"
        )
    return f"role {wanted.username}: has this password"


def _provide_database(connection: Connection, wanted: URL) -> str:
    is_there = connection.execute(
        text("SELECT 1 FROM pg_database WHERE datname = :name"),
        {"name": wanted.database},
    ).scalar()
    if is_there:
        return f"database {wanted.database}: is there"
    names = Identifier(str(wanted.database)), Identifier(str(wanted.username))
    _run(connection, SQL("CREATE DATABASE {} OWNER {}").format(*names))
    return f"database {wanted.database}: made, of {wanted.username}"


def _run(connection: Connection, statement: Composable) -> None:
    # Without parameters a % of a password is a %.
    options = {"no_parameters": True}
    connection.exec_driver_sql(statement.as_string(None), execution_options=options)
