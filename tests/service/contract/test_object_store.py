"""A bucket that fails: named errors, retries, nothing half-written. Its laws: test_artifacts.py."""

import hashlib
import os
import time

import pytest

from service.contract import object_store
from service.contract.artifacts import ArtifactStore
from service.contract.bucket import PART_BYTES
from service.contract.errors import BrokenArtifactError, NotFoundError, StorageAwayError
from service.contract.settings import Settings
from service.contract.stores import artifact_store
from tests.servers.bucket import Bucket, spoiling_proxy

CONTENT = b"strain" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def put(store, content=CONTENT):
    with store.writer() as writer:
        writer.write(content)
        sealed = writer.seal()
        sealed.reveal()
    return sealed.sha256


def objects(store):
    return [found["path"] for found in store._bucket.listed()]


def unfinished(store):
    return list((store._root / "incoming").rglob("*"))


@pytest.fixture
def store(bucket, tmp_path):
    return bucket.store(tmp_path / "artifacts")


@pytest.fixture
def far(bucket, tmp_path):
    """The store of another machine."""
    return bucket.store(tmp_path / "far" / "artifacts")


@pytest.fixture
def spoiled(bucket, tmp_path):
    """Runs work with a store whose bucket answers as `spoil` says; notes what it was asked."""

    def run(work, spoil):
        asked = []

        def counting(method, path, status, content):
            asked.append(method)
            return spoil(method, path, status, content, len(asked))

        with spoiling_proxy(bucket.endpoint, counting) as endpoint:
            store = bucket.store(tmp_path / "spoiled" / "artifacts", artifact_endpoint=endpoint)
            try:
                return work(store)
            finally:
                assert unfinished(store) == []
                run.asked = asked

    return run


def test_machines_without_a_shared_folder_share_blobs(store, far):
    put(store)
    assert far.read(SHA256) == CONTENT
    assert far.check(SHA256).is_relative_to(far._root)
    assert [blob.sha256 for blob in far.stored()] == [SHA256]
    far.delete(SHA256)
    assert not store.has(SHA256)
    assert objects(store) == []


def test_a_large_blob_goes_in_parts_and_comes_back_whole(store, far):
    content = b"0123456789abcdef" * (PART_BYTES // 16 * 2 + 1)
    sha256 = put(store, content)
    assert hashlib.sha256(far.read(sha256)).hexdigest() == sha256
    assert objects(store) == [f"{sha256[:2]}/{sha256}"]


@pytest.fixture
def too_large(monkeypatch):
    """Three parts, which are more than can be copied at once."""
    monkeypatch.setattr(object_store, "MOST_COPIED_BYTES", PART_BYTES)
    return os.urandom(1000) * (PART_BYTES // 1000 * 2 + 10)


def test_a_blob_too_large_to_be_copied_is_sent_once_and_appears_when_it_is_revealed(
    store, far, spoiled, too_large
):
    sha256 = hashlib.sha256(too_large).hexdigest()
    sent = []

    def spoil(method, path, status, content, _number):
        sent.append(f"{method} {path.partition('?')[2].partition('=')[0]}".strip())
        return status, content, len(content)

    def work(one):
        with one.writer() as writer:
            writer.write(too_large)
            sealed = writer.seal()
            deadline = time.monotonic() + 20
            while sent.count("PUT partNumber") < 2:  # all but the last, which is not full
                assert time.monotonic() < deadline
                time.sleep(0.01)
            assert objects(store) == []
            before = len(sent)
            sealed.reveal()
            return sent[before:]

    within_transaction = spoiled(work, spoil)
    assert within_transaction == ["HEAD", "PUT partNumber", "POST uploadId", "HEAD"]
    assert sent.count("PUT partNumber") == 3  # each part once, in all
    assert hashlib.sha256(far.read(sha256)).hexdigest() == sha256
    assert objects(store) == [f"{sha256[:2]}/{sha256}"]


def test_a_large_blob_that_nobody_publishes_leaves_no_object(store, too_large):
    with store.writer() as writer:
        writer.write(too_large)
        writer.seal()
    assert objects(store) == []
    assert unfinished(store) == []


def test_a_large_blob_twice_is_one_object(store, too_large):
    assert put(store, too_large) == put(store, too_large)
    assert len(objects(store)) == 1


def test_a_large_upload_that_is_not_let_in_is_named(store, spoiled, too_large):
    def spoil(_method, path, status, content, _number):
        answer = b"<Error><Code>AccessDenied</Code></Error>"
        refused = "partNumber" in path
        return (403, answer, len(answer)) if refused else (status, content, len(content))

    with pytest.raises(StorageAwayError, match="credentials"):
        spoiled(lambda one: put(one, too_large), spoil)
    assert objects(store) == []


def test_a_file_is_handed_over_to_another_machine(store, far):
    far.hand_over("export-1", "model.onnx", b"onnx")
    assert store.handed_over("export-1", "model.onnx").read_bytes() == b"onnx"
    store.forget_scratch("export-1")
    assert objects(store) == []
    with pytest.raises(NotFoundError):
        far.handed_over("export-2", "model.onnx")


def test_what_is_kept_here_is_bounded_but_for_what_was_asked_for_lately(bucket, store, tmp_path):
    shas = [put(store, bytes([number]) * 1000) for number in range(4)]
    small = bucket.store(tmp_path / "small" / "artifacts", artifact_cache_bytes=2000)
    paths = [small.path(sha256) for sha256 in shas[:3]]
    for age, path in enumerate(paths):
        os.utime(path, (1e9 - age, 1e9 - age))
    small.path(shas[3])
    assert [path.exists() for path in paths] == [True, True, False]
    assert small.read(shas[2]) == bytes([2]) * 1000


def test_a_few_refusals_are_waited_out(store, spoiled):
    put(store)

    def spoil(_method, _path, status, content, number):
        return (503, b"", 0) if number <= 2 else (status, content, len(content))

    assert spoiled(lambda one: one.read(SHA256), spoil) == CONTENT
    assert len(spoiled.asked) >= 3


@pytest.mark.slow
def test_a_dropped_connection_is_tried_again(store, spoiled):
    put(store)

    def spoil(_method, _path, status, content, number):
        return None if number == 1 else (status, content, len(content))

    assert spoiled(lambda one: one.read(SHA256), spoil) == CONTENT


def test_a_body_that_is_cut_off_is_read_again(store, spoiled):
    put(store)

    def spoil(_method, _path, status, content, number):
        return (status, content[:100] if number == 1 else content, len(content))

    assert spoiled(lambda one: one.read(SHA256), spoil) == CONTENT


def test_another_content_is_found_out(store, spoiled):
    put(store)

    def spoil(_method, _path, status, content, _number):
        return status, content[::-1], len(content)

    with pytest.raises(BrokenArtifactError, match="not what it was"):
        spoiled(lambda one: one.read(SHA256), spoil)
    assert spoiled.asked == ["GET"] * 3


def test_an_upload_that_is_not_let_in_leaves_nothing(spoiled):
    def spoil(*_):
        answer = b"<Error><Code>AccessDenied</Code></Error>"
        return 403, answer, len(answer)

    with pytest.raises(StorageAwayError, match="credentials"):
        spoiled(put, spoil)


def test_a_bucket_that_is_not_there_is_named(bucket, tmp_path):
    store = Bucket(bucket.endpoint, "no-such-bucket").store(tmp_path / "artifacts")
    for work in (put, lambda one: one.read(SHA256), lambda one: list(one.stored())):
        with pytest.raises(StorageAwayError, match="CELLGEBRA_ARTIFACT_URL"):
            work(store)
    assert unfinished(store) == []


def test_unfinished_files_are_forgotten_here_also_where_the_bucket_is_not_there(bucket, tmp_path):
    store = Bucket(bucket.endpoint, "no-such-bucket").store(tmp_path / "artifacts")
    (store.scratch("job_1.1") / "file").write_bytes(b"unfinished")
    store.forget_scratch("job_1.1")
    assert unfinished(store) == []


def test_without_a_url_blobs_are_files(tmp_path):
    assert type(artifact_store(Settings(data_dir=tmp_path))) is ArtifactStore


def test_another_kind_of_url_is_refused(tmp_path):
    with pytest.raises(ValueError, match="s3://bucket/prefix"):
        artifact_store(Settings(data_dir=tmp_path, artifact_url="gs://bucket"))
