"""Sweeps: those that are resumed wait as one of whoever made them."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from service.contract.errors import (
    FailedPreconditionError,
    NotFoundError,
    ResourceExhaustedError,
)
from service.contract.jobs import JobKind, JobState
from service.contract.records import SweepRecord
from service.contract.repositories import jobs, sweeps
from service.contract.sweeps import SweepSpec
from service.handlers.context import Caller
from service.handlers.sweeps import cancel_sweep, create_sweep, get_sweep, resume_sweep
from tests.service.rows import add_dataset, claim, finish, training_spec

RATE = {"path": "optimizer.learning_rate", "kind": "float", "low": 1e-4, "high": 1e-2}


@pytest.fixture
def post(context, caller, database):
    """Queues a sweep; gives its id."""
    dataset_id, ingest_id = add_dataset(database)
    finish(database, claim(database, ingest_id))  # so that it does not wait
    training = training_spec(dataset_id, model={"kind": "perturbation_set"})
    spec = SweepSpec.model_validate({"training": training.model_dump(), "parameters": [RATE]})
    return lambda: create_sweep(context, caller, spec).id


async def test_only_what_has_failed_or_been_cancelled_is_resumed(context, caller, database, post):
    sweep_id = post()
    with pytest.raises(FailedPreconditionError, match="a QUEUED sweep cannot be resumed"):
        resume_sweep(context, caller, sweep_id)
    cancel_sweep(context, caller, sweep_id)
    resumed = resume_sweep(context, caller, sweep_id)
    assert (resumed.state, resumed.end_time) == (JobState.QUEUED, None)
    assert resumed == get_sweep(context, caller, sweep_id)
    with database.write() as session:
        sweep = session.get_one(SweepRecord, sweep_id)
        sweeps.end_sweep(
            session, sweep, JobState.FAILED, {"code": "X", "reason": "X", "detail": ""}
        )
    assert get_sweep(context, caller, sweep_id).error is not None
    assert resume_sweep(context, caller, sweep_id).error is None


async def test_that_of_another_project_is_not_there(context, caller, post):
    sweep_id = post()
    cancel_sweep(context, caller, sweep_id)
    with pytest.raises(NotFoundError):
        resume_sweep(context, Caller("another", caller.name), sweep_id)


async def test_a_sweep_is_resumed_only_if_whoever_made_it_has_room(context, caller, post):
    made = [post() for _ in range(8)]
    for sweep_id in made:
        cancel_sweep(context, caller, sweep_id)
    context.settings.max_queued_jobs = 1
    colleague = Caller(caller.project_id, "colleague")

    def resume(sweep_id):
        try:
            return resume_sweep(context, colleague, sweep_id)
        except ResourceExhaustedError:
            return None

    with ThreadPoolExecutor(8) as pool:
        assert len(list(filter(None, pool.map(resume, made)))) == 1
    states = [get_sweep(context, caller, sweep_id).state for sweep_id in made]
    assert sorted(states) == [*[JobState.CANCELLED] * 7, JobState.QUEUED]


async def test_jobs_of_the_sweep_itself_take_no_room_from_it(context, caller, database, post):
    sweep_id = post()
    with database.write() as session:
        sweep = session.get_one(SweepRecord, sweep_id)
        training = sweep.spec["training"]
        trial = sweeps.add_trial(session, sweep, 0, {}, training=training)
        sweeps.cancel_sweep(session, sweep)
        jobs.resume_job(session, caller.project_id, JobKind.TRAINING, trial)
    context.settings.max_queued_jobs = 1
    assert resume_sweep(context, caller, sweep_id).state is JobState.QUEUED
