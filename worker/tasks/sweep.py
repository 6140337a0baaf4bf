"""The task that takes a sweep one step on: what has ended, what to stop, what to try next.

One step is one transaction under the sweep's row lock. Bells ring when a trial has told of a fold
or has ended, and the scheduler rings from time to time: a step that finds nothing to do does
nothing, and one that was killed has done nothing.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from celery.exceptions import OperationalError as CeleryOperationalError
from kombu.exceptions import OperationalError
from pydantic import ValidationError
from redis import RedisError
from sqlalchemy.orm import Session

from service.contract.database import utc_now
from service.contract.jobs import (
    JOB_QUEUE,
    SWEEP_TASK_NAME,
    TASK_NAME,
    TERMINAL_STATES,
    JobKind,
    JobState,
    Queue,
)
from service.contract.records import JobRecord, SweepRecord, SweepTrialRecord
from service.contract.repositories import jobs, sweeps
from service.contract.sweeps import UNFINISHED_TRIALS, SweepSpec, TrialState, value_of
from service.contract.tracing import about
from worker.app import app
from worker.tasks.runtime import runtime

if TYPE_CHECKING:
    from worker.training.sweep_study import Trial

logger = logging.getLogger(__name__)

HOPELESS_TRIALS = 5  # that all have FAILED: the sweep does so, too

_ENDED = {
    JobState.SUCCEEDED: TrialState.SUCCEEDED,
    JobState.FAILED: TrialState.FAILED,
    JobState.CANCELLED: TrialState.CANCELLED,
}


@app.task(name=SWEEP_TASK_NAME)
def advance(sweep_id: str) -> None:
    """Take a sweep one step on, and ring for the jobs that this has queued."""
    import worker.training.sweep_study  # noqa: F401 - takes a second: not under the row's lock

    with runtime().database.write() as session:
        queued = step(session, sweep_id)
    for job_id in queued:
        _ring(job_id)


def ring_for(job_id: str) -> None:
    """Ring for the sweep that a job belongs to, if it belongs to one."""
    with runtime().database.read() as session:
        sweep_id = sweeps.sweep_of_job(session, job_id)
    if sweep_id is not None:
        _send(SWEEP_TASK_NAME, Queue.BATCH, sweep_id)


def _ring(job_id: str) -> None:
    if not _send(TASK_NAME[JobKind.TRAINING], JOB_QUEUE[JobKind.TRAINING], job_id):
        return
    with runtime().database.write() as session:
        jobs.mark_dispatched(session, job_id)


def _send(task_name: str, queue: Queue, subject_id: str) -> bool:
    """Ring; a bell that the broker did not take is rung by the scheduler."""
    try:
        app.send_task(task_name, args=[subject_id], queue=queue.value, retry=False)
    except (OperationalError, CeleryOperationalError, RedisError, OSError):
        logger.warning("broker did not take a message", extra={"task_name": task_name})
        return False
    return True


def step(session: Session, sweep_id: str) -> list[str]:
    """Do what there is to do; gives the ids of the jobs that were queued."""
    sweep = sweeps.lock_sweep(session, sweep_id)
    if sweep is None:
        return []
    with about(sweep.trace_id, sweep.span_id, sweep_id=sweep_id):
        return _take_on(session, sweep)


def _take_on(session: Session, sweep: SweepRecord) -> list[str]:
    by_id = sweeps.jobs_of(session, sweep, lock=True)
    rows = sweeps.trials_of(session, sweep)
    _settle(session, rows, by_id)
    if sweep.state == JobState.CANCELLING:
        sweeps.cancel_sweep(session, sweep)
        return []
    is_new = sweep.state == JobState.QUEUED  # or resumed
    if is_new:
        sweep.state, sweep.start_time = JobState.RUNNING.value, utc_now()
    if sweep.winner_job_id is None:
        return _try_on(session, sweep, rows, by_id)
    winner = by_id[sweep.winner_job_id]
    if is_new and _is_fruitless(winner):
        return [_queue_again(session, winner)]
    _follow_winner(session, sweep, winner)
    return []


def _settle(
    session: Session, rows: Sequence[SweepTrialRecord], by_id: Mapping[str, JobRecord]
) -> None:
    """Bring running trials to where their jobs are.

    One that waits to be resumed is running, too, if its job is at work or has ended well.
    """
    for row in rows:
        if row.state == TrialState.QUEUED and not _is_fruitless(by_id[str(row.job_id)]):
            row.state = TrialState.RUNNING.value
    running = [row for row in rows if row.state == TrialState.RUNNING]
    told = sweeps.validation_scores(session, [str(row.job_id) for row in running])
    for row in running:
        job = by_id[str(row.job_id)]
        row.fold_scores = told.get(job.id, [])
        state = _ENDED.get(JobState(job.state))
        if state is None:
            continue
        row.state = state.value
        row.objective = (job.result or {}).get("objective")
        if job.error is not None:
            row.reason = str(job.error["detail"])[:1000]
    session.flush()


def _is_fruitless(job: JobRecord) -> bool:
    return job.state in (JobState.FAILED, JobState.CANCELLED)


def _queue_again(session: Session, job: JobRecord) -> str:
    jobs.resume_job(session, job.project_id, JobKind.TRAINING, job.id)
    return job.id


def _follow_winner(session: Session, sweep: SweepRecord, job: JobRecord) -> None:
    """The sweep ends as the training of its winner does."""
    state = JobState(job.state)
    if state in TERMINAL_STATES:
        sweeps.end_sweep(session, sweep, state, job.error)


def _try_on(
    session: Session,
    sweep: SweepRecord,
    rows: Sequence[SweepTrialRecord],
    by_id: Mapping[str, JobRecord],
) -> list[str]:
    from worker.training.sweep_study import best_of

    spec = SweepSpec.model_validate(sweep.spec)
    is_over = _is_over(sweep, spec)
    _stop_some(session, spec, rows, by_id, is_over=is_over)
    queued = [] if is_over else _resume(session, spec, rows, by_id)
    if not is_over and not _is_hopeless(rows):
        queued += _begin(session, sweep, spec, rows)
        rows = sweeps.trials_of(session, sweep)
    trials = [_trial(row) for row in rows]
    best = best_of(spec, trials)
    sweep.best_trial_number = None if best is None else best.number
    session.flush()
    if any(trial.state in UNFINISHED_TRIALS for trial in trials):
        return queued
    if best is None:
        sweeps.end_sweep(session, sweep, JobState.FAILED, _nothing(rows, is_over=is_over))
        return []
    values = {path: _value(value) for path, value in best.values.items()}
    winner = spec.training_with(values).model_dump(mode="json")
    sweep.winner_job_id = sweeps.queue_training(session, sweep, winner)
    session.flush()
    return [sweep.winner_job_id]


def _is_over(sweep: SweepRecord, spec: SweepSpec) -> bool:
    if spec.budget_seconds is None or sweep.start_time is None:
        return False
    return utc_now() >= sweep.start_time + timedelta(seconds=spec.budget_seconds)


def _is_hopeless(rows: Sequence[SweepTrialRecord]) -> bool:
    states = [row.state for row in rows]
    failed = states.count(TrialState.FAILED.value)
    return failed >= HOPELESS_TRIALS and TrialState.SUCCEEDED.value not in states


def _stop_some(
    session: Session,
    spec: SweepSpec,
    rows: Sequence[SweepTrialRecord],
    by_id: Mapping[str, JobRecord],
    *,
    is_over: bool,
) -> None:
    """Cancel what the budget has no time for, or the pruner no hope."""
    from worker.training.sweep_study import is_promising

    trials = [_trial(row) for row in rows]
    for row, trial in zip(rows, trials, strict=True):
        if trial.state not in UNFINISHED_TRIALS:
            continue
        job = by_id[str(row.job_id)]
        if is_over:
            reason = f"the budget of {spec.budget_seconds:g} seconds was spent"
            sweeps.stop_trial(session, row, job, TrialState.CANCELLED, reason)
        elif trial.state is TrialState.RUNNING and not is_promising(spec, trials, trial):
            reason = (
                f"after {len(trial.fold_scores)} folds its {spec.objective.criterion} of "
                f"{trial.fold_scores[-1]:.4f} is worse than the median of earlier trials"
            )
            sweeps.stop_trial(session, row, job, TrialState.PRUNED, reason)


def _resume(
    session: Session,
    spec: SweepSpec,
    rows: Sequence[SweepTrialRecord],
    by_id: Mapping[str, JobRecord],
) -> list[str]:
    """Queue the jobs of trials of a resumed sweep again, before others begin."""
    room = spec.max_parallel - [row.state for row in rows].count(TrialState.RUNNING.value)
    waiting = [row for row in rows if row.state == TrialState.QUEUED][: max(room, 0)]
    for row in waiting:
        row.state = TrialState.RUNNING.value
    return [_queue_again(session, by_id[str(row.job_id)]) for row in waiting]


def _begin(
    session: Session, sweep: SweepRecord, spec: SweepSpec, rows: Sequence[SweepTrialRecord]
) -> list[str]:
    """Queue as many trials as may run beside those that do."""
    from worker.training.sweep_study import Trial, propose

    trials = [_trial(row) for row in rows]
    queued: list[str] = []
    while len(trials) < spec.max_trials and _running(trials) < spec.max_parallel:
        values = propose(spec, trials)
        if values is None:
            break
        number = len(trials)
        job_id = _queue(session, sweep, spec, number, values)
        state = TrialState.FAILED if job_id is None else TrialState.RUNNING
        trials.append(Trial(number, state, values))
        queued += [job_id] if job_id is not None else []
    return queued


def _running(trials: Sequence["Trial"]) -> int:
    return sum(trial.state is TrialState.RUNNING for trial in trials)


def _queue(
    session: Session,
    sweep: SweepRecord,
    spec: SweepSpec,
    number: int,
    values: Mapping[str, int | float | str],
) -> str | None:
    try:
        training = spec.training_with({path: _value(v) for path, v in values.items()})
    except ValidationError as error:
        reason = f"these values do not go together: {error.errors()[0]['msg']}"[:1000]
        return sweeps.add_trial(session, sweep, number, values, training=None, reason=reason)
    name = f"{training.name[:180]} (trial {number})"
    content = training.model_copy(update={"name": name}).model_dump(mode="json")
    return sweeps.add_trial(session, sweep, number, values, training=content)


def _value(value: int | float | str) -> bool | int | float | str | None:
    return value_of(value) if isinstance(value, str) else value


def _trial(row: SweepTrialRecord) -> "Trial":
    from worker.training.sweep_study import Trial

    return Trial(row.number, TrialState(row.state), row.values, row.fold_scores, row.objective)


def _nothing(rows: Sequence[SweepTrialRecord], *, is_over: bool) -> dict[str, object]:
    """Why there is no winner."""
    last = next((row.reason for row in reversed(rows) if row.reason), None)
    why = "the budget was spent before one had ended" if is_over else f"the last one: {last}"
    detail = f"none of {len(rows)} trials has SUCCEEDED; {why}"
    return {"code": "FAILED_PRECONDITION", "reason": "NO_TRIAL", "detail": detail, "errors": []}
