"""All SQL of the files that jobs make."""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.contract.artifacts import SealedBlob
from service.contract.errors import NotFoundError
from service.contract.records import JobFileRecord, JobRecord
from service.contract.repositories.artifacts import publish
from service.contract.repositories.jobs import Owner


def add_files(
    session: Session, job: JobRecord, files: Mapping[str, tuple[SealedBlob, str]]
) -> None:
    """Publish files of a job, by name, each with its media type; within `write_blobs`."""
    owner = Owner(job.project_id, job.created_by)
    for name, (sealed, media_type) in files.items():
        blob = publish(session, owner, sealed, media_type)
        session.merge(
            JobFileRecord(
                job_id=job.id,
                name=name,
                project_id=job.project_id,
                created_by=job.created_by,
                sha256=blob.sha256,
            )
        )
    session.flush()


def find_file(session: Session, project_id: str, job_id: str, name: str) -> str:
    """The sha256 of a file of a job.

    Raises:
        NotFoundError: the job has no such file (yet).
    """
    row = session.scalar(
        select(JobFileRecord).where(
            JobFileRecord.job_id == job_id,
            JobFileRecord.name == name,
            JobFileRecord.project_id == project_id,
        )
    )
    if row is None:
        raise NotFoundError(f"job {job_id} has no file {name}: it is there once it has SUCCEEDED")
    return row.sha256
