"""Blobs that nothing needs: files that no row holds, and rows that nothing names.

A process that is killed just before or after its commit leaves the first; the second should not be
there at all. Two collectors are harmless, and so is one beside whatever is at work: a blob that is
just being published is locked until its row is there.
"""

from dataclasses import dataclass

from sqlalchemy import select

from service.contract.artifacts import ArtifactStore
from service.contract.blobs import Blob
from service.contract.database import Database
from service.contract.records import ArtifactRecord
from service.contract.repositories.artifacts import (
    delete_unheld,
    list_unnamed,
    release_artifact,
    write_blobs,
)


@dataclass(frozen=True)
class Garbage:
    """What may go, and what is missing.

    `unheld` are files without a row, `unnamed` rows (project, hash) that nothing names, `missing`
    blobs that rows name and that have no file: no collector mends those, a backup does.
    """

    unheld: list[Blob]
    unnamed: list[tuple[str, Blob]]
    missing: list[str]

    @property
    def size_bytes(self) -> int:
        """What is won by collecting it."""
        return sum(blob.size_bytes for blob in (*self.unheld, *(blob for _, blob in self.unnamed)))


def find_garbage(database: Database, store: ArtifactStore) -> Garbage:
    """Look through all blobs and rows; nothing is changed."""
    stored = {blob.sha256: blob for blob in store.stored()}
    with database.read() as session:
        held = set(session.scalars(select(ArtifactRecord.sha256)))
        unnamed = [
            (row.project_id, Blob(row.sha256, row.size_bytes)) for row in list_unnamed(session)
        ]
    gone = {sha256 for sha256 in held - stored.keys() if not store.has(sha256)}
    with database.read() as session:  # again: some may have been released since
        query = select(ArtifactRecord.sha256).where(ArtifactRecord.sha256.in_(gone))
        missing = sorted(set(session.scalars(query)))
    unheld = [blob for sha256, blob in sorted(stored.items()) if sha256 not in held]
    return Garbage(unheld, unnamed, missing)


def collect(database: Database, store: ArtifactStore, garbage: Garbage) -> None:
    """Remove what was found, unless it has come to be needed since."""
    for project_id, blob in garbage.unnamed:
        with write_blobs(database, store) as session:
            release_artifact(session, project_id, blob.sha256)
    for blob in garbage.unheld:
        delete_unheld(database, store, blob.sha256)
