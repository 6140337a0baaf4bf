"""A job at work: what its worker may read and write of it, and whether it may go on.

Work stops soon after `HeldJob.should_stop()` turns true, by raising `JobStoppedError`.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from service.contract.blobs import SealedBlob
from service.contract.database import DatabaseAwayError
from service.contract.errors import LeaseLostError, StorageFullError
from service.contract.jobs import EventType
from service.contract.records import JobRecord
from service.contract.repositories import artifacts, events, jobs, leases
from service.contract.repositories.leases import Lease
from worker.tasks import stopping
from worker.tasks.runtime import Runtime

logger = logging.getLogger(__name__)

CHECKPOINT_MEDIA_TYPE = "application/vnd.cellgebra.checkpoint"

_RETRY_SECONDS = 0.5


class JobStoppedError(Exception):
    """The work stopped because it was asked to."""


class ProcessLostError(Exception):
    """A process that did the work was killed: an attempt, as if this one had been."""


class HeldJob:
    """A claimed job: its row as it was at the claim, and what its worker may write."""

    def __init__(self, runtime: Runtime, job: JobRecord) -> None:
        self.runtime = runtime
        self.job = job
        self.lease = Lease(job.id, job.fence)
        self.is_cancelled = threading.Event()
        self.is_lost = threading.Event()
        self.is_late = threading.Event()
        self.time_limit_seconds: float | None = job.spec.get("time_limit_seconds")
        limit = self.time_limit_seconds
        self.deadline = None if limit is None else time.monotonic() + limit

    @property
    def owner(self) -> jobs.Owner:
        """Whose the results are."""
        return jobs.Owner(self.job.project_id, self.job.created_by)

    @property
    def scratch(self) -> Path:
        """Folder for unfinished files; it goes when the job ends, or when it is taken back."""
        return self.runtime.store.scratch(self.lease.name)

    def seal(self, content: bytes | Path) -> SealedBlob:
        """Write a blob for a transaction to publish; one that none does goes with the scratch."""
        writer = self.runtime.store.writer(self.scratch)
        try:
            if isinstance(content, Path):
                writer.copy(content)
            else:
                writer.write(content)
            return writer.seal()
        except BaseException:
            writer.discard()
            raise

    def should_stop(self) -> bool:
        """Whether the job is cancelled, taken over or late, or its worker asked to go."""
        told = (self.is_cancelled, self.is_lost, self.is_late)
        return any(one.is_set() for one in told) or stopping.is_asked()

    def require_going(self) -> None:
        """Nothing, as long as the job may go on.

        Raises:
            JobStoppedError: it may not.
        """
        if self.should_stop():
            raise JobStoppedError

    def emit(self, type_: EventType, data: dict[str, Any]) -> None:
        """Write an event; progress also goes to the row.

        A database that is away is waited for: hours of work do not end with its restart.
        """

        def write() -> None:
            with self.runtime.database.write() as session:
                if type_ is EventType.PROGRESS:
                    left = data.get("estimated_seconds_left")
                    leases.set_progress(session, self.lease, data["fraction"], left)
                events.append_event(session, self.job.id, type_, data, fence=self.lease.fence)

        self._patiently(write)

    def transaction(self) -> AbstractContextManager[Session]:
        """Open a write transaction that may publish and release blobs."""
        return artifacts.write_blobs(self.runtime.database, self.runtime.store)

    def save_checkpoint(self, content: bytes) -> None:
        """Keep a state to go on from; the one before goes.

        A database that is away is awaited. Where the disk is full the one before stays: less to go
        on from, but no reason to end the work.
        """

        def write() -> None:
            sealed = self.seal(content)  # each time: what was not committed is gone
            with self.transaction() as session:
                leases.lock_held(session, self.lease)
                blob = artifacts.publish(session, self.owner, sealed, CHECKPOINT_MEDIA_TYPE)
                before = leases.set_checkpoint(session, self.lease, blob.sha256)
                session.flush()
                if before is not None:
                    artifacts.release_artifact(session, self.job.project_id, before)

        try:
            self._patiently(write)
        except StorageFullError:
            logger.warning("no room for a checkpoint", exc_info=True)

    def give_up(self) -> None:
        """Let another worker have the job, as if this one were lost, and forget unfinished files.

        One that is another's by now is let be, and one that the database does not answer for is
        taken back once its lease has ended.
        """
        try:
            with self.runtime.database.write() as session:
                leases.lose(session, self.lease)
        except (LeaseLostError, SQLAlchemyError):
            logger.warning("left to recovery", exc_info=True)
        self.runtime.store.forget_scratch(self.lease.name)

    def _patiently(self, write: Callable[[], None]) -> None:
        """Write, again and again while the database is away and the lease may still hold."""
        deadline = time.monotonic() + self.runtime.settings.lease_seconds
        while True:
            try:
                return write()
            except DatabaseAwayError:
                if time.monotonic() > deadline or self.should_stop():
                    raise
                time.sleep(_RETRY_SECONDS)

    def load_checkpoint(self) -> bytes | None:
        """The state that an earlier attempt kept; None where there is none, or its blob is gone.

        A backup that was taken at work may lack it: the job starts over where it would otherwise
        fail for good.

        Raises:
            BrokenArtifactError: it is cut short, or not what it was.
        """
        sha256 = self.job.checkpoint_sha256
        if sha256 is not None and not self.runtime.store.has(sha256):
            logger.warning("checkpoint is gone, starting over")
            return None
        return None if sha256 is None else self.runtime.store.read_checked(sha256)
