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

from sqlalchemy.orm import Session

from service.contract.artifacts import SealedBlob, naming_full_disks
from service.contract.database import DatabaseAwayError
from service.contract.errors import (
    CellgebraError,
    DeadlineExceededError,
    LeaseLostError,
    StorageFullError,
)
from service.contract.jobs import TERMINAL_STATES, EventType, JobState
from service.contract.records import JobRecord
from service.contract.repositories import artifacts, events, jobs, leases
from service.contract.repositories.leases import Lease
from worker.tasks import stopping
from worker.tasks.heartbeat import Heartbeat
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
    with Heartbeat(held, lambda: _stop(held, on_failure)):
        try:
            _carry_out_or_end(held, work, on_failure)
        except LeaseLostError:
            logger.warning("lease lost", extra={"job_id": job_id})
        except DatabaseAwayError:  # the last commit may have been made or not: recovery sees
            logger.warning("left to recovery", exc_info=True, extra={"job_id": job_id})
    return job_id


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
        # A cancel may stand in the row that no heartbeat has heard of yet.
        if leases.lock_held(session, held.lease).state == JobState.CANCELLING:
            on_failure(session, leases.finish(session, held.lease, JobState.CANCELLED))
        elif held.is_late.is_set():
            late = DeadlineExceededError(
                f"not done within time_limit_seconds, {held.time_limit_seconds:g} s; what is done "
                "is kept: resume the job to go on"
            ).as_problem()
            on_failure(session, leases.finish(session, held.lease, JobState.FAILED, error=late))
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
