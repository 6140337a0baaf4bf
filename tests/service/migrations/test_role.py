"""The service's own role owns its database, and is no superuser; its password is the settings'."""

import json
import secrets
import subprocess
import sys

import psycopg
import pytest
from sqlalchemy.engine import make_url

from service.contract.database import create_engine_for
from service.migrations.migrate import head_revision, migrate
from service.migrations.role import provide

ODD = "a%sb'c\"d:e/f@"  # what quoting has to survive


@pytest.fixture
def admin_url(postgres):
    return postgres.create_database()


@pytest.fixture
def wanted(admin_url):
    """The service's URL, of a role and a database that are not there yet."""
    name = f"strain designer {secrets.token_hex(4)}"
    made = make_url(admin_url).set(username=name, password=ODD, database=name)
    yield made
    with psycopg.connect(psycopg_url(admin_url), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'DROP ROLE IF EXISTS "{name}"')


def psycopg_url(url):
    return text(make_url(url).set(drivername="postgresql"))


def text(url):
    return url.render_as_string(hide_password=False)


def one(url, statement):
    engine = create_engine_for(url)
    try:
        with engine.connect() as connection:
            return connection.exec_driver_sql(statement).one()
    finally:
        engine.dispose()


def test_the_role_that_is_made_can_do_what_the_service_does_and_no_more(admin_url, wanted):
    name = wanted.username
    assert provide(admin_url, text(wanted)) == [
        f"role {name}: made",
        f"database {name}: made, of {name}",
    ]
    assert migrate(text(wanted)) == head_revision()
    rights = (
        "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user"
    )
    assert one(text(wanted), rights) == (False, False, False)
    with pytest.raises(Exception, match="external program"):
        one(text(wanted), "COPY (SELECT 1) TO PROGRAM 'true'")


def test_a_second_time_changes_the_password_alone(admin_url, wanted):
    provide(admin_url, text(wanted))
    changed = wanted.set(password="another")  # noqa: S106
    assert provide(admin_url, text(changed)) == [
        f"role {wanted.username}: has this password",
        f"database {wanted.username}: is there",
    ]
    assert one(text(changed), "SELECT 1") == (1,)
    with pytest.raises(Exception, match="password authentication failed"):
        one(text(wanted), "SELECT 1")


def test_the_command_reads_the_superuser_from_a_file(admin_url, wanted, tmp_path):
    file = tmp_path / "admin_url"
    file.write_text(f"{admin_url}\n")
    command = [sys.executable, "-m", "service.cli", "db", "create", str(file), "--json"]
    command += ["--database-url", text(wanted)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(done.stdout)["done"][0] == f"role {wanted.username}: made"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"username": "cellgebra"}, "cellgebra is the superuser: name another role"),
        ({"password": None}, "has no password"),
        ({"database": None}, "has no database"),
    ],
)
def test_a_url_that_cannot_be_meant_is_refused(admin_url, wanted, changes, told):
    with pytest.raises(ValueError, match=told):
        provide(admin_url, text(wanted._replace(**changes)))


def test_sqlite_has_no_roles(admin_url, tmp_path):
    with pytest.raises(ValueError, match="only PostgreSQL has roles"):
        provide(admin_url, f"sqlite:///{tmp_path / 'x.db'}")
