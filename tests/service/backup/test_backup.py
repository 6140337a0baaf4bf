"""What was backed up comes back, on either database; what is not whole is refused, and named."""

import json
import shutil
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from service.backup.backup import back_up
from service.backup.errors import BackupError
from service.backup.manifest import BackupManifest, blob_path
from service.backup.restore import restore
from service.backup.rows import tables_of, write_rows
from service.contract.artifacts import ArtifactStore
from service.contract.database import Base, Database, create_engine_for
from service.contract.jobs import EventType, JobState
from service.contract.records import JobFileRecord, JobRecord, JobShardRecord
from service.contract.repositories import artifacts, events, job_files
from service.contract.schema import require_schema
from service.contract.settings import Settings
from service.migrations.migrate import downgrade, head_revision
from service.supervisor.errors import DataDirInUseError
from service.supervisor.lock import hold_data_dir
from tests.service.rows import add_dataset, add_training_job, claim, finish, publish_blob

ODD = "g\u00e8ne\n\t\"'\u2028 \u00b5"


BOTH = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"])


@pytest.fixture
def database_kind():
    """Of which database is said where it matters."""
    return "sqlite"


@pytest.fixture
def settings(database_url, tmp_path):
    return Settings(data_dir=tmp_path / "data", database_url=database_url)


@pytest.fixture
def store(settings):
    return ArtifactStore(settings.artifact_dir)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "backup"


@pytest.fixture
def filled(database, store):
    """Rows of many kinds: times, bytes, JSON, nothing; blobs with a holder."""
    _, ingest_id = add_dataset(database, covariates={ODD: {"0": 3}})
    finish(database, claim(database, ingest_id))
    running_id, failed_id = add_training_job(database), add_training_job(database)
    claim(database, running_id)
    finish(database, claim(database, failed_id), JobState.FAILED, error={"detail": ODD})
    blob = publish_blob(database, store, b"weights")
    publish_blob(database, store, bytes(range(256)) * 9000)
    with database.write() as session:
        events.append_event(session, failed_id, EventType.PROGRESS, {"fraction": 0.1 + 0.2})
        owned = {"project_id": "default", "created_by": ODD, "job_id": failed_id}
        session.add(JobShardRecord(**owned, number=1, state="X", spec={}, result=bytes(range(256))))
        session.add(JobFileRecord(**owned, name="f", sha256=blob.sha256))
    return running_id


def rows(url):
    """Every row of every table, by table."""
    database = Database(url)
    with database.read() as session:
        found = {
            name: sorted(map(_text, session.execute(select(table)).mappings()))
            for name, table in Base.metadata.tables.items()
        }
    database.close()
    return found


def _text(row):
    """One text a row, whatever the order in which a database keeps the members of an object."""
    return json.dumps(dict(row), sort_keys=True, default=repr)


def blobs(store):
    return {blob.sha256: store.read(blob.sha256) for blob in store.stored()}


def target(tmp_path, database_url="", name="restored"):
    return Settings(
        data_dir=tmp_path / name,
        database_url=database_url or f"sqlite:///{tmp_path / name / 'cellgebra.db'}",
    )


def back(settings, folder):
    return back_up(settings, folder, lambda _: None)


def bring(settings, folder):
    return restore(settings, folder, lambda _: None)


def forget_lease(tables):
    """Rows as they are once nobody holds a job."""
    return {name: rows for name, rows in tables.items() if name not in ("jobs", "workers")}


@pytest.fixture
def empty_urls(tmp_path, postgres):
    """An empty database of each kind."""
    url = postgres.create_database()
    yield [f"sqlite:///{tmp_path / 'restored.db'}", url]
    postgres.drop_database(url)


@BOTH
def test_all_rows_and_blobs_come_back(settings, filled, folder, tmp_path, empty_urls):
    store = ArtifactStore(settings.artifact_dir)
    made = back(settings, folder)
    assert made.missing_blobs == []
    assert made == BackupManifest.read(folder)
    assert not folder.with_name("backup.partial").exists()
    for database_url in empty_urls:
        elsewhere = target(tmp_path, database_url, str(len(database_url)))
        bring(elsewhere, folder)
        assert blobs(ArtifactStore(elsewhere.artifact_dir)) == blobs(store)
        before, after = rows(settings.resolved_database_url), rows(elsewhere.resolved_database_url)
        assert forget_lease(after) == forget_lease(before)
        assert len(after["jobs"]) == 3
        database = Database(elsewhere.resolved_database_url)
        with database.read() as session:
            job = session.get_one(JobRecord, filled)
            assert job.state == JobState.RUNNING  # for the scheduler to take back at once
            assert job.lease_until < datetime.now(UTC)
        database.close()


def test_a_backup_of_an_earlier_schema_is_brought_to_this_one(settings, folder, tmp_path, database):
    """As an earlier version has made it: of the tables and columns that there were."""
    dataset_id, _ = add_dataset(database)
    made = back(settings, folder)
    url = settings.resolved_database_url
    downgrade(url, "0006")
    engine = create_engine_for(url, pool_size=1)
    with engine.connect() as connection:
        tables = {
            table.name: write_rows(connection, table, folder / "tables" / f"{table.name}.jsonl")
            for table in tables_of(connection)
        }
    engine.dispose()
    made.model_copy(update={"schema_revision": "0006", "tables": tables}).write(folder)
    elsewhere = target(tmp_path)
    bring(elsewhere, folder)
    restored = Database(elsewhere.resolved_database_url)
    require_schema(restored)
    with restored.read() as session:
        jobs = session.scalars(select(JobRecord)).all()
    restored.close()
    assert [(job.subject_id, job.priority) for job in jobs] == [(dataset_id, 0)]


@BOTH
@pytest.mark.usefixtures("filled")
def test_a_blob_that_goes_while_it_is_copied_takes_its_rows_with_it(
    settings, database, folder, monkeypatch
):
    """A deletion between the rows and the blobs: the rows are read once more."""
    store = ArtifactStore(settings.artifact_dir)
    blob = publish_blob(database, store, b"soon gone")
    chunks = ArtifactStore.chunks

    def delete_first(one, sha256):
        monkeypatch.setattr(ArtifactStore, "chunks", chunks)
        with artifacts.write_blobs(database, store) as session:
            artifacts.release_artifact(session, "default", blob.sha256)
        return chunks(one, sha256)

    monkeypatch.setattr(ArtifactStore, "chunks", delete_first)
    made = back(settings, folder)
    assert made.missing_blobs == []
    assert blob.sha256 not in made.blobs
    assert not blob_path(folder, blob.sha256).exists()
    assert len(made.blobs) == 2


@pytest.mark.usefixtures("filled")
def test_a_lost_or_altered_blob_is_named_and_the_rest_is_backed_up(
    settings, database, folder, tmp_path
):
    store = ArtifactStore(settings.artifact_dir)
    lost, altered = (publish_blob(database, store, text) for text in (b"lost", b"altered"))
    store.path(lost.sha256).unlink()
    store.path(altered.sha256).write_bytes(b"Altered")
    made = back(settings, folder)
    assert made.missing_blobs == sorted([lost.sha256, altered.sha256])
    assert len(made.blobs) == 2
    assert bring(target(tmp_path), folder).missing_blobs == made.missing_blobs


@pytest.mark.usefixtures("filled")
def test_an_altered_backup_is_refused_before_anything_is_written(settings, folder, tmp_path):
    made = back(settings, folder)
    first = min(made.blobs)
    blob_path(folder, first).write_bytes(b"!")
    (folder / "tables" / "jobs.jsonl").unlink()
    with pytest.raises(BackupError, match=f"2 files .* tables/jobs.jsonl, artifacts/.*{first}"):
        bring(target(tmp_path), folder)
    assert not (tmp_path / "restored").exists()


@pytest.mark.usefixtures("filled")
def test_what_holds_rows_or_is_in_use_is_left_alone(settings, folder, tmp_path):
    back(settings, folder)
    before = rows(settings.resolved_database_url)
    with pytest.raises(BackupError, match=r"the database holds rows .*jobs"):
        bring(settings, folder)
    assert rows(settings.resolved_database_url) == before
    elsewhere = target(tmp_path)
    with hold_data_dir(elsewhere.data_dir), pytest.raises(DataDirInUseError, match="in use by"):
        bring(elsewhere, folder)
    with pytest.raises(BackupError, match="exists: name a folder that does not"):
        back(settings, folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format_version": 99}, "restore it with that version"),
        ({"schema_revision": "9999"}, "does not know: restore it with cellgebra"),
        ({"blobs": "many"}, "is not what a backup has"),
    ],
)
def test_a_backup_of_a_newer_version_is_refused(settings, folder, tmp_path, change, message):
    back(settings, folder)
    manifest = json.loads((folder / "backup.json").read_text())
    (folder / "backup.json").write_text(json.dumps({**manifest, **change}))
    with pytest.raises(BackupError, match=message):
        bring(target(tmp_path), folder)
    assert not (tmp_path / "restored").exists()


def test_a_folder_without_a_manifest_is_no_backup(settings, folder, tmp_path):
    back(settings, folder)
    (folder / "backup.json").unlink()
    with pytest.raises(BackupError, match="is no backup"):
        bring(target(tmp_path), folder)


def test_another_schema_than_that_of_this_version_is_not_backed_up(settings, folder):
    downgrade(settings.resolved_database_url, "0006")
    with pytest.raises(BackupError, match=f"has schema 0006, this version needs {head_revision()}"):
        back(settings, folder)
    assert not folder.exists()
    assert not folder.with_name("backup.partial").exists()


def test_no_database_is_made_to_be_backed_up(tmp_path, folder):
    nothing = target(tmp_path, name="nothing")
    with pytest.raises(BackupError, match="there is no database"):
        back(nothing, folder)
    assert not nothing.data_dir.exists()


@pytest.mark.usefixtures("filled")
def test_what_an_interrupted_backup_left_is_no_hindrance(settings, folder):
    partial = folder.with_name("backup.partial")
    (partial / "artifacts" / "ab").mkdir(parents=True)
    (partial / "artifacts" / "ab" / "rest").write_text("old")
    made = back(settings, folder)
    assert len([*(folder / "artifacts").glob("*/*")]) == len(made.blobs)
    shutil.rmtree(folder)


def test_times_keep_their_microseconds(settings, database, folder, tmp_path):
    job_id = add_training_job(database)
    exact = datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=UTC) + timedelta(microseconds=1)
    with database.write() as session:
        session.get_one(JobRecord, job_id).end_time = exact
    back(settings, folder)
    elsewhere = target(tmp_path)
    bring(elsewhere, folder)
    restored = Database(elsewhere.resolved_database_url)
    with restored.read() as session:
        assert session.get_one(JobRecord, job_id).end_time == exact
    restored.close()


@pytest.mark.usefixtures("filled")
def test_files_of_jobs_are_found_after_a_restore(settings, folder, tmp_path):
    back(settings, folder)
    elsewhere = target(tmp_path)
    bring(elsewhere, folder)
    restored = Database(elsewhere.resolved_database_url)
    with restored.read() as session:
        job_id = session.scalar(select(JobFileRecord.job_id))
        sha256 = job_files.find_file(session, "default", job_id, "f")
    restored.close()
    assert ArtifactStore(elsewhere.artifact_dir).read(sha256) == b"weights"
