"""The one life of a job in a worker: claim, heartbeat, work, end; whatever the job does.

A work function gets a `HeldJob` and returns what to do in the job's last transaction.
"""

import logging
from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from service.contract import telemetry
from service.contract.blobs import naming_full_disks
from service.contract.database import DatabaseAwayError
from service.contract.errors import CellgebraError, DeadlineExceededError, LeaseLostError
from service.contract.jobs import TERMINAL_STATES, JobState
from service.contract.records import JobRecord
from service.contract.repositories import artifacts, leases
from service.contract.tracing import about
from worker.tasks import stopping
from worker.tasks.heartbeat import Heartbeat
from worker.tasks.held_jobs import HeldJob, JobStoppedError, ProcessLostError
from worker.tasks.runtime import Runtime, gpu_count, worker_name

logger = logging.getLogger(__name__)

Complete = Callable[[Session, JobRecord], dict[str, Any]]
OnFailure = Callable[[Session, JobRecord], None]


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
    with (
        about(job.trace_id, job.span_id, job_id=job.id),
        telemetry.span(f"{job.kind} job", job_id=job.id),
    ):
        logger.info("claimed a %s job, attempt %d", job.kind, job.attempt_count)
        _hold(HeldJob(runtime, job), work, on_failure)
    telemetry.flush()  # a child may end with its job
    return job.id


def _hold(held: HeldJob, work: Callable[[HeldJob], Complete], on_failure: OnFailure) -> None:
    """Do the work under a heartbeat and end the job."""
    with stopping.hearing_sigterm(), Heartbeat(held, lambda: _stop(held, on_failure)):
        try:
            _carry_out_or_end(held, work, on_failure)
        except LeaseLostError:
            logger.warning("lease lost")
        except DatabaseAwayError:  # the last commit may have been made or not: recovery sees
            logger.warning("left to recovery", exc_info=True)


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
        logger.warning("%s", error)
        _lose(held, on_failure)
    except CellgebraError as error:
        _fail(held, error.as_problem(), on_failure)
    except Exception:
        logger.exception("job failed unexpectedly")
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
    model_id = result.get("model_id")
    logger.info("the job has SUCCEEDED", extra={"model_id": model_id} if model_id else {})


def _stop(held: HeldJob, on_failure: OnFailure) -> None:
    if held.is_lost.is_set():
        logger.warning("lease lost")
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
            logger.warning("lease lost")
            return
        if job.state in TERMINAL_STATES:
            on_failure(session, job)


def _fail(held: HeldJob, problem: dict[str, Any], on_failure: OnFailure) -> None:
    with held.transaction() as session:
        try:
            job = leases.finish(session, held.lease, JobState.FAILED, error=problem)
            logger.info("the job has FAILED: %s", problem["reason"])
        except LeaseLostError:
            logger.warning("lease lost")
            return
        on_failure(session, job)


def _internal_problem(job_id: str) -> dict[str, Any]:
    return {
        "code": "INTERNAL",
        "reason": "INTERNAL",
        "detail": f"an unexpected error ended the job; the worker's log has it under {job_id}",
        "errors": [],
    }
