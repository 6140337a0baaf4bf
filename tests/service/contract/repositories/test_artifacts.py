"""Blobs: whole or not at all, shared by content, gone with the last who holds them."""

import hashlib
import os
import random
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import event, select

from service.contract.artifacts import ArtifactStore
from service.contract.errors import BrokenArtifactError, NotFoundError
from service.contract.object_store import ObjectArtifactStore
from service.contract.records import ArtifactRecord, DatasetRecord
from service.contract.repositories import artifacts, uploads
from service.contract.repositories.jobs import Owner
from tests.service.rows import publish_blob


@pytest.fixture(params=["folder", pytest.param("bucket", marks=pytest.mark.slow)])
def store(request, tmp_path):
    """A store of either kind, to which the same laws apply."""
    if request.param == "folder":
        return ArtifactStore(tmp_path / "artifacts")
    return request.getfixturevalue("bucket").store(tmp_path / "artifacts")


def release(database, store, project_id, blob):
    with artifacts.write_blobs(database, store) as session:
        artifacts.release_artifact(session, project_id, blob.sha256)


def files(store):
    """What the store holds, whole or not, and what is unfinished on this machine."""
    if isinstance(store, ObjectArtifactStore):
        unfinished = [path for path in (store._root / "incoming").rglob("*") if path.is_file()]
        return [Path(found["path"]) for found in store._bucket.listed()] + unfinished
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
    release(database, store, "lab", blob)
    with database.read() as session, pytest.raises(NotFoundError):
        artifacts.get_artifact(session, "lab", blob.sha256)
    assert store.read(blob.sha256) == b"shared"
    release(database, store, "rival", blob)
    assert files(store) == []


def test_a_blob_that_a_data_set_names_stays(database, store, owner):
    blob = publish_blob(database, store, b"named", owner=owner)
    with database.write() as session:
        given = {"name": "d", "spec": {}, "source": blob, "job_id": "job_1"}
        uploads.add_upload(session, owner, "dataset_1", record=DatasetRecord, **given)
    release(database, store, "lab", blob)
    assert store.read(blob.sha256) == b"named"


def test_a_release_that_is_not_committed_keeps_the_blob(database, store, owner):
    blob = publish_blob(database, store, b"strain", owner=owner)

    def fail():
        with artifacts.write_blobs(database, store) as session:
            artifacts.release_artifact(session, "lab", blob.sha256)
            raise RuntimeError("the transaction fails")

    with pytest.raises(RuntimeError):
        fail()
    with database.read() as session:
        assert artifacts.get_artifact(session, "lab", blob.sha256).size_bytes == 6
    assert store.read(blob.sha256) == b"strain"


def refuse_to_commit(_session):
    raise RuntimeError("the commit fails")


def test_a_blob_whose_commit_fails_is_taken_back(database, store, owner):
    def fail(content):
        with store.writer() as writer:
            writer.write(content)
            sealed = writer.seal()
            with artifacts.write_blobs(database, store) as session:
                event.listen(session, "before_commit", refuse_to_commit)
                artifacts.publish(session, owner, sealed, "text/plain")

    shared = publish_blob(database, store, b"shared", owner=Owner("rival", "bob"))
    for content in (b"strain", b"shared"):
        with pytest.raises(RuntimeError, match="the commit fails"):
            fail(content)
    assert [path.name for path in files(store)] == [shared.sha256]


def test_a_file_is_there_as_long_as_somebody_holds_it(database, store):
    """Projects publish, fail to publish and release one content, all at once."""
    contents = [b"one", b"two"]

    def churn(number):
        chance = random.Random(number)  # noqa: S311 - no secret
        owner = Owner(f"project_{number % 2}", "ada")
        for _ in range(20):
            content = chance.choice(contents)
            with suppress(RuntimeError), store.writer() as writer:
                writer.write(content)
                sealed = writer.seal()
                with artifacts.write_blobs(database, store) as session:
                    if chance.random() < 0.5:
                        event.listen(session, "before_commit", refuse_to_commit)
                    if chance.random() < 0.5:
                        artifacts.publish(session, owner, sealed, "text/plain")
                    else:
                        artifacts.release_artifact(session, owner.project_id, sealed.sha256)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(churn, range(4)))
    with database.read() as session:
        held = set(session.scalars(select(ArtifactRecord.sha256)))
    assert {path.name for path in files(store)} == held


@pytest.mark.parametrize("name", ["../../etc/passwd", "A" * 64, "", "0" * 63])
def test_only_a_hash_names_a_blob(store, name):
    with pytest.raises(NotFoundError):
        store.path(name)


def test_a_blob_that_is_altered_or_missing_is_found_out(database, store, owner):
    sha256 = publish_blob(database, store, b"strain", owner=owner).sha256
    assert store.read_checked(sha256) == b"strain"
    path = store.check(sha256)
    path.write_bytes(b"sprain!")
    for look in (store.check, store.read_checked):
        with pytest.raises(BrokenArtifactError, match="not what it was"):
            look(sha256)
    path.write_bytes(b"strain")
    assert store.check(sha256) == path
    store.delete(sha256)
    for look in (store.check, store.read_checked):
        with pytest.raises(BrokenArtifactError, match="missing"):
            look(sha256)


KILLED = """
import os, signal, sys
from pathlib import Path
from service.contract.database import Database
from service.contract.repositories import artifacts
from service.contract.repositories.jobs import Owner
from service.contract.settings import Settings
from service.contract.stores import artifact_store

database, store = Database(sys.argv[1]), artifact_store(Settings(data_dir=Path(sys.argv[2])))
die = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
with artifacts.write_blobs(database, store) as session, store.writer() as writer:
    writer.write(b"strain")
    blob = artifacts.publish(session, Owner("lab", "ada"), writer.seal(), "text/plain")
    if sys.argv[3] == "before its commit":
        die()
store.delete = die
with artifacts.write_blobs(database, store) as session:
    artifacts.release_artifact(session, "lab", blob.sha256)
"""


@pytest.mark.parametrize("when", ["before its commit", "after it has let go"])
def test_what_a_killed_process_leaves_is_collected(database, store, owner, when, request):
    kept = publish_blob(database, store, b"kept", owner=owner)
    url = database.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", KILLED, url, str(store._root.parent), when]
    named = isinstance(store, ObjectArtifactStore) and request.getfixturevalue("bucket").environment
    environment = {**os.environ, **(named or {})}
    done = subprocess.run(command, check=False, env=environment)
    assert done.returncode == -signal.SIGKILL
    left = hashlib.sha256(b"strain").hexdigest()
    assert store.has(left)
    artifacts.collect_doubtful(database, store, 60)
    assert store.has(left)  # its process may be at work
    artifacts.collect_doubtful(database, store, 0)
    assert [path.name for path in files(store)] == [kept.sha256]


def test_word_of_a_blob_goes_with_its_transaction(database, store, owner):
    blob = publish_blob(database, store, b"strain", owner=owner)
    assert [path.name for path in files(store)] == [blob.sha256]
    release(database, store, "lab", blob)
    assert files(store) == []
