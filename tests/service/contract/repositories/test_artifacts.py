"""Blobs: whole or not at all, shared by content, gone with the last who holds them."""

import hashlib

import pytest

from service.contract.artifacts import ArtifactStore
from service.contract.errors import NotFoundError
from service.contract.repositories import artifacts, datasets
from service.contract.repositories.jobs import Owner


@pytest.fixture
def store(tmp_path):
    return ArtifactStore(tmp_path / "artifacts")


def publish(database, store, owner, content):
    with store.writer() as writer, database.write() as session:
        writer.write(content)
        return artifacts.publish(session, owner, writer, "text/plain")


def files(store):
    return [path for path in store._root.rglob("*") if path.is_file()]


def test_a_published_blob_reads_back_under_its_hash(database, store, owner):
    blob = publish(database, store, owner, b"strain")
    assert blob.sha256 == hashlib.sha256(b"strain").hexdigest()
    assert store.read(blob.sha256) == b"strain"


def test_an_abandoned_blob_leaves_no_file(store):
    with store.writer() as writer:
        writer.write(b"half")
    assert files(store) == []


def test_a_failed_transaction_publishes_nothing(database, store):
    def fail():
        with store.writer() as writer, database.write():
            writer.write(b"strain")
            writer.seal()
            raise RuntimeError("the transaction fails before it publishes")

    with pytest.raises(RuntimeError):
        fail()
    assert files(store) == []


def test_the_last_holder_takes_the_blob(database, store, owner):
    rival = Owner("rival", "bob")
    blob = publish(database, store, owner, b"shared")
    publish(database, store, rival, b"shared")
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
    blob = publish(database, store, owner, b"named")
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
