"""Uploads: a body of any size becomes a blob, a row and an ingest job, or leaves nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

from pydantic import BaseModel

from service.contract.blobs import CHUNK_BYTES, BlobWriter
from service.contract.errors import InvalidArgumentError, UploadTooLargeError
from service.contract.jobs import JobKind
from service.contract.records import DatasetRecord
from service.contract.repositories import queue
from service.contract.repositories.artifacts import publish, write_blobs
from service.contract.repositories.jobs import create_job, find_request, has_made, new_id
from service.contract.repositories.uploads import add_upload
from service.contract.resources import Dataset
from service.handlers.context import Caller, Context
from service.handlers.datasets import get_dataset
from service.handlers.requests import request_of, ring

SHA256_PATTERN = "^[0-9a-f]{64}$"

_GZIP_MAGIC = b"\x1f\x8b"
_PARQUET_MAGIC = b"PAR1"
_HDF5_MAGIC = b"\x89HDF"  # of eight bytes the first four tell
_HEAD_BYTES = 4


@dataclass(frozen=True)
class Upload:
    """What comes beside the bytes. `size_bytes` and `sha256` are announced, if the sender did."""

    name: str
    spec: BaseModel
    size_bytes: int | None = None
    sha256: str | None = None
    request_id: str | None = None


@dataclass(frozen=True)
class Ingest:
    """What an upload becomes: the kind of its job, how its id begins, and how its row is made.

    `parent` names what it is a part of, by the parameter of `add`.
    """

    kind: JobKind
    prefix: str
    add: Callable[..., object]
    parent: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Recorded:
    subject_id: str
    job_id: str
    is_new: bool


async def upload_dataset(
    context: Context, caller: Caller, upload: Upload, chunks: AsyncIterator[bytes]
) -> Dataset:
    """Store a table of designs and start its ingest; see `store_upload`.

    Raises:
        InvalidArgumentError: the body is empty, cut off or too large.
        ConflictError: the request id was used with another table, name or spec.
        ResourceExhaustedError: as many jobs of the caller wait as may.
    """
    ingest = Ingest(JobKind.INGEST, "dataset", partial(add_upload, record=DatasetRecord))
    dataset_id = await store_upload(context, caller, upload, chunks, ingest=ingest)
    return await context.threads.run(get_dataset, context, caller, dataset_id)


async def store_upload(
    context: Context,
    caller: Caller,
    upload: Upload,
    chunks: AsyncIterator[bytes],
    *,
    ingest: Ingest,
) -> str:
    """Store a file, start its ingest, and return the id of what it becomes.

    Waits `ingest_wait_seconds` for the end of the ingest. The same request twice gives the first
    one. Whatever goes wrong on the way, no row and no blob stay behind.

    Raises:
        InvalidArgumentError: the body is empty, cut off or too large.
        ConflictError: the request id was used with another file, name or spec.
        ResourceExhaustedError: as many jobs of the caller wait as may.
    """
    await require_room(context, caller, ingest.kind, upload.request_id)
    body = received(context, caller, upload.size_bytes, chunks, sha256=upload.sha256)
    async with body as (writer, media_type):
        record = partial(_record, media_type=media_type, ingest=ingest)
        recorded = await context.threads.run(record, context, caller, writer, upload)
    if recorded.is_new:
        await context.threads.run(ring, context, recorded.job_id, ingest.kind)
    with suppress(TimeoutError):
        async with asyncio.timeout(context.settings.ingest_wait_seconds):
            await _wait_for_end(context, recorded.job_id)
    return recorded.subject_id


async def require_room(
    context: Context, caller: Caller, kind: JobKind, request_id: str | None
) -> bool:
    """Refuse a job before its body is read; the row is added under the same rule.

    Returns:
        Whether the request has made one before, for which there is room.

    Raises:
        ResourceExhaustedError: as many jobs of the caller wait as may.
    """
    return await context.threads.run(_require_room, context, caller, kind, request_id)


def _require_room(context: Context, caller: Caller, kind: JobKind, request_id: str | None) -> bool:
    with context.database.read() as session:
        is_made = has_made(session, caller.project_id, kind, request_id)
        if not is_made:
            queue.require_room(session, caller.owner, context.settings.max_queued_jobs)
        return is_made


@asynccontextmanager
async def received(
    context: Context,
    caller: Caller,
    announced_bytes: int | None,
    chunks: AsyncIterator[bytes],
    *,
    sha256: str | None = None,
) -> AsyncIterator[tuple[BlobWriter, str]]:
    """A body as a sealed blob with its media type; it goes with the block, unless it is published.

    Raises:
        InvalidArgumentError: the body is empty, cut off or too large, or has another sha256.
        QuotaExceededError: the caller has uploaded as much today as it may.
    """
    _require_size(context, announced_bytes or 0)
    await context.limits.require_upload(caller.key_id, announced_bytes or 1)
    begun: list[BlobWriter] = []  # a call that is cancelled here has made its file all the same
    try:
        await context.threads.run(lambda: begun.append(context.store.writer()))
        writer = begun[0]
        media_type = await _receive(context, caller, writer, chunks)
        _require_whole(writer.size_bytes, announced_bytes)
        _require_same(writer.sha256, sha256)
        yield writer, media_type
    finally:
        for writer in begun:
            await context.threads.run(writer.discard)


async def _receive(
    context: Context, caller: Caller, writer: BlobWriter, chunks: AsyncIterator[bytes]
) -> str:
    """Write the body in pieces of about `CHUNK_BYTES`; returns its media type."""
    pending = bytearray()
    head = b""
    async for chunk in chunks:
        pending += chunk
        if len(head) < _HEAD_BYTES:
            head = (head + chunk)[:_HEAD_BYTES]
        if len(pending) >= CHUNK_BYTES:
            _require_size(context, writer.size_bytes + len(pending))
            await context.limits.take_upload(caller.key_id, len(pending))
            await context.threads.run(writer.write, bytes(pending))
            pending.clear()
    _require_size(context, writer.size_bytes + len(pending))
    await context.limits.take_upload(caller.key_id, len(pending))
    await context.threads.run(_finish_writing, writer, bytes(pending))
    return _media_type(head)


def _finish_writing(writer: BlobWriter, data: bytes) -> None:
    writer.write(data)
    writer.seal()


def _require_size(context: Context, size_bytes: int) -> None:
    limit = context.settings.max_upload_bytes
    if size_bytes > limit:
        raise UploadTooLargeError(
            f"the upload is larger than {limit} bytes, which is the limit here "
            "(CELLGEBRA_MAX_UPLOAD_BYTES)"
        )


def _require_whole(size_bytes: int, announced_bytes: int | None) -> None:
    if size_bytes == 0:
        raise InvalidArgumentError("the body is empty: send the table itself as the body")
    if announced_bytes is not None and announced_bytes != size_bytes:
        raise InvalidArgumentError(
            f"the upload was cut off: {size_bytes} of {announced_bytes} bytes came; send it again"
        )


def _require_same(sha256: str, announced: str | None) -> None:
    if announced is not None and announced != sha256:
        raise InvalidArgumentError(
            f"the upload was altered on its way: its sha256 is {sha256}, not {announced}; "
            "send it again"
        )


def _media_type(head: bytes) -> str:
    """The type by the first bytes; what the sender claims is not trusted."""
    if head.startswith(_GZIP_MAGIC):
        return "application/gzip"
    if head == _HDF5_MAGIC:
        return "application/x-hdf5"
    return "application/vnd.apache.parquet" if head == _PARQUET_MAGIC else "text/plain"


def _record(
    context: Context,
    caller: Caller,
    writer: BlobWriter,
    upload: Upload,
    *,
    media_type: str,
    ingest: Ingest,
) -> _Recorded:
    spec = upload.spec.model_dump(mode="json")
    body = {"source_sha256": writer.sha256, "spec": spec, "name": upload.name, **ingest.parent}
    request = request_of(upload.request_id, body)
    with write_blobs(context.database, context.store) as session:
        queue.lock_owner(session, caller.owner)
        first = find_request(session, caller.project_id, ingest.kind, request)
        if first is not None:
            return _Recorded(first.subject_id, first.id, is_new=False)
        queue.require_room(session, caller.owner, context.settings.max_queued_jobs)
        subject_id = new_id(ingest.prefix)
        job, is_new = create_job(
            session, caller.owner, ingest.kind, spec, subject_id=subject_id, request=request
        )
        if not is_new:
            return _Recorded(job.subject_id, job.id, is_new=False)
        blob = publish(session, caller.owner, writer.seal(), media_type)
        ingest.add(
            session,
            caller.owner,
            subject_id,
            name=upload.name,
            spec=spec,
            source=blob,
            job_id=job.id,
            **ingest.parent,
        )
        return _Recorded(subject_id, job.id, is_new=True)


async def _wait_for_end(context: Context, job_id: str) -> None:
    async with aclosing(context.events.follow(job_id, 0)) as events:
        async for _ in events:
            pass
