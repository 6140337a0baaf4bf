"""All SQL of artifacts: who holds which blob, and when a blob may go.

A blob is published and removed only while its hash is locked in the database, so that an upload
of the same content never loses its blob to a deletion at the same moment. A file is there before
the row that names it is committed, and goes after: who is killed in between leaves a file without
a row, never a row without its file.
"""

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, delete, func, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from service.contract.artifacts import ArtifactStore, Doubt
from service.contract.blobs import Blob, SealedBlob
from service.contract.database import Database
from service.contract.errors import NotFoundError, UnavailableError
from service.contract.records import (
    ArtifactRecord,
    DatasetRecord,
    GeneTableRecord,
    JobFileRecord,
    JobRecord,
    ModelRecord,
    NetworkRecord,
)
from service.contract.repositories.jobs import Owner
from service.contract.repositories.paging import Page, fetch_page

logger = logging.getLogger(__name__)

_UPLOADED = (DatasetRecord, GeneTableRecord, NetworkRecord)


@dataclass(frozen=True)
class _Touched:
    """Hashes of the blobs that a transaction makes visible and lets go, and its notes on disk."""

    store: ArtifactStore
    published: list[str] = field(default_factory=list)
    released: list[str] = field(default_factory=list)
    notes: list[Doubt] = field(default_factory=list)

    def note(self, sha256: str) -> None:
        """Leave word of a blob, for `collect_doubtful` should this process be killed."""
        self.notes.append(self.store.note_doubt(sha256))


@contextmanager
def write_blobs(database: Database, store: ArtifactStore) -> Iterator[Session]:
    """Open a write transaction that may publish and release blobs.

    Once it is over, files go that nobody holds any more: of what it released if it has committed,
    of what it published if it has not.
    """
    touched = _Touched(store)
    doubtful = touched.published
    try:
        with database.write() as session:
            session.info[_Touched] = touched
            yield session
        doubtful = touched.released
    finally:
        left = [sha256 for sha256 in doubtful if not delete_unheld(database, store, sha256)]
        for note in touched.notes:
            if note.sha256 not in left:
                note.take_back()


def publish(session: Session, owner: Owner, blob: SealedBlob, media_type: str) -> Blob:
    """Make a blob visible and note that the project holds it; within `write_blobs`."""
    session.info[_Touched].published.append(blob.sha256)
    session.info[_Touched].note(blob.sha256)
    _lock(session, blob.sha256)
    if session.get(ArtifactRecord, (blob.sha256, owner.project_id)) is None:
        session.add(
            ArtifactRecord(
                sha256=blob.sha256,
                project_id=owner.project_id,
                created_by=owner.created_by,
                size_bytes=blob.size_bytes,
                media_type=media_type,
            )
        )
        session.flush()
    blob.reveal()
    return blob


def get_artifact(session: Session, project_id: str, sha256: str) -> ArtifactRecord:
    """Read what is known of a blob.

    Raises:
        NotFoundError: this project holds no such blob.
    """
    artifact = session.get(ArtifactRecord, (sha256, project_id))
    if artifact is None:
        raise NotFoundError(f"no artifact {sha256}")
    return artifact


def list_artifacts(
    session: Session, project_id: str, *, page_size: int, page_token: str | None
) -> Page[ArtifactRecord]:
    """One page of artifacts, newest first."""
    return fetch_page(
        session,
        select(ArtifactRecord).where(ArtifactRecord.project_id == project_id),
        ArtifactRecord.create_time,
        ArtifactRecord.sha256,
        page_size=page_size,
        page_token=page_token,
    )


def release_artifact(session: Session, project_id: str, sha256: str) -> None:
    """Drop a project's hold on a blob that nothing of it names; the last hold takes the file.

    Within `write_blobs`.
    """
    session.info[_Touched].released.append(sha256)
    session.info[_Touched].note(sha256)
    _lock(session, sha256)
    if is_named(session, project_id, sha256):
        return
    session.execute(
        delete(ArtifactRecord).where(
            ArtifactRecord.sha256 == sha256, ArtifactRecord.project_id == project_id
        )
    )


def collect_doubtful(database: Database, store: ArtifactStore, older_than_seconds: float) -> None:
    """Settle what processes were about when they were killed: a file goes if no row holds it."""
    for note in store.doubts(older_than_seconds):
        if delete_unheld(database, store, note.sha256):
            note.take_back()


def delete_unheld(database: Database, store: ArtifactStore, sha256: str) -> bool:
    """Remove a blob that no project holds; one that is just being published stays.

    Returns whether it was settled: a database or a disk may be away.
    """
    try:
        with database.write() as session:
            _lock(session, sha256)
            holders = select(func.count()).where(ArtifactRecord.sha256 == sha256)
            if session.scalar(holders) == 0:
                store.delete(sha256)
    except (SQLAlchemyError, OSError, UnavailableError):
        logger.warning("left a blob that nobody may hold", exc_info=True, extra={"sha256": sha256})
        return False
    return True


def is_named(session: Session, project_id: str, sha256: str) -> bool:
    """Whether a row of the project says that the blob is its."""
    names = _names(project_id, sha256)
    return any(session.execute(query.limit(1)).first() is not None for query in names)


def list_unnamed(session: Session) -> list[ArtifactRecord]:
    """What is known of every blob that no row of its project says is its."""
    names = _names(ArtifactRecord.project_id, ArtifactRecord.sha256)
    nowhere = (~query.correlate(ArtifactRecord).exists() for query in names)
    return list(session.scalars(select(ArtifactRecord).where(*nowhere)))


def _names(project_id: Any, sha256: Any) -> list[Select[Any]]:  # noqa: ANN401 - or columns
    """Rows of a project that name a blob."""
    queries = [
        select(record.id).where(
            record.project_id == project_id,
            or_(
                (record.source_sha256 == sha256) & (record.state != "FAILED"),
                record.table_sha256 == sha256,
            ),
        )
        for record in _UPLOADED
    ]
    queries += [
        select(DatasetRecord.id).where(
            DatasetRecord.project_id == project_id, DatasetRecord.vocabulary_sha256 == sha256
        ),
        select(ModelRecord.id).where(
            ModelRecord.project_id == project_id,
            or_(
                ModelRecord.manifest_sha256 == sha256,
                ModelRecord.weights_sha256 == sha256,
                ModelRecord.report_sha256 == sha256,
                ModelRecord.report_page_sha256 == sha256,
            ),
        ),
        select(JobRecord.id).where(
            JobRecord.project_id == project_id, JobRecord.checkpoint_sha256 == sha256
        ),
        select(JobFileRecord.job_id).where(
            JobFileRecord.project_id == project_id, JobFileRecord.sha256 == sha256
        ),
    ]
    return queries


def _lock(session: Session, sha256: str) -> None:
    """Hold the hash until the transaction ends; SQLite's write transaction already does."""
    if session.get_bind().dialect.name == "postgresql":
        number = int.from_bytes(hashlib.sha256(sha256.encode()).digest()[:8], signed=True)
        session.execute(select(func.pg_advisory_xact_lock(number)))
