"""Rows of every earlier revision go up and down unharmed; no process runs on a newer schema."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import JSON, DateTime, Float, Integer, LargeBinary, MetaData, insert, select, text
from sqlalchemy.types import Boolean

from service.contract.database import create_engine_for
from service.migrations.migrate import downgrade, head_revision, known_revisions, migrate

EARLIER = sorted(known_revisions() - {head_revision()})
ROWS = 3
BEGUN_ANEW = {"search_shards"}  # work under way, which 0007 lets be done again
PROCESSES = {
    "api": ["service.cli", "api"],
    "rpc": ["service.cli", "rpc"],
    "scheduler": ["service.cli", "scheduler"],
    "worker": ["celery", "-A", "worker.app:app", "worker", "-Q", "batch", "--pool", "solo"],
}


# What a row holds by the kind of the column, another in each row; else it is a text.
VALUES = (
    (JSON, lambda n: {"number": n, "nested": [{"text": 'a "quoted" word', "none": None}]}),
    (DateTime, lambda n: datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC) + timedelta(hours=n)),
    (Boolean, lambda n: bool(n % 2)),
    (Integer, lambda n: n + 1),
    (Float, lambda n: n + 0.25),
    (LargeBinary, lambda n: bytes([n, 0, 255])),
)


def value_for(column, number):
    """Any value that the column takes."""
    for kind, make in VALUES:
        if isinstance(column.type, kind):
            return make(number)
    return f"{column.name}-{number}"[: column.type.length]


def tables_of(connection):
    metadata = MetaData()
    metadata.reflect(connection)
    return [table for table in metadata.sorted_tables if table.name != "alembic_version"]


def fill(url):
    """Rows in every table; one that refers to others refers to rows that there are."""
    engine = create_engine_for(url)
    with engine.execution_options(is_write=True).begin() as connection:
        for table in tables_of(connection):
            for number in range(ROWS):
                values = {}
                for column in table.columns:
                    source = column
                    while source.foreign_keys:
                        source = next(iter(source.foreign_keys)).column
                    values[column.name] = value_for(source, number)
                connection.execute(insert(table).values(values))
    engine.dispose()


def read(url):
    """Every row, by table; in one order."""
    engine = create_engine_for(url)
    with engine.connect() as connection:
        found = {
            table.name: sorted(
                ({k: str(v) for k, v in row.items()} for row in rows_of(connection, table)),
                key=lambda row: sorted(row.items()),
            )
            for table in tables_of(connection)
            if table.name not in BEGUN_ANEW
        }
    engine.dispose()
    return found


def rows_of(connection, table):
    return connection.execute(select(table)).mappings().all()


def as_before(now, before):
    """Of what there is now, the tables and columns that there were before."""
    return {
        table: sorted(
            ({name: row.get(name) for name in rows[0]} for row in now.get(table, [])),
            key=lambda row: sorted(row.items()),
        )
        for table, rows in before.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize("revision", EARLIER)
def test_rows_go_up_and_down_and_up_again(empty_database_url, revision):
    url = empty_database_url
    migrate(url, revision)
    fill(url)
    before = read(url)
    assert all(len(rows) == ROWS for rows in before.values())
    assert migrate(url) == head_revision()
    newest = read(url)
    assert as_before(newest, before) == before
    assert downgrade(url, revision) == revision
    assert read(url) == before
    assert migrate(url) == head_revision()
    assert read(url) == newest


@pytest.mark.slow
@pytest.mark.parametrize("process", PROCESSES)
def test_no_process_runs_on_a_newer_schema(tmp_path, valkey, process):
    url = f"sqlite:///{tmp_path / 'cellgebra.db'}"
    migrate(url)
    engine = create_engine_for(url)
    with engine.execution_options(is_write=True).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    environment = {
        **os.environ,
        "CELLGEBRA_DATA_DIR": str(tmp_path),
        "CELLGEBRA_DATABASE_URL": url,
        "CELLGEBRA_BROKER_URL": valkey.url,
    }
    done = subprocess.run(
        [sys.executable, "-m", *PROCESSES[process]],
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode != 0
    assert "has schema 9999, made by a newer version" in done.stdout + done.stderr
