"""The one life of a job in a worker: claim, heartbeat, work, end; whatever the job does.

A work function gets a `HeldJob` and returns what to do in the job's last transaction. It stops
soon after `HeldJob.should_stop()` turns true, by raising `JobStoppedError`.
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

from service.contract.artifacts import SealedBlob, naming_full_disks
from service.contract.database import DatabaseAwayError
from service.contract.errors import (
    CellgebraError,
    LeaseLostError,
    StorageFullError,
)
from service.contract.jobs import TERMINAL_STATES, EventType, JobState
from service.contract.records import JobRecord
from service.contract.repositories import artifacts, events, jobs, leases
from service.contract.repositories.leases import Lease
from worker.tasks import stopping
from worker.tasks.runtime import Runtime, gpu_count, worker_name

logger = logging.getLogger(__name__)

CHECKPOINT_MEDIA_TYPE = "application/vnd.cellgebra.checkpoint"

_RETRY_SECONDS = 0.5

Complete = Callable[[Session, JobRecord], dict[str, Any]]
OnFailure = Callable[[Session, JobRecord], None]


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
        """Whether the job is cancelled, taken over, or its worker asked to go."""
        return self.is_cancelled.is_set() or self.is_lost.is_set() or stopping.is_asked()

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
            logger.warning("no room for a checkpoint", exc_info=True, extra={"job_id": self.job.id})

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
            logger.warning("checkpoint is gone, starting over", extra={"job_id": self.job.id})
            return None
        return None if sha256 is None else self.runtime.store.read_checked(sha256)


def run_job(
    runtime: Runtime,
    job_id: str,
    work: Callable[[HeldJob], Complete],
    on_failure: OnFailure = lambda *_: None,
) -> str | None:
    """Claim a job, do the work under a heartbeat and end the job, whatever happens.

    It is the next in the queue of the job that the bell was rung for, so that it may be another;
    returns its id. A second ring of the bell finds nothing to claim, and gives None.
    """
    settings = runtime.settings
    with runtime.database.write() as session:
        job = leases.claim_next(
            session,
            job_id,
            worker_name(),
            settings.lease_seconds,
            max_running=settings.max_running_jobs,
            gpu_count=gpu_count(settings),
        )
    if job is None:
        logger.info("nothing to claim", extra={"job_id": job_id})
        return None
    job_id = job.id
    held = HeldJob(runtime, job)
    with _Heartbeat(held):
        try:
            _carry_out_or_end(held, work, on_failure)
        except LeaseLostError:
            logger.warning("lease lost", extra={"job_id": job_id})
        except DatabaseAwayError:  # the last commit may have been made or not: recovery sees
            logger.warning("left to recovery", exc_info=True, extra={"job_id": job_id})
    return job_id


class _Heartbeat:
    """Renews the lease from a thread of its own, and hears of cancels and takeovers."""

    def __init__(self, held: HeldJob) -> None:
        self._held = held
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._held.runtime.settings.heartbeat_seconds):
            try:
                self._beat()
            except LeaseLostError:
                if not self._over.is_set():
                    self._held.is_lost.set()
                return
            except SQLAlchemyError:
                logger.warning("heartbeat failed", exc_info=True)

    def _beat(self) -> None:
        held = self._held
        with held.runtime.database.write() as session:
            state = leases.heartbeat(session, held.lease, held.runtime.settings.lease_seconds)
        if state is JobState.CANCELLING:
            held.is_cancelled.set()


def _carry_out_or_end(
    held: HeldJob, work: Callable[[HeldJob], Complete], on_failure: OnFailure
) -> None:
    try:
        with naming_full_disks():
            _carry_out(held, work)
    except (LeaseLostError, DatabaseAwayError):
        raise
    except JobStoppedError:
        _stop(held, on_failure)
    except ProcessLostError as error:
        logger.warning("%s", error, extra={"job_id": held.job.id})
        _lose(held, on_failure)
    except CellgebraError as error:
        _fail(held, error.as_problem(), on_failure)
    except Exception:
        logger.exception("job failed unexpectedly", extra={"job_id": held.job.id})
        _fail(held, _internal_problem(held.job.id), on_failure)


def _carry_out(held: HeldJob, work: Callable[[HeldJob], Complete]) -> None:
    try:
        _succeed(held, work(held))
    finally:
        held.runtime.store.forget_scratch(held.lease.name)


def _succeed(held: HeldJob, complete: Complete) -> None:
    with held.transaction() as session:
        job = leases.lock_held(session, held.lease)
        result = complete(session, job)
        checkpoint, job.checkpoint_sha256 = job.checkpoint_sha256, None
        leases.finish(session, held.lease, JobState.SUCCEEDED, result=result)
        if checkpoint is not None:
            artifacts.release_artifact(session, job.project_id, checkpoint)


def _stop(held: HeldJob, on_failure: OnFailure) -> None:
    if held.is_lost.is_set():
        logger.warning("lease lost", extra={"job_id": held.job.id})
        return
    with held.transaction() as session:
        if held.is_cancelled.is_set():
            on_failure(session, leases.finish(session, held.lease, JobState.CANCELLED))
        else:
            leases.release(session, held.lease)


def _lose(held: HeldJob, on_failure: OnFailure) -> None:
    with held.transaction() as session:
        try:
            job = leases.lose(session, held.lease)
        except LeaseLostError:
            logger.warning("lease lost", extra={"job_id": held.job.id})
            return
        if job.state in TERMINAL_STATES:
            on_failure(session, job)


def _fail(held: HeldJob, problem: dict[str, Any], on_failure: OnFailure) -> None:
    with held.transaction() as session:
        try:
            job = leases.finish(session, held.lease, JobState.FAILED, error=problem)
        except LeaseLostError:
            logger.warning("lease lost", extra={"job_id": held.job.id})
            return
        on_failure(session, job)


def _internal_problem(job_id: str) -> dict[str, Any]:
    return {
        "code": "INTERNAL",
        "reason": "INTERNAL",
        "detail": f"an unexpected error ended the job; the worker's log has it under {job_id}",
        "errors": [],
    }
