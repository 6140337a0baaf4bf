"""No process runs on a database of another version, and none on settings out of range."""

import os
import socket
import sqlite3
import subprocess
import sys

import pytest
from sqlalchemy import text

from service.contract.database import Database
from service.contract.schema import REVISION, SchemaError, require_schema
from service.migrations.migrate import downgrade, head_revision, migrate

PROCESSES = {
    "up": ["service.cli", "up", "--port", "0", "--grpc-port", "0"],
    "api": ["service.cli", "api"],
    "rpc": ["service.cli", "rpc"],
    "scheduler": ["service.cli", "scheduler"],
    "migrate": ["service.cli", "migrate"],
    "upgrade": ["service.cli", "db", "upgrade"],
    "gc": ["service.cli", "gc"],
    "worker": ["celery", "-A", "worker.app:app", "worker", "-Q", "batch", "--pool", "solo"],
}
BROKER = "redis://127.0.0.1:1/0"
each_process = pytest.mark.parametrize("name", PROCESSES)


def start(name, data_dir, **settings):
    """Run one to its end, which has to come soon."""
    made = {"DATA_DIR": data_dir, "BROKER_URL": BROKER, "PORT": "0", "GRPC_PORT": "0", **settings}
    environment = {f"CELLGEBRA_{key}": str(value) for key, value in made.items()}
    if name == "up":
        del environment["CELLGEBRA_BROKER_URL"]
    return subprocess.run(
        [sys.executable, "-m", *PROCESSES[name]],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **environment},
    )


def refused(done):
    assert done.returncode == 1, done
    assert "Traceback" not in done.stderr, done.stderr
    return done.stderr


@pytest.fixture
def database_kind():
    return "sqlite"


@pytest.fixture
def newer(tmp_path):
    """A data folder whose database a newer version has made."""
    path = tmp_path / "cellgebra.db"
    migrate(f"sqlite:///{path}")
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    return path


@pytest.mark.slow
@each_process
def test_nothing_runs_on_a_newer_schema(newer, name):
    before = newer.read_bytes()
    said = refused(start(name, newer.parent))
    assert f"schema 9999, made by a newer version; this one knows {REVISION} at most" in said
    assert newer.read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize("name", ["api", "rpc", "scheduler", "gc", "worker"])
def test_what_does_not_upgrade_says_who_does(tmp_path, name):
    url = f"sqlite:///{tmp_path / 'cellgebra.db'}"
    migrate(url)
    downgrade(url, "0006")
    said = refused(start(name, tmp_path))
    assert f"schema 0006, this version needs {REVISION}" in said
    assert "`cellgebra db upgrade`" in said


@pytest.mark.slow
@each_process
def test_a_setting_out_of_range_is_named(tmp_path, name):
    said = refused(start(name, tmp_path, LEASE_SECONDS="0"))
    assert "setting lease_seconds (CELLGEBRA_LEASE_SECONDS): Input should be greater" in said
    assert not (tmp_path / "cellgebra.db").exists()


@pytest.mark.slow
def test_a_lease_holds_two_heartbeats(tmp_path):
    said = refused(start("scheduler", tmp_path, LEASE_SECONDS="3", HEARTBEAT_SECONDS="2"))
    assert "a lease of 3 s (CELLGEBRA_LEASE_SECONDS)" in said


def test_the_schema_is_that_of_the_newest_migration(database):
    assert head_revision() == REVISION
    require_schema(database)


def test_a_database_without_tables_is_refused(tmp_path):
    opened = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(SchemaError, match="no tables yet"):
        require_schema(opened)
    opened.close()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("DROP TABLE job_shards", "table job_shards"),
        ("ALTER TABLE jobs DROP COLUMN trace_id", "column jobs.trace_id"),
    ],
)
def test_a_database_of_this_schema_without_its_tables_is_refused(tmp_path, change, told):
    url = f"sqlite:///{tmp_path / 'half.db'}"
    migrate(url)
    opened = Database(url)
    with opened.write() as session:
        session.execute(text(change))
    with pytest.raises(SchemaError, match=f"it lacks {told}.*half migrated.*restore a backup"):
        require_schema(opened)
    with pytest.raises(SchemaError, match=f"it lacks {told}"):
        migrate(url)
    opened.close()


def test_one_that_is_away_is_let_pass():
    opened = Database("postgresql://nobody@127.0.0.1:1/none?connect_timeout=1")
    require_schema(opened)
    opened.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["up", "api", "rpc", "scheduler", "gc", "worker"])
def test_nothing_runs_on_a_store_that_there_is_not(tmp_path, name):
    migrate(f"sqlite:///{tmp_path / 'cellgebra.db'}")
    said = refused(start(name, tmp_path, ARTIFACT_URL="ftp://there"))
    assert "CELLGEBRA_ARTIFACT_URL: use s3://bucket/prefix" in said


@pytest.mark.slow
@pytest.mark.parametrize("name", ["api", "rpc", "scheduler"])
def test_nothing_runs_without_a_broker(tmp_path, name):
    migrate(f"sqlite:///{tmp_path / 'cellgebra.db'}")
    assert "CELLGEBRA_BROKER_URL is not set" in refused(start(name, tmp_path, BROKER_URL=""))


@pytest.mark.slow
def test_a_scheduler_says_that_its_port_for_scrapes_is_taken(tmp_path):
    migrate(f"sqlite:///{tmp_path / 'cellgebra.db'}")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused(start("scheduler", tmp_path, METRICS_PORT=port))
    assert f"cannot listen for scrapes on 127.0.0.1:{port}" in said
