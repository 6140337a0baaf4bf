"""A sweep that goes on after it failed or was cancelled comes to what it would have come to."""

from datetime import timedelta

import pytest

from service.contract.database import utc_now
from service.contract.errors import FailedPreconditionError
from service.contract.jobs import JobKind, JobState
from service.contract.records import SweepRecord
from service.contract.repositories import jobs, leases
from tests.worker.tasks.sweep_steps import SweepSteps
from worker.tasks.sweep import HOPELESS_TRIALS

LOST = {"code": "INTERNAL", "reason": "WORKER_LOST", "detail": "lost", "errors": []}


@pytest.fixture
def steps(database):
    return SweepSteps(database)


def spend_budget(database, sweep_id, seconds):
    with database.write() as session:
        sweep = session.get_one(SweepRecord, sweep_id)
        sweep.start_time = utc_now() - timedelta(seconds=seconds)


def run(steps, disturb=lambda *_, **__: []):
    """A sweep of four trials to its end; `disturb` is called whenever a job was queued or ended."""
    sweep_id = steps.begin(max_trials=4, seed=3)
    while (queued := steps.take(sweep_id)) != []:
        [job_id] = disturb(sweep_id) or queued
        if steps.job(job_id).trial_number is None:
            steps.end(job_id, result={"model_id": "model_1"})
        else:
            rate = steps.job(job_id).spec["optimizer"]["learning_rate"]
            steps.end(job_id, result={"objective": -((rate - 0.003) ** 2)})
        disturb(sweep_id, ended=True)
    sweep, trials = steps.look(sweep_id)
    tried = [(trial.values, trial.objective, trial.state, trial.reason) for trial in trials]
    winner = steps.job(sweep.winner_job_id)
    with steps.database.read() as session:
        job_count = len(
            jobs.list_jobs(session, "lab", JobKind.TRAINING, page_size=50, page_token=None).rows
        )
    return sweep.state, tried, sweep.best_trial_number, winner.spec, job_count


def test_a_sweep_that_was_cancelled_again_and_again_equals_an_undisturbed_one(steps):
    def disturb(sweep_id, *, ended=False):
        steps.cancel(sweep_id)
        assert steps.look(sweep_id)[0].state == "CANCELLED"
        assert steps.take(sweep_id) == []
        steps.resume(sweep_id)
        return [] if ended else steps.take(sweep_id)

    state, *found, job_count = run(steps)
    assert (state, len(found[0]), job_count) == ("SUCCEEDED", 4, 5)
    assert run(steps, disturb) == (state, *found, 2 * job_count)  # no job is made anew


def test_what_ended_with_the_sweep_goes_on_and_what_ended_before_is_kept(database, steps):
    sweep_id = steps.begin(max_trials=6, max_parallel=4)
    first, second, third, fourth = steps.take(sweep_id)
    steps.tell(fourth, 0.5)
    steps.end(first, result={"objective": 0.4})
    steps.end(second, JobState.FAILED, error=LOST)
    with database.write() as session:
        jobs.request_cancel(session, "lab", JobKind.TRAINING, third)
    fifth, sixth = steps.take(sweep_id)
    steps.end(fifth, result={"objective": 0.6})  # no step has seen it before the cancel
    steps.cancel(sweep_id)
    steps.resume(sweep_id)
    sweep, _ = steps.look(sweep_id)
    assert (sweep.start_time, sweep.end_time, sweep.error) == (None, None, None)
    ended = ["SUCCEEDED", "FAILED", "CANCELLED"]
    assert steps.states(sweep_id) == ("QUEUED", [*ended, "QUEUED", "QUEUED", "QUEUED"])
    assert steps.take(sweep_id) == [fourth, sixth]
    assert steps.states(sweep_id) == ("RUNNING", [*ended, "RUNNING", "SUCCEEDED", "RUNNING"])
    sweep, trials = steps.look(sweep_id)
    assert (trials[4].objective, trials[4].reason, trials[3].fold_scores) == (0.6, None, [0.5])
    assert sweep.best_trial_number == 4


def test_a_sweep_that_failed_tries_again_what_failed_and_no_more_at_once_than_may(steps):
    sweep_id = steps.begin(max_trials=HOPELESS_TRIALS + 1)
    made = []
    for _ in range(HOPELESS_TRIALS):
        made += steps.take(sweep_id)
        steps.end(made[-1], JobState.FAILED, error=LOST)
    steps.take(sweep_id)
    steps.resume(sweep_id)
    assert steps.states(sweep_id) == ("QUEUED", ["QUEUED"] * HOPELESS_TRIALS)
    for job_id in made:
        assert steps.take(sweep_id) == [job_id]
        steps.end(job_id, result={"objective": 0.5})
    [last] = steps.take(sweep_id)
    assert last not in made
    assert steps.states(sweep_id)[1] == [*["SUCCEEDED"] * HOPELESS_TRIALS, "RUNNING"]


def test_a_trial_that_waits_to_go_on_is_cancelled_with_the_sweep_and_goes_on(steps):
    sweep_id = steps.begin(max_trials=2)
    for _ in range(2):
        steps.end(steps.take(sweep_id)[0], JobState.FAILED, error=LOST)
    steps.take(sweep_id)
    for _ in range(2):
        steps.resume(sweep_id)
        [first] = steps.take(sweep_id)
        assert steps.states(sweep_id) == ("RUNNING", ["RUNNING", "QUEUED"])
        steps.cancel(sweep_id)
        assert steps.states(sweep_id) == ("CANCELLED", ["CANCELLED", "CANCELLED"])
    steps.resume(sweep_id)
    assert steps.take(sweep_id) == [first]


def test_what_never_goes_together_is_not_tried_again(steps):
    head = {"path": "model.head", "kind": "choice", "choices": ["mlp", "quadratic"]}
    weight = {"path": "loss.terms.c_node.weight", "kind": "choice", "choices": [0.0, 1.0]}
    training = {
        "dataset_id": "dataset_1",
        "labels": [{"name": "y"}],
        "model": {"kind": "perturbation_set"},
        "loss": {"terms": [{"name": "mse"}, {"name": "c_node", "weight": 0.0}]},
    }
    sweep_id = steps.begin(training, [head, weight], max_trials=4, max_parallel=4)
    queued = steps.take(sweep_id)
    for job_id in queued:
        steps.end(job_id, JobState.FAILED, error=LOST)
    steps.take(sweep_id)
    steps.resume(sweep_id)
    assert sorted(steps.states(sweep_id)[1]) == ["FAILED", "QUEUED", "QUEUED", "QUEUED"]
    assert steps.take(sweep_id) == queued


def test_a_resumed_sweep_has_its_budget_again(database, steps):
    sweep_id = steps.begin(budget_seconds=60)
    [job_id] = steps.take(sweep_id)
    for _ in range(2):
        spend_budget(database, sweep_id, 61)
        assert steps.take(sweep_id) == []
        assert "the budget was spent" in steps.look(sweep_id)[0].error["detail"]
        steps.resume(sweep_id)
        assert steps.take(sweep_id) == [job_id]
        assert steps.look(sweep_id)[0].start_time > utc_now() - timedelta(seconds=30)


def test_a_winner_that_failed_is_trained_again_and_no_trial_is(steps):
    sweep_id = steps.begin(max_trials=1)
    steps.end(steps.take(sweep_id)[0], result={"objective": 0.5})
    [winner] = steps.take(sweep_id)
    steps.end(winner, JobState.FAILED, error=LOST)
    steps.take(sweep_id)
    steps.resume(sweep_id)
    assert steps.take(sweep_id) == [winner]
    assert steps.take(sweep_id) == []
    steps.end(winner, result={"model_id": "model_1"})
    steps.take(sweep_id)
    assert steps.states(sweep_id) == ("SUCCEEDED", ["SUCCEEDED"])


def test_a_winner_that_was_trained_although_the_sweep_was_cancelled_ends_it_well(database, steps):
    sweep_id = steps.begin(max_trials=1)
    steps.end(steps.take(sweep_id)[0], result={"objective": 0.5})
    [winner] = steps.take(sweep_id)
    lease = steps.claim(winner)
    steps.cancel(sweep_id)
    with pytest.raises(FailedPreconditionError, match="a CANCELLING sweep cannot be resumed"):
        steps.resume(sweep_id)
    with database.write() as session:
        leases.finish(session, lease, JobState.SUCCEEDED, result={"model_id": "model_1"})
    steps.take(sweep_id)
    assert steps.states(sweep_id)[0] == "CANCELLED"
    steps.resume(sweep_id)
    assert steps.take(sweep_id) == []
    assert steps.states(sweep_id)[0] == "SUCCEEDED"
    with pytest.raises(FailedPreconditionError, match="a SUCCEEDED sweep cannot be resumed"):
        steps.resume(sweep_id)
