"""How a sweep that has failed or was cancelled goes on: what of it is done again."""

from sqlalchemy.orm import Session

from service.contract.errors import FailedPreconditionError
from service.contract.jobs import JobState
from service.contract.records import SweepRecord, SweepTrialRecord
from service.contract.repositories.sweeps import CANCELLED_WITH_SWEEP, trials_of
from service.contract.sweeps import TrialState


def resume_sweep(session: Session, sweep: SweepRecord) -> None:
    """Queue a locked sweep again: its next step goes on from what has ended. Its budget is whole.

    Trials that were cancelled with it are QUEUED; where none has SUCCEEDED, so that it FAILED, all
    are that have a job. Else one that failed, or that its owner cancelled, is a result as any
    other: an undisturbed sweep would have gone on without it. Once the trials are over, the
    winner's training goes on.

    Raises:
        FailedPreconditionError: the sweep has not failed or been cancelled.
    """
    if sweep.state not in (JobState.FAILED, JobState.CANCELLED):
        raise FailedPreconditionError(
            f"a {sweep.state} sweep cannot be resumed: only one that is FAILED or CANCELLED can"
        )
    if sweep.winner_job_id is None:
        for trial in trials_of(session, sweep):
            if sweep.state == JobState.FAILED or trial.reason == CANCELLED_WITH_SWEEP:
                _queue_trial(trial)
    sweep.state = JobState.QUEUED.value
    sweep.start_time = sweep.end_time = sweep.error = None
    session.flush()


def _queue_trial(trial: SweepTrialRecord) -> None:
    if trial.job_id is not None:  # else its values do not go together
        trial.state, trial.reason = TrialState.QUEUED.value, None
