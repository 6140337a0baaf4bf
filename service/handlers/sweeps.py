"""Sweeps: create, get, list, cancel, resume."""

from sqlalchemy.orm import Session

from service.contract.jobs import JobState
from service.contract.records import SweepRecord
from service.contract.repositories import queue, resumption, sweeps
from service.contract.repositories.jobs import Owner
from service.contract.repositories.paging import Page
from service.contract.resources import ListAnswer, Sweep
from service.contract.sweeps import SweepSpec
from service.handlers.context import Caller, Context
from service.handlers.conversion import to_sweep
from service.handlers.requests import PageRequest, request_of
from service.handlers.spec_fit import require_trainable


def create_sweep(
    context: Context, caller: Caller, spec: SweepSpec, *, request_id: str | None = None
) -> Sweep:
    """Queue a sweep. The same request twice gives the first sweep.

    Raises:
        NotFoundError: this project has no such data set, or gene table.
        FailedPreconditionError: the data set, or what is used of genes, is not READY.
        InvalidArgumentError: the data set has no such label, covariate or covariate value; the
            gene table no such feature, network or channel; a model of genes is given none.
        ConflictError: the request id was used with another spec.
        ResourceExhaustedError: as many jobs of the caller wait as may.
    """
    body = spec.model_dump(mode="json")
    request = request_of(request_id, body)
    with context.database.write() as session:
        queue.lock_owner(session, caller.owner)
        sweep = sweeps.find_request(session, caller.project_id, request)
        if sweep is None:
            queue.require_room(session, caller.owner, context.settings.max_queued_jobs)
            dataset = require_trainable(session, caller.project_id, spec.training, spec.kinds())
            sweep = sweeps.add_sweep(
                session, caller.owner, body, dataset_id=dataset.id, request=request
            )
        answer = _whole(session, sweep)
    context.dispatcher.ring_sweep(answer.id)  # the scheduler rings again if nobody hears it
    return answer


def get_sweep(context: Context, caller: Caller, sweep_id: str) -> Sweep:
    """Read a sweep with its trials.

    Raises:
        NotFoundError: this project has no such sweep.
    """
    with context.database.read() as session:
        return _whole(session, sweeps.get_sweep(session, caller.project_id, sweep_id))


def list_sweeps(
    context: Context, caller: Caller, page: PageRequest, *, state: JobState | None = None
) -> ListAnswer[Sweep]:
    """One page of sweeps without their trials, newest first."""
    with context.database.read() as session:
        rows = sweeps.list_sweeps(
            session, caller.project_id, state=state, page_size=page.size, page_token=page.token
        )
        return _listed(session, rows)


def cancel_sweep(context: Context, caller: Caller, sweep_id: str) -> Sweep:
    """Cancel a sweep and its jobs; CANCELLING while one of them is still running.

    Raises:
        NotFoundError: this project has no such sweep.
        FailedPreconditionError: the sweep has ended.
    """
    with context.database.write() as session:
        sweep = sweeps.get_sweep(session, caller.project_id, sweep_id, lock=True)
        sweeps.cancel_sweep(session, sweep)
        return _whole(session, sweep)


def resume_sweep(context: Context, caller: Caller, sweep_id: str) -> Sweep:
    """Queue a failed or cancelled sweep again; what its trials came to is kept.

    Raises:
        NotFoundError: this project has no such sweep.
        FailedPreconditionError: the sweep has not failed or been cancelled.
        ResourceExhaustedError: as many jobs of whoever made it wait as may.
    """
    with context.database.write() as session:
        found = sweeps.get_sweep(session, caller.project_id, sweep_id)
        owner = Owner(found.project_id, found.created_by)  # not the caller, perhaps
        queue.lock_owner(session, owner)
        sweep = sweeps.get_sweep(session, caller.project_id, sweep_id, lock=True)
        resumption.resume_sweep(session, sweep)
        queue.require_room(session, owner, context.settings.max_queued_jobs, besides=sweep.id)
        answer = _whole(session, sweep)
    context.dispatcher.ring_sweep(answer.id)  # the scheduler rings again if nobody hears it
    return answer


def _whole(session: Session, sweep: SweepRecord) -> Sweep:
    models = sweeps.model_ids(session, [sweep])
    return to_sweep(sweep, sweeps.trials_of(session, sweep), models.get(sweep.winner_job_id or ""))


def _listed(session: Session, page: Page[SweepRecord]) -> ListAnswer[Sweep]:
    ids = [sweep.id for sweep in page.rows]
    counts = sweeps.trial_counts(session, ids)
    best = sweeps.best_objectives(session, page.rows)
    models = sweeps.model_ids(session, page.rows)
    items = [
        to_sweep(sweep, (), models.get(sweep.winner_job_id or "")).model_copy(
            update={"trial_count": counts.get(sweep.id, 0), "best_objective": best.get(sweep.id)}
        )
        for sweep in page.rows
    ]
    return ListAnswer(items=items, next_page_token=page.next_page_token)
