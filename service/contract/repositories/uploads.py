"""All SQL of what is uploaded: data sets, gene tables and networks live one life.

INGESTING until their ingest job has ended, then READY with what it found, or FAILED with its error.
An ingest that comes to nothing leaves no blob.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from service.contract.blobs import Blob
from service.contract.datasets import DatasetState
from service.contract.errors import (
    FailedPreconditionError,
    IngestCancelledError,
    NotFoundError,
)
from service.contract.jobs import JobKind, JobState
from service.contract.records import (
    DatasetRecord,
    GeneTableRecord,
    JobRecord,
    NetworkRecord,
    UploadRecord,
)
from service.contract.repositories.artifacts import release_artifact
from service.contract.repositories.jobs import Owner, request_cancel
from service.contract.repositories.paging import Page, fetch_page

U = TypeVar("U", bound=UploadRecord)

_BY_JOB: Mapping[str, type[UploadRecord]] = {
    JobKind.INGEST: DatasetRecord,
    JobKind.GENE_TABLE: GeneTableRecord,
    JobKind.NETWORK: NetworkRecord,
}


def add_upload(
    session: Session,
    owner: Owner,
    id_: str,
    *,
    record: type[U],
    name: str,
    spec: Mapping[str, Any],
    source: Blob,
    job_id: str,
    **parent: str,
) -> U:
    """Record it as INGESTING; `parent` names what it is a part of, by its column."""
    upload = record(
        id=id_,
        project_id=owner.project_id,
        created_by=owner.created_by,
        name=name,
        state=DatasetState.INGESTING.value,
        spec=dict(spec),
        source_sha256=source.sha256,
        size_bytes=source.size_bytes,
        job_id=job_id,
        **parent,
    )
    session.add(upload)
    session.flush()
    return upload


def get_upload(
    session: Session, record: type[U], project_id: str, id_: str, *, lock: bool = False
) -> U:
    """Read a data set, a gene table or a network, locked until the transaction ends if asked.

    Raises:
        NotFoundError: this project has no such thing.
    """
    query = select(record).where(record.id == id_, record.project_id == project_id)
    upload = session.scalar(query.with_for_update() if lock else query)
    if upload is None:
        raise NotFoundError(f"no {record.noun} {id_}")
    return upload


def get_ready(
    session: Session, record: type[U], project_id: str, id_: str, *, lock: bool = False
) -> U:
    """Read one that can be used.

    Raises:
        NotFoundError: this project has no such thing.
        FailedPreconditionError: it is not READY.
    """
    return require_ready(get_upload(session, record, project_id, id_, lock=lock))


def require_ready(upload: U) -> U:
    """Give it back if it can be used.

    Raises:
        FailedPreconditionError: it is not READY.
    """
    if upload.state == DatasetState.READY:
        return upload
    advice = (
        "wait until it is READY"
        if upload.state == DatasetState.INGESTING
        else f"upload the corrected file as a new {upload.noun}"
    )
    raise FailedPreconditionError(f"{upload.noun} {upload.id} is {upload.state}: {advice}")


def list_uploads(
    session: Session,
    record: type[U],
    project_id: str,
    *,
    state: DatasetState | None = None,
    page_size: int,
    page_token: str | None,
) -> Page[U]:
    """One page of data sets or gene tables, newest first."""
    query = select(record).where(record.project_id == project_id)
    if state is not None:
        query = query.where(record.state == state)
    return page_of(session, record, query, page_size=page_size, page_token=page_token)


def page_of(
    session: Session,
    record: type[U],
    query: Select[Any],
    *,
    page_size: int,
    page_token: str | None,
) -> Page[U]:
    """One page of a query of uploads, newest first."""
    return fetch_page(
        session,
        query,
        record.create_time,
        record.id,
        page_size=page_size,
        page_token=page_token,
    )


def mark_ready(
    session: Session, upload: UploadRecord, *, profile: Mapping[str, Any], table: Blob
) -> None:
    """Make it READY with what ingest found; `table` is what it was made into."""
    upload.state = DatasetState.READY.value
    upload.profile = dict(profile)
    upload.table_sha256 = table.sha256
    session.flush()


def ingests_of(session: Session, uploads: Iterable[UploadRecord]) -> dict[str, JobRecord]:
    """The jobs of those that are INGESTING, by the ids of the uploads."""
    job_ids = [upload.job_id for upload in uploads if upload.state == DatasetState.INGESTING]
    if not job_ids:
        return {}
    jobs = session.scalars(select(JobRecord).where(JobRecord.id.in_(job_ids)))
    return {job.subject_id: job for job in jobs}


def cancel_ingest(session: Session, upload: UploadRecord) -> None:
    """Cancel the ingest of an upload, within `write_blobs`: FAILED at once where it waits.

    One that runs ends when its worker reads the flag. Cancelling twice is once. The job is locked
    first, as its worker does.

    Raises:
        FailedPreconditionError: it has ended.
    """
    if upload.state == DatasetState.INGESTING:
        kind = next(kind for kind, record in _BY_JOB.items() if isinstance(upload, record))
        job = request_cancel(session, upload.project_id, JobKind(kind), upload.job_id)
        if job.state == JobState.CANCELLED:
            forget_source(session, job)
    elif (upload.error or {}).get("reason") != IngestCancelledError.reason:
        raise FailedPreconditionError(
            f"{upload.noun} {upload.id} is {upload.state}: its ingest has ended"
        )


def _cancelled(upload: UploadRecord) -> IngestCancelledError:
    return IngestCancelledError(f"the ingest was cancelled: upload it again as a new {upload.noun}")


def mark_failed(session: Session, job: JobRecord) -> UploadRecord | None:
    """Make what a failed or cancelled ingest job was to fill FAILED, with the job's error.

    None where there is nothing to mark: another kind of job, or one that has ended before.
    """
    record = _BY_JOB.get(job.kind)
    if record is None:
        return None
    upload = session.get(record, job.subject_id, populate_existing=True)
    if upload is None or upload.state != DatasetState.INGESTING:
        return None
    upload.state = DatasetState.FAILED.value
    upload.error = job.error or _cancelled(upload).as_problem()
    session.flush()
    return upload


def forget_source(session: Session, job: JobRecord) -> None:
    """Mark it FAILED, and let its blob go; within `write_blobs`."""
    upload = mark_failed(session, job)
    if upload is not None:
        release_artifact(session, upload.project_id, upload.source_sha256)
