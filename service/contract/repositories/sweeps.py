"""All SQL of sweeps and their trials."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.contract.database import utc_now
from service.contract.errors import FailedPreconditionError, NotFoundError
from service.contract.jobs import TERMINAL_STATES, EventType, JobKind, JobState
from service.contract.records import (
    JobEventRecord,
    JobRecord,
    SweepRecord,
    SweepTrialRecord,
)
from service.contract.repositories import jobs
from service.contract.repositories.jobs import Owner, new_id
from service.contract.repositories.paging import Page, fetch_page
from service.contract.repositories.requests import Request, add_once, find_made
from service.contract.sweeps import UNFINISHED_TRIALS, TrialState
from service.contract.training import TrainingSpec

CANCELLED_WITH_SWEEP = "the sweep was cancelled"

_UNFINISHED = tuple(state.value for state in JobState if state not in TERMINAL_STATES)


def find_request(session: Session, project_id: str, request: Request) -> SweepRecord | None:
    """The sweep that an earlier request with this id made.

    Raises:
        ConflictError: it asked for something else.
    """
    return find_made(session, SweepRecord, request, SweepRecord.project_id == project_id)


def add_sweep(
    session: Session, owner: Owner, spec: Mapping[str, Any], *, dataset_id: str, request: Request
) -> SweepRecord:
    """Record a sweep as QUEUED; one that a parallel post of the same request made is given.

    Raises:
        ConflictError: the request id was used with another body.
    """
    sweep = SweepRecord(
        id=new_id("sweep"),
        project_id=owner.project_id,
        created_by=owner.created_by,
        state=JobState.QUEUED.value,
        spec=dict(spec),
        dataset_id=dataset_id,
        request_id=request.id,
        request_sha256=request.sha256,
    )
    of_project = SweepRecord.project_id == owner.project_id
    return add_once(session, sweep, request, of_project)[0]


def get_sweep(
    session: Session, project_id: str, sweep_id: str, *, lock: bool = False
) -> SweepRecord:
    """Read a sweep; if asked, locked until the transaction ends, and as it is by then.

    Raises:
        NotFoundError: this project has no such sweep.
    """
    query = select(SweepRecord).where(
        SweepRecord.id == sweep_id, SweepRecord.project_id == project_id
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    sweep = session.scalar(query)
    if sweep is None:
        raise NotFoundError(f"no sweep {sweep_id}")
    return sweep


def lock_sweep(session: Session, sweep_id: str) -> SweepRecord | None:
    """A sweep of any project that has not ended, locked; None where there is none."""
    return session.scalar(
        select(SweepRecord)
        .where(SweepRecord.id == sweep_id, SweepRecord.state.in_(_UNFINISHED))
        .with_for_update()
    )


def list_sweeps(
    session: Session,
    project_id: str,
    *,
    state: JobState | None = None,
    page_size: int,
    page_token: str | None,
) -> Page[SweepRecord]:
    """One page of sweeps, newest first."""
    query = select(SweepRecord).where(SweepRecord.project_id == project_id)
    if state is not None:
        query = query.where(SweepRecord.state == state)
    return fetch_page(
        session,
        query,
        SweepRecord.create_time,
        SweepRecord.id,
        page_size=page_size,
        page_token=page_token,
    )


def list_unfinished(session: Session) -> Sequence[str]:
    """Ids of the sweeps that have not ended, of every project."""
    return session.scalars(select(SweepRecord.id).where(SweepRecord.state.in_(_UNFINISHED))).all()


def trials_of(session: Session, sweep: SweepRecord) -> Sequence[SweepTrialRecord]:
    """Trials of a sweep by number."""
    return session.scalars(
        select(SweepTrialRecord)
        .where(SweepTrialRecord.sweep_id == sweep.id)
        .order_by(SweepTrialRecord.number)
    ).all()


def trial_counts(session: Session, sweep_ids: Sequence[str]) -> dict[str, int]:
    """How many trials each sweep has."""
    rows = session.execute(
        select(SweepTrialRecord.sweep_id, func.count())
        .where(SweepTrialRecord.sweep_id.in_(sweep_ids))
        .group_by(SweepTrialRecord.sweep_id)
    )
    return dict(iter(rows))


def best_objectives(session: Session, sweeps: Sequence[SweepRecord]) -> dict[str, float | None]:
    """The objective of each sweep's best trial so far, of those that have one."""
    rows = session.execute(
        select(SweepTrialRecord.sweep_id, SweepTrialRecord.objective)
        .join(SweepRecord, SweepRecord.id == SweepTrialRecord.sweep_id)
        .where(
            SweepTrialRecord.sweep_id.in_([sweep.id for sweep in sweeps]),
            SweepTrialRecord.number == SweepRecord.best_trial_number,
        )
    )
    return dict(iter(rows))


def model_ids(session: Session, sweeps: Sequence[SweepRecord]) -> dict[str, str]:
    """The model of each sweep's winner, of those that have one, by the id of its job."""
    wanted = [sweep.winner_job_id for sweep in sweeps if sweep.winner_job_id is not None]
    rows = session.execute(
        select(JobRecord.id, JobRecord.result).where(
            JobRecord.id.in_(wanted), JobRecord.state == JobState.SUCCEEDED
        )
    )
    return {job_id: result["model_id"] for job_id, result in rows if result}


def jobs_of(session: Session, sweep: SweepRecord, *, lock: bool = False) -> dict[str, JobRecord]:
    """Jobs of a sweep by id: those of its trials, and that of the winner."""
    query = select(JobRecord).where(JobRecord.sweep_id == sweep.id).order_by(JobRecord.id)
    rows = session.scalars(query.with_for_update() if lock else query)
    return {job.id: job for job in rows}


def validation_scores(session: Session, job_ids: Sequence[str]) -> dict[str, list[float]]:
    """Means over the folds so far that each job has told of, by fold."""
    rows = session.execute(
        select(JobEventRecord.job_id, JobEventRecord.data)
        .where(
            JobEventRecord.job_id.in_(job_ids),
            JobEventRecord.type == EventType.VALIDATION.value,
        )
        .order_by(JobEventRecord.job_id, JobEventRecord.sequence)
    )
    by_fold: dict[str, dict[int, float]] = {}
    for job_id, data in rows:
        by_fold.setdefault(job_id, {})[data["fold"]] = data["score"]
    return {job_id: [scores[k] for k in sorted(scores)] for job_id, scores in by_fold.items()}


def add_trial(
    session: Session,
    sweep: SweepRecord,
    number: int,
    values: Mapping[str, Any],
    *,
    training: Mapping[str, Any] | None,
    reason: str | None = None,
) -> str | None:
    """Record a trial and queue its job; returns the job's id.

    Without `training` its values do not go together: it has FAILED, for the reason.
    """
    owner = Owner(sweep.project_id, sweep.created_by)
    job_id = None
    if training is not None:
        job_id = queue_training(session, sweep, training, trial_number=number)
    session.add(
        SweepTrialRecord(
            sweep_id=sweep.id,
            number=number,
            project_id=owner.project_id,
            created_by=owner.created_by,
            state=(TrialState.FAILED if job_id is None else TrialState.RUNNING).value,
            values=dict(values),
            fold_scores=[],
            job_id=job_id,
            reason=reason,
        )
    )
    session.flush()
    return job_id


def queue_training(
    session: Session,
    sweep: SweepRecord,
    training: Mapping[str, Any],
    *,
    trial_number: int | None = None,
) -> str:
    """Queue a training job of a sweep: a trial, or (without a number) the winner."""
    job, _ = jobs.create_job(
        session,
        Owner(sweep.project_id, sweep.created_by),
        JobKind.TRAINING,
        training,
        subject_id=sweep.dataset_id,
        request=Request(None, ""),
        gpu_count=TrainingSpec.model_validate(training).gpu_count,
        sweep_id=sweep.id,
        trial_number=trial_number,
    )
    return job.id


def stop_trial(
    session: Session, trial: SweepTrialRecord, job: JobRecord, state: TrialState, reason: str
) -> None:
    """Cancel the job of a trial that has not ended; the trial has at once, in the given state."""
    trial.state, trial.reason = state.value, reason
    if JobState(job.state) not in TERMINAL_STATES:
        jobs.request_cancel(session, job.project_id, JobKind.TRAINING, job.id)


def end_sweep(
    session: Session,
    sweep: SweepRecord,
    state: JobState,
    error: Mapping[str, Any] | None = None,
) -> None:
    """End a locked sweep."""
    sweep.state, sweep.end_time = state.value, utc_now()
    sweep.error = None if error is None else dict(error)
    session.flush()


def cancel_sweep(session: Session, sweep: SweepRecord) -> None:
    """Cancel a locked sweep and its jobs: at once, or CANCELLING while one is still running.

    Cancelling twice is once.

    Raises:
        FailedPreconditionError: the sweep has ended otherwise.
    """
    state = JobState(sweep.state)
    if state is JobState.CANCELLED:
        return
    if state in TERMINAL_STATES:
        raise FailedPreconditionError(f"a {state} sweep cannot become {JobState.CANCELLING}")
    by_id = jobs_of(session, sweep, lock=True)
    for trial in trials_of(session, sweep):
        if trial.state in UNFINISHED_TRIALS:
            job = by_id[str(trial.job_id)]
            stop_trial(session, trial, job, TrialState.CANCELLED, CANCELLED_WITH_SWEEP)
    for job in by_id.values():
        if JobState(job.state) not in TERMINAL_STATES:
            jobs.request_cancel(session, job.project_id, JobKind.TRAINING, job.id)
    sweep.state = JobState.CANCELLING.value
    session.flush()
    if all(JobState(job.state) in TERMINAL_STATES for job in by_id.values()):
        end_sweep(session, sweep, JobState.CANCELLED)


def sweep_of_job(session: Session, job_id: str) -> str | None:
    """The sweep that a job belongs to."""
    return session.scalar(select(JobRecord.sweep_id).where(JobRecord.id == job_id))
