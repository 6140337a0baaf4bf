"""All SQL of jobs: what the front end asks (create, get, list, cancel, resume).

What workers and the scheduler do to a job's lease is in `leases`.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from service.contract.database import shared_now
from service.contract.errors import FailedPreconditionError, NotFoundError
from service.contract.jobs import EventType, JobKind, JobState, require_transition
from service.contract.priorities import rank_of
from service.contract.records import JobRecord
from service.contract.repositories.events import append_event
from service.contract.repositories.paging import Page, fetch_page
from service.contract.repositories.requests import Request, add_once, find_made


@dataclass(frozen=True)
class Owner:
    """Whose the new row is, and who made it."""

    project_id: str
    created_by: str


def new_id(prefix: str) -> str:
    """A fresh id, e.g. ``job_6f1c...`` (128 random bits)."""
    return f"{prefix}_{uuid.uuid4().hex}"


def find_request(
    session: Session, project_id: str, kind: JobKind, request: Request
) -> JobRecord | None:
    """The job that an earlier request with this id made.

    Raises:
        ConflictError: it asked for something else.
    """
    return find_made(session, JobRecord, request, *_jobs_of(project_id, kind))


def has_made(session: Session, project_id: str, kind: JobKind, request_id: str | None) -> bool:
    """Whether an earlier request with this id made a job, whatever it asked for."""
    made = select(JobRecord.id).where(
        JobRecord.request_id == request_id, *_jobs_of(project_id, kind)
    )
    return request_id is not None and session.scalar(made) is not None


def _jobs_of(project_id: str, kind: JobKind) -> tuple[ColumnElement[bool], ...]:
    return (JobRecord.project_id == project_id, JobRecord.kind == kind)


def create_job(
    session: Session,
    owner: Owner,
    kind: JobKind,
    spec: Mapping[str, Any],
    *,
    subject_id: str,
    request: Request,
    gpu_count: int = 0,
    sweep_id: str | None = None,
    trial_number: int | None = None,
) -> tuple[JobRecord, bool]:
    """Record a job as QUEUED. The same request twice gives the first job and False.

    Raises:
        ConflictError: the request id was used with another body.
    """
    existing = find_request(session, owner.project_id, kind, request)
    if existing is not None:
        return existing, False
    job = JobRecord(
        id=new_id("job"),
        project_id=owner.project_id,
        created_by=owner.created_by,
        kind=kind.value,
        state=JobState.QUEUED.value,
        spec=dict(spec),
        subject_id=subject_id,
        gpu_count=gpu_count,
        request_id=request.id,
        request_sha256=request.sha256,
        priority=rank_of(spec),
        event_sequence=0,
        sweep_id=sweep_id,
        trial_number=trial_number,
    )
    made, is_new = add_once(session, job, request, *_jobs_of(owner.project_id, kind))
    if not is_new:
        return made, False
    append_event(session, job.id, EventType.STATE, {"state": JobState.QUEUED.value})
    return job, True


def get_job(
    session: Session, project_id: str, kind: JobKind, job_id: str, *, lock: bool = False
) -> JobRecord:
    """Read a job; if asked, locked until the transaction ends, and as it is by then.

    Raises:
        NotFoundError: this project has no such job.
    """
    query = select(JobRecord).where(
        JobRecord.id == job_id, JobRecord.project_id == project_id, JobRecord.kind == kind
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    job = session.scalar(query)
    if job is None:
        raise NotFoundError(f"no {kind} job {job_id}")
    return job


def list_jobs(
    session: Session,
    project_id: str,
    kind: JobKind,
    *,
    state: JobState | None = None,
    subject_id: str | None = None,
    page_size: int,
    page_token: str | None,
) -> Page[JobRecord]:
    """One page of jobs, newest first."""
    query = select(JobRecord).where(JobRecord.project_id == project_id, JobRecord.kind == kind)
    if state is not None:
        query = query.where(JobRecord.state == state)
    if subject_id is not None:
        query = query.where(JobRecord.subject_id == subject_id)
    return fetch_page(
        session,
        query,
        JobRecord.create_time,
        JobRecord.id,
        page_size=page_size,
        page_token=page_token,
    )


def request_cancel(session: Session, project_id: str, kind: JobKind, job_id: str) -> JobRecord:
    """Cancel: a queued job at once, a running one when its worker reads the flag.

    Cancelling twice is once.

    Raises:
        NotFoundError: no such job.
        FailedPreconditionError: the job has ended.
    """
    job = get_job(session, project_id, kind, job_id, lock=True)
    current = JobState(job.state)
    if current in (JobState.CANCELLING, JobState.CANCELLED):
        return job
    target = JobState.CANCELLED if current is JobState.QUEUED else JobState.CANCELLING
    move(session, job, target)
    return job


def resume_job(session: Session, project_id: str, kind: JobKind, job_id: str) -> JobRecord:
    """Queue a failed or cancelled job again, from its last checkpoint.

    Raises:
        NotFoundError: no such job.
        FailedPreconditionError: the job has not failed or been cancelled.
    """
    job = get_job(session, project_id, kind, job_id, lock=True)
    if job.state not in (JobState.FAILED, JobState.CANCELLED):  # recovery queues RUNNING ones
        raise FailedPreconditionError(
            f"a {job.state} job cannot be resumed: only one that is FAILED or CANCELLED can"
        )
    move(session, job, JobState.QUEUED)
    job.attempt_count = 0
    job.error = None
    job.end_time = None
    job.dispatch_time = None
    return job


def move(
    session: Session, job: JobRecord, target: JobState, error: Mapping[str, Any] | None = None
) -> None:
    """Take one step of the life cycle on a locked job, and write the event.

    Raises:
        FailedPreconditionError: the life cycle has no such step.
    """
    require_transition(JobState(job.state), target)
    job.state = target.value
    if target in (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED):
        job.end_time = shared_now(session)
        job.estimated_seconds_left = None
    if target not in (JobState.RUNNING, JobState.CANCELLING):
        job.owner = None
        job.lease_until = None
    if error is not None:
        job.error = dict(error)
    session.flush()
    data: dict[str, Any] = {"state": target.value}
    if error is not None:
        data["error"] = dict(error)
    append_event(session, job.id, EventType.STATE, data)
    session.refresh(job)


def mark_dispatched(session: Session, job_id: str) -> None:
    """Note that the doorbell was rung."""
    session.execute(
        update(JobRecord)
        .where(JobRecord.id == job_id)
        .values(dispatch_time=shared_now(session))
        .execution_options(synchronize_session=False)
    )
