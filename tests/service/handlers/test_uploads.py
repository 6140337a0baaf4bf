"""Uploads: all or nothing, once for a request, and what the waiting ends with."""

import asyncio
import hashlib
import sqlite3
import threading
from contextlib import closing

import pytest
from sqlalchemy import func, select

from service.contract.datasets import DatasetSpec, DatasetState
from service.contract.errors import (
    BadTableError,
    ConflictError,
    InvalidArgumentError,
    Offender,
    ResourceExhaustedError,
    UploadTooLargeError,
)
from service.contract.jobs import JobState
from service.contract.records import ArtifactRecord, DatasetRecord, JobRecord
from service.handlers import uploads
from service.handlers.uploads import Upload, upload_dataset
from tests.service.rows import DATASET_SPEC, claim, finish

TABLE = b"genotype\ttiter\nPP_1:deletion\t3\n"
REQUEST_ID = "0f8fad5b-d9cb-469f-a165-70867728950e"


on_both = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"])


@pytest.fixture
def database_kind():
    """Most of these laws hold whatever the database; `on_both` marks those that lean on it."""
    return "sqlite"


def upload_of(**changes):
    chosen = {"name": "table", "spec": DatasetSpec.model_validate(DATASET_SPEC), **changes}
    return Upload(**chosen)


async def pieces(*chunks, error=None):
    for chunk in chunks:
        yield chunk
    if error is not None:
        raise error


def nothing_left(context):
    with context.database.read() as session:
        rows = [
            session.scalar(select(func.count()).select_from(table))
            for table in (JobRecord, DatasetRecord, ArtifactRecord)
        ]
    root = context.settings.artifact_dir
    files = [path for path in root.rglob("*") if path.is_file()] if root.exists() else []
    return rows == [0, 0, 0] and files == []


@on_both
async def test_the_bytes_arrive_whole(context, caller):
    chunks = [bytes([number]) * 70_000 for number in range(40)]
    dataset = await upload_dataset(context, caller, upload_of(), pieces(*chunks))
    whole = b"".join(chunks)
    assert dataset.state is DatasetState.INGESTING
    assert dataset.size_bytes == len(whole)
    assert dataset.source_sha256 == hashlib.sha256(whole).hexdigest()
    assert context.store.read(dataset.source_sha256) == whole


async def test_the_bell_is_rung_after_the_commit(context, caller, valkey):
    dataset = await upload_dataset(context, caller, upload_of(), pieces(TABLE))
    with context.database.read() as session:
        job = session.scalar(select(JobRecord).where(JobRecord.subject_id == dataset.id))
    assert job.dispatch_time is not None
    with valkey.connect() as client:
        queued = [key for key in client.scan_iter() if key.endswith(b"batch")]
        assert any(job.id.encode() in item for key in queued for item in client.lrange(key, 0, -1))


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"\x1f\x8b rest", "application/gzip"),
        (b"PAR1 rest", "application/vnd.apache.parquet"),
        (b"\x89HDF\r\n\x1a\n rest", "application/x-hdf5"),
        (b"<html>", "text/plain"),
    ],
)
async def test_the_media_type_is_read_from_the_bytes(context, caller, head, media_type):
    dataset = await upload_dataset(context, caller, upload_of(), pieces(head[:1], head[1:]))
    with context.database.read() as session:
        row = session.get_one(ArtifactRecord, (dataset.source_sha256, caller.project_id))
    assert row.media_type == media_type


@pytest.mark.parametrize(
    ("chunks", "changes", "error"),
    [
        ([], {}, InvalidArgumentError),
        ([b""], {}, InvalidArgumentError),
        ([TABLE], {"size_bytes": len(TABLE) + 1}, InvalidArgumentError),
        ([TABLE], {"sha256": "0" * 64}, InvalidArgumentError),
        ([b"x" * 2**20] * 5, {}, UploadTooLargeError),
        ([TABLE], {"size_bytes": 5 * 2**20}, UploadTooLargeError),
    ],
)
async def test_a_bad_upload_leaves_nothing(context, caller, chunks, changes, error):
    with pytest.raises(error):
        await upload_dataset(context, caller, upload_of(**changes), pieces(*chunks))
    assert nothing_left(context)


@on_both
async def test_an_ingest_that_may_not_wait_is_refused_before_its_body(context, caller):
    context.settings.max_queued_jobs = 1
    first = await upload_dataset(context, caller, upload_of(request_id="r1"), pieces(TABLE))
    again = await upload_dataset(context, caller, upload_of(request_id="r1"), pieces(TABLE))
    assert again.id == first.id

    async def unread():
        pytest.fail("the body was asked for")
        yield b""

    for request_id in (None, "r2"):
        upload = upload_of(request_id=request_id)
        with pytest.raises(ResourceExhaustedError, match="CELLGEBRA_MAX_QUEUED_JOBS") as caught:
            await upload_dataset(context, caller, upload, unread())
        assert caught.value.reason == "TOO_MANY_REQUESTS"


@on_both
async def test_of_uploads_at_once_as_many_are_taken_as_may_wait(context, caller):
    context.settings.max_queued_jobs = 1
    over = asyncio.Barrier(6)  # all bodies have begun before one has come

    async def body():
        yield TABLE
        await over.wait()

    sent = [upload_dataset(context, caller, upload_of(), body()) for _ in range(6)]
    answers = await asyncio.gather(*sent, return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, ResourceExhaustedError)]
    assert len(refused) == 5, answers


async def test_a_broken_connection_leaves_nothing(context, caller):
    body = pieces(b"x" * 2**21, error=ConnectionError("gone"))
    with pytest.raises(ConnectionError):
        await upload_dataset(context, caller, upload_of(), body)
    assert nothing_left(context)


@on_both
async def test_a_failed_transaction_leaves_nothing(context, caller, monkeypatch):
    def fail(*_, **__):
        raise OSError("no space left")

    monkeypatch.setattr(uploads, "add_upload", fail)
    with pytest.raises(OSError, match="no space"):
        await upload_dataset(context, caller, upload_of(), pieces(TABLE))
    assert nothing_left(context)


async def test_no_transaction_waits_for_the_disk(context, caller, monkeypatch):
    flushed = []

    def flush(descriptor):
        with closing(sqlite3.connect(context.database.engine.url.database, timeout=0)) as other:
            other.execute("BEGIN IMMEDIATE")  # refused while somebody else writes
        flushed.append(descriptor)

    monkeypatch.setattr("os.fsync", flush)
    await upload_dataset(context, caller, upload_of(), pieces(TABLE))
    assert len(flushed) == 1


async def test_a_cancelled_upload_leaves_nothing(context, caller):
    is_written = asyncio.Event()

    async def stalled():
        yield b"x" * 2**21
        is_written.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(upload_dataset(context, caller, upload_of(), stalled()))
    await is_written.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert nothing_left(context)


async def test_an_upload_that_is_cancelled_at_its_start_leaves_nothing(
    context, caller, monkeypatch
):
    is_making, may_make, make = threading.Event(), threading.Event(), context.store.writer

    def make_slowly():
        is_making.set()
        assert may_make.wait(30)
        return make()

    monkeypatch.setattr(context.store, "writer", make_slowly)
    task = asyncio.create_task(upload_dataset(context, caller, upload_of(), pieces(TABLE)))
    assert await asyncio.to_thread(is_making.wait, 30)
    task.cancel()
    may_make.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert nothing_left(context)


@on_both
async def test_the_same_request_twice_is_once(context, caller):
    upload = upload_of(request_id=REQUEST_ID)
    first = await upload_dataset(context, caller, upload, pieces(TABLE))
    second = await upload_dataset(context, caller, upload, pieces(TABLE))
    assert second.id == first.id
    assert not list((context.settings.artifact_dir / "incoming").iterdir())


@pytest.mark.parametrize(
    ("changes", "table"), [({}, TABLE + b"PP_2:deletion\t4\n"), ({"name": "other"}, TABLE)]
)
async def test_a_used_request_id_takes_no_other_content(context, caller, changes, table):
    upload = upload_of(request_id=REQUEST_ID)
    first = await upload_dataset(context, caller, upload, pieces(TABLE))
    with pytest.raises(ConflictError):
        await upload_dataset(
            context, caller, upload_of(request_id=REQUEST_ID, **changes), pieces(table)
        )
    blobs = [path.name for path in context.settings.artifact_dir.rglob("?" * 64)]
    assert blobs == [first.source_sha256]


@on_both
async def test_the_same_request_at_the_same_moment_is_once(context, caller):
    upload = upload_of(request_id=REQUEST_ID)
    found = await asyncio.gather(
        *(upload_dataset(context, caller, upload, pieces(TABLE)) for _ in range(5))
    )
    assert len({dataset.id for dataset in found}) == 1


@on_both
async def test_a_request_id_belongs_to_its_project(context, caller, stranger):
    upload = upload_of(request_id=REQUEST_ID)
    first = await upload_dataset(context, caller, upload, pieces(TABLE))
    second = await upload_dataset(context, stranger, upload, pieces(TABLE))
    assert second.id != first.id


async def test_the_upload_waits_for_the_end_of_ingest(context, caller):
    context.settings.ingest_wait_seconds = 1000
    uploading = asyncio.create_task(upload_dataset(context, caller, upload_of(), pieces(TABLE)))
    job_id = None
    while job_id is None:
        await asyncio.sleep(0.01)
        with context.database.read() as session:
            job_id = session.scalar(select(JobRecord.id))
    error = BadTableError("row 1: no", [Offender(message="no", row=1, column="titer")])
    finish(
        context.database, claim(context.database, job_id), JobState.FAILED, error=error.as_problem()
    )
    dataset = await asyncio.wait_for(uploading, 30)
    assert dataset.state is DatasetState.FAILED
    assert dataset.error.reason == "BAD_TABLE"
    assert (dataset.error.errors[0].row, dataset.error.errors[0].column) == (1, "titer")
