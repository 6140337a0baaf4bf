"""Blobs: whole or not at all, shared by content, gone with the last who holds them."""

import hashlib

import pytest

from service.contract.artifacts import ArtifactStore
from service.contract.errors import NotFoundError
from service.contract.repositories import artifacts, datasets
from service.contract.repositories.jobs import Owner
from tests.service.rows import publish_blob


@pytest.fixture
def store(tmp_path):
    return ArtifactStore(tmp_path / "artifacts")


def files(store):
    return [path for path in store._root.rglob("*") if path.is_file()]


def test_a_published_blob_reads_back_under_its_hash(database, store, owner):
    blob = publish_blob(database, store, b"strain", owner=owner)
    assert blob.sha256 == hashlib.sha256(b"strain").hexdigest()
    assert store.read(blob.sha256) == b"strain"


def test_an_abandoned_blob_leaves_no_file(store):
    with store.writer() as writer:
        writer.write(b"half")
    assert files(store) == []


def test_a_sealed_blob_that_nobody_publishes_leaves_no_file(store):
    with store.writer() as writer:
        writer.write(b"strain")
        assert writer.seal() == writer.seal()
        with pytest.raises(NotFoundError):
            store.read(writer.sha256)
    assert files(store) == []


def test_the_last_holder_takes_the_blob(database, store, owner):
    rival = Owner("rival", "bob")
    blob = publish_blob(database, store, b"shared", owner=owner)
    publish_blob(database, store, b"shared", owner=rival)
    assert len(files(store)) == 1
    with database.write() as session:
        artifacts.release_artifact(session, store, "lab", blob.sha256)
    with database.read() as session, pytest.raises(NotFoundError):
        artifacts.get_artifact(session, "lab", blob.sha256)
    assert store.read(blob.sha256) == b"shared"
    with database.write() as session:
        artifacts.release_artifact(session, store, "rival", blob.sha256)
    assert files(store) == []


def test_a_blob_that_a_data_set_names_stays(database, store, owner):
    blob = publish_blob(database, store, b"named", owner=owner)
    with database.write() as session:
        datasets.add_dataset(
            session, owner, "dataset_1", name="d", spec={}, source=blob, job_id="job_1"
        )
    with database.write() as session:
        artifacts.release_artifact(session, store, "lab", blob.sha256)
    assert store.read(blob.sha256) == b"named"


@pytest.mark.parametrize("name", ["../../etc/passwd", "A" * 64, "", "0" * 63])
def test_only_a_hash_names_a_blob(store, name):
    with pytest.raises(NotFoundError):
        store.path(name)
