"""All SQL of the files that jobs make."""

from collections.abc import Collection, Mapping

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from service.contract.blobs import SealedBlob
from service.contract.errors import NotFoundError
from service.contract.records import JobFileRecord, JobRecord
from service.contract.repositories.artifacts import publish, release_artifact
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
        raise NotFoundError(
            f"job {job_id} has no file {name}: it is there once the job has SUCCEEDED, where its "
            "spec asks for it"
        )
    return row.sha256


def files_of(session: Session, job_id: str) -> dict[str, str]:
    """Every file of a job: its name, and the sha256 of its blob."""
    query = (
        select(JobFileRecord.name, JobFileRecord.sha256)
        .where(JobFileRecord.job_id == job_id)
        .order_by(JobFileRecord.name)
    )
    return {row.name: row.sha256 for row in session.execute(query)}


def forget_files(session: Session, job: JobRecord, names: Collection[str]) -> None:
    """Delete files of a job, and let their blobs go; within `write_blobs`. None is no error."""
    gone = {name: sha256 for name, sha256 in files_of(session, job.id).items() if name in names}
    session.execute(
        delete(JobFileRecord).where(JobFileRecord.job_id == job.id, JobFileRecord.name.in_(gone))
    )
    for sha256 in sorted(set(gone.values())):
        release_artifact(session, job.project_id, sha256)
