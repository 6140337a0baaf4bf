"""Laws: the migrations make the tables of the records; down undoes up; twice is once."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.engine import make_url

from service.contract.database import Database, create_engine_for
from service.contract.jobs import JobKind
from service.contract.records import JobEventRecord, JobRecord
from service.contract.repositories.jobs import Owner, create_job
from service.contract.repositories.requests import Request
from service.contract.schema import SchemaError
from service.migrations.migrate import downgrade, head_revision, migrate


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'new folder' / 'cellgebra.db'}"


def tables_of(url):
    engine = create_engine_for(url)
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


def test_migrations_make_the_tables_of_the_records(url):
    migrate(url)
    engine = create_engine_for(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, JobRecord.metadata) == []
    engine.dispose()


def test_every_table_says_whose_it_is(url):
    migrate(url)
    engine = create_engine_for(url)
    inspector = inspect(engine)
    for table in tables_of(url) - {"alembic_version"}:
        columns = {column["name"]: column for column in inspector.get_columns(table)}
        assert not columns["project_id"]["nullable"], table
        assert not columns["created_by"]["nullable"], table
    engine.dispose()


def test_down_undoes_up(url):
    assert migrate(url) == head_revision()
    assert downgrade(url) == "base"
    assert tables_of(url) == {"alembic_version"}
    assert migrate(url) == head_revision()


def test_again_keeps_the_rows(url):
    migrate(url)
    database = Database(url)
    with database.write() as session:
        request = Request(id=None, sha256="0" * 64)
        create_job(session, Owner("p", "me"), JobKind.INGEST, {}, subject_id="d", request=request)
    migrate(url)
    with database.read() as session:
        assert session.query(JobRecord).count() == 1
        assert session.query(JobEventRecord).count() == 1
    database.close()


def test_four_at_once_migrate_once(url):
    migrate(url)  # makes the folder and the file in WAL mode
    downgrade(url)
    with ThreadPoolExecutor(4) as pool:
        revisions = list(pool.map(migrate, [url] * 4))
    assert set(revisions) == {head_revision()}
    engine = create_engine_for(url)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT version_num FROM alembic_version")).all()
    engine.dispose()
    assert rows == [(head_revision(),)]


def test_another_database_is_refused():
    with pytest.raises(ValueError, match="use sqlite or postgresql"):
        migrate("mysql://localhost/x")


def test_a_user_that_may_not_make_tables_is_told_so(postgres):
    url = make_url(postgres.create_database())
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute("CREATE ROLE guest LOGIN PASSWORD 'secret'")
        guest = url.set(username="guest", password="secret")  # noqa: S106
        try:
            with pytest.raises(SchemaError, match="may not change its tables") as caught:
                migrate(guest.render_as_string(hide_password=False))
        finally:
            connection.execute("DROP ROLE guest")
    assert "backup" not in str(caught.value)
    postgres.drop_database(url.render_as_string(hide_password=False))
