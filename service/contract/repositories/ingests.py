"""What uploads have in common: an ingest job that comes to nothing leaves no blob."""

from typing import cast

from sqlalchemy.orm import Session

from service.contract.datasets import DatasetState
from service.contract.jobs import JobKind
from service.contract.records import DatasetRecord, GeneTableRecord, JobRecord, NetworkRecord
from service.contract.repositories.artifacts import release_artifact

Uploaded = DatasetRecord | GeneTableRecord | NetworkRecord

_RECORD: dict[str, type[Uploaded]] = {
    JobKind.INGEST: DatasetRecord,
    JobKind.GENE_TABLE: GeneTableRecord,
    JobKind.NETWORK: NetworkRecord,
}


def mark_failed(session: Session, job: JobRecord) -> Uploaded | None:
    """Make what a failed or cancelled ingest job was to fill FAILED, with the job's error.

    None where there is nothing to mark: another kind of job, or one that has ended before.
    """
    record = _RECORD.get(job.kind)
    if record is None:
        return None
    found = session.get(record, job.subject_id, populate_existing=True)
    uploaded = cast("Uploaded | None", found)
    if uploaded is None or uploaded.state != DatasetState.INGESTING:
        return None
    uploaded.state = DatasetState.FAILED.value
    uploaded.error = job.error
    session.flush()
    return uploaded


def forget_source(session: Session, job: JobRecord) -> None:
    """Mark it FAILED, and let its blob go; within `write_blobs`."""
    uploaded = mark_failed(session, job)
    if uploaded is not None:
        release_artifact(session, uploaded.project_id, uploaded.source_sha256)
