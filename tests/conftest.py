"""Fixtures of all tests: real databases, a real broker. Each server starts when first asked for."""

import shutil

import pytest

from service.contract.database import Database
from service.migrations.migrate import migrate
from tests.servers.postgres import postgres_server
from tests.servers.valkey import valkey_server


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres):
    """A migrated PostgreSQL database, to be copied and never connected to."""
    url = postgres.create_database()
    migrate(url)
    yield url
    postgres.drop_database(url)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory):
    """A migrated SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request):
    """Runs a test once on each kind of database."""
    return request.param


@pytest.fixture
def database_url(database_kind, request):
    """A fresh migrated database, SQLite and PostgreSQL in turn."""
    return request.getfixturevalue(f"{database_kind}_url")


@pytest.fixture
def sqlite_url(sqlite_template, tmp_path):
    """A fresh migrated SQLite database."""
    path = tmp_path / "cellgebra.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgresql_url(postgres, postgres_template):
    """A fresh migrated PostgreSQL database."""
    url = postgres.create_database(template=postgres_template)
    yield url
    postgres.drop_database(url)


@pytest.fixture
def empty_database_url(database_kind, request, tmp_path):
    """A database without any table, SQLite and PostgreSQL in turn."""
    if database_kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    postgres = request.getfixturevalue("postgres")
    url = postgres.create_database()
    yield url
    postgres.drop_database(url)


@pytest.fixture
def database(database_url):
    """An open `Database` on a fresh migrated database."""
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def valkey_process():
    """A Valkey server; tests ask for `valkey`."""
    with valkey_server() as server:
        yield server


@pytest.fixture
def valkey(valkey_process):
    """The Valkey server, empty."""
    valkey_process.flush()
    return valkey_process
