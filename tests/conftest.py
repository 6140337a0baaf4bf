"""Fixtures of all tests: real databases, a real broker. Each server starts when first asked for."""

import gc
import os
import shutil

import pytest
from hypothesis import HealthCheck, settings

from service.contract.database import Database
from service.migrations.migrate import migrate
from tests.servers.bucket import make_bucket, s3_server
from tests.servers.embedded import embedded_service
from tests.servers.postgres import postgres_server
from tests.servers.valkey import valkey_server

SETTING, FOR_TESTS = "CELLGEBRA_", "CELLGEBRA_TEST_"

# How fast a machine is, and what else it does, is no property of what is tested.
settings.register_profile("any", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any")


def pytest_collection_finish():
    """What thousands of tests are made of stays: it is not looked through for garbage any more."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish():
    gc.unfreeze()  # at the end all of it goes in order


@pytest.fixture(scope="session", autouse=True)
def _no_settings_of_the_developer():
    """A test sees no `CELLGEBRA_...` setting but those that it makes."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(SETTING) and not name.startswith(FOR_TESTS):
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def s3():
    """Address of an S3 server."""
    with s3_server() as endpoint:
        yield endpoint


@pytest.fixture
def bucket(s3):
    """An empty bucket."""
    return make_bucket(s3)


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


@pytest.fixture(scope="session")
def sqlite_service(tmp_path_factory):
    """The running service of `cellgebra up`, on SQLite."""
    with embedded_service(tmp_path_factory.mktemp("up") / "data") as service:
        yield service


@pytest.fixture(scope="session")
def postgresql_service(tmp_path_factory, postgres):
    """The running service of `cellgebra up`, on PostgreSQL."""
    url = postgres.create_database()
    data_dir = tmp_path_factory.mktemp("up") / "data"
    with embedded_service(data_dir, "--database-url", url) as service:
        yield service
    postgres.drop_database(url)
