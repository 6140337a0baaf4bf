"""Blobs of a bucket are backed up and come back, into a bucket or a folder, each by its hash."""

import hashlib
import os
import subprocess
import sys

import pytest
from sqlalchemy import select

from service.backup.backup import back_up
from service.backup.manifest import blob_path
from service.backup.restore import restore
from service.contract.database import Database
from service.contract.records import ArtifactRecord
from service.contract.settings import Settings
from service.contract.stores import artifact_store
from tests.servers.bucket import Bucket, make_bucket
from tests.service.rows import publish_blob

pytestmark = pytest.mark.slow

CONTENTS = [b"weights", b"", os.urandom(20 * 2**20)]  # the last goes in two parts


@pytest.fixture
def database_kind():
    """Rows are rows; test_backup.py has both kinds."""
    return "sqlite"


@pytest.fixture
def settings(database_url, bucket, tmp_path):
    return Settings(data_dir=tmp_path / "data", database_url=database_url, **bucket.settings)


@pytest.fixture
def filled(settings, database):
    """Hashes of blobs in the bucket, of which this machine keeps none."""
    store = artifact_store(settings)
    for content in CONTENTS:
        store.let_go(publish_blob(database, store, content).sha256)
    return {hashlib.sha256(content).hexdigest() for content in CONTENTS}


@pytest.fixture
def folder(settings, filled, tmp_path):
    """A backup."""
    made = back_up(settings, tmp_path / "backup", lambda _: None)
    assert (set(made.blobs), made.missing_blobs) == (filled, [])
    return tmp_path / "backup"


def elsewhere(tmp_path, name, **changes):
    data_dir = tmp_path / name
    return Settings(
        data_dir=data_dir, database_url=f"sqlite:///{data_dir / 'cellgebra.db'}", **changes
    )


def bring(settings, folder):
    return restore(settings, folder, lambda _: None)


def named_in(settings):
    database = Database(settings.resolved_database_url)
    with database.read() as session:
        found = set(session.scalars(select(ArtifactRecord.sha256)))
    database.close()
    return found


def kept_here(settings):
    return [path for path in settings.artifact_dir.rglob("*") if path.is_file()]


def test_a_backup_holds_what_is_in_the_bucket_and_this_machine_keeps_none(settings, folder):
    assert {blob_path(folder, sha).read_bytes() for sha in named_in(settings)} == set(CONTENTS)
    assert kept_here(settings) == []


@pytest.mark.parametrize("into", ["bucket", "folder"])
def test_it_comes_back_into_either(folder, filled, s3, tmp_path, into):
    changes = make_bucket(s3).settings if into == "bucket" else {}
    target = elsewhere(tmp_path, into, **changes)
    bring(target, folder)
    store = artifact_store(target)
    assert named_in(target) == {blob.sha256 for blob in store.stored()} == filled
    assert all(store.is_whole(sha256) for sha256 in filled)
    if into == "bucket":
        assert kept_here(target) == []
        assert len([*store._bucket.listed()]) == len(filled)


def test_a_folder_comes_back_into_a_bucket(folder, filled, s3, tmp_path):
    local = elsewhere(tmp_path, "local")
    bring(local, folder)
    back_up(local, tmp_path / "second", lambda _: None)
    remote = elsewhere(tmp_path, "remote", **make_bucket(s3).settings)
    bring(remote, tmp_path / "second")
    assert all(artifact_store(remote).is_whole(sha256) for sha256 in filled)


def test_what_is_in_the_bucket_already_is_compared_and_replaced(folder, filled, s3, tmp_path):
    """As after a restore that was broken off, into objects that are not what they were."""
    target = elsewhere(tmp_path, "again", **make_bucket(s3).settings)
    store = artifact_store(target)
    large = hashlib.sha256(CONTENTS[2]).hexdigest()
    altered = CONTENTS[2][:-1] + b"!"
    store._bucket.call(store_put, f"{large[:2]}/{large}", altered)
    bring(target, folder)
    assert all(store.is_whole(sha256) for sha256 in filled)


def store_put(objects, key, content):
    objects.put(key, content)


def test_an_altered_object_is_named_and_the_rest_is_backed_up(settings, filled, tmp_path):
    weights = hashlib.sha256(b"weights").hexdigest()
    store = artifact_store(settings)
    store._bucket.call(store_put, f"{weights[:2]}/{weights}", b"Weights")
    gone = hashlib.sha256(b"").hexdigest()
    store._bucket.remove(f"{gone[:2]}/{gone}")
    made = back_up(settings, tmp_path / "backup", lambda _: None)
    assert made.missing_blobs == sorted([weights, gone])
    assert set(made.blobs) == filled - {weights, gone}
    assert not blob_path(tmp_path / "backup", weights).exists()


def test_a_bucket_that_cannot_be_had_is_told_of_in_one_line(settings, filled, tmp_path):
    assert filled
    lost = Bucket(settings.artifact_endpoint, "no-such-bucket")
    done = subprocess.run(
        [sys.executable, "-m", "service.cli", "db", "backup", str(tmp_path / "backup")],
        env={
            **os.environ,
            **lost.environment,
            "CELLGEBRA_DATA_DIR": str(settings.data_dir),
            "CELLGEBRA_DATABASE_URL": settings.resolved_database_url,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "cellgebra: there is no such bucket: look at CELLGEBRA_ARTIFACT_URL"
    )
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "backup").exists()
