"""Only what nothing needs is collected, also beside a publication that is under way."""

import pytest
from sqlalchemy import event

from service.contract.artifacts import ArtifactStore
from service.contract.records import DatasetRecord
from service.contract.repositories import artifacts
from service.contract.repositories.garbage import collect, find_garbage
from tests.service.rows import add_dataset, publish_blob


@pytest.fixture
def store(tmp_path):
    return ArtifactStore(tmp_path / "artifacts")


@pytest.fixture
def needed(database, store):
    """A blob that a data set names."""
    blob = publish_blob(database, store, b"needed")
    dataset_id, _ = add_dataset(database)
    with database.write() as session:
        session.get_one(DatasetRecord, dataset_id).table_sha256 = blob.sha256
    return blob


def leave_file(store, content):
    """A blob as a process leaves it that is killed before its commit."""
    with store.writer() as writer:
        writer.write(content)
        sealed = writer.seal()
        sealed.reveal()
    return sealed.sha256


def stored(store):
    return {blob.sha256 for blob in store.stored()}


def test_what_nothing_needs_goes_and_the_rest_stays(database, store, needed):
    killed = leave_file(store, b"killed")
    unnamed = publish_blob(database, store, b"nothing names it")
    found = find_garbage(database, store)
    assert [blob.sha256 for blob in found.unheld] == [killed]
    assert [blob.sha256 for _, blob in found.unnamed] == [unnamed.sha256]
    assert (found.size_bytes, found.missing) == (len(b"killed") + len(b"nothing names it"), [])
    assert stored(store) == {needed.sha256, killed, unnamed.sha256}  # looking changes nothing
    collect(database, store, found)
    assert stored(store) == {needed.sha256}
    again = find_garbage(database, store)
    assert (again.unheld, again.unnamed, again.size_bytes) == ([], [], 0)


@pytest.mark.usefixtures("needed")
def test_single_blobs_are_asked_for_only_where_the_list_lacks_them(database, store, monkeypatch):
    """Each is a request to a bucket."""
    lost = publish_blob(database, store, b"lost")
    store.delete(lost.sha256)
    asked, has = [], store.has
    monkeypatch.setattr(store, "has", lambda sha256: asked.append(sha256) or has(sha256))
    assert find_garbage(database, store).missing == [lost.sha256]
    assert asked == [lost.sha256]


def test_what_has_come_to_be_needed_since_stays(database, store):
    killed = leave_file(store, b"killed")
    found = find_garbage(database, store)
    publish_blob(database, store, b"killed")
    collect(database, store, found)
    assert store.has(killed)


def test_another_collector_is_harmless(database, store, needed):
    leave_file(store, b"killed")
    found = find_garbage(database, store)
    collect(database, store, found)
    collect(database, store, found)
    assert stored(store) == {needed.sha256}


def test_a_missing_file_is_told_and_its_row_stays(database, store, needed):
    store.path(needed.sha256).unlink()
    found = find_garbage(database, store)
    assert found.missing == [needed.sha256]
    collect(database, store, found)
    with database.read() as session:
        assert artifacts.get_artifact(session, "default", needed.sha256)


@pytest.mark.usefixtures("needed")
def test_many_blobs_take_as_many_statements_as_few(database, store):
    statements = []
    event.listen(database.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    counts = []
    for content in (b"one", b"two", b"three"):
        publish_blob(database, store, content)
        statements.clear()
        found = find_garbage(database, store)
        counts.append(len(statements))
    assert len(found.unnamed) == 3
    assert len(set(counts)) == 1
