"""Steps of a sweep on rows: what is queued, stopped and won, whoever is killed in between."""

from datetime import timedelta

import pytest

from service.contract.database import utc_now
from service.contract.jobs import JobKind, JobState
from service.contract.records import JobRecord, SweepRecord
from service.contract.repositories import jobs, leases, sweeps
from service.contract.sweeps import TrialState
from tests.worker.tasks.sweep_steps import TRAINING, SweepSteps
from worker.tasks.sweep import HOPELESS_TRIALS, step


@pytest.fixture
def steps(database):
    return SweepSteps(database)


@pytest.fixture
def begin(steps):
    return steps.begin


@pytest.fixture
def take(steps):
    return steps.take


@pytest.fixture
def look(steps):
    return steps.look


@pytest.fixture
def end(steps):
    return steps.end


@pytest.fixture
def tell(steps):
    return steps.tell


def job_of(database, job_id):
    with database.read() as session:
        return session.get_one(JobRecord, job_id)


def test_a_sweep_from_its_first_trial_to_its_model(database, begin, take, look, end):
    sweep_id = begin(max_trials=3)
    for number, objective in enumerate([0.2, 0.6, 0.4]):
        [job_id] = take(sweep_id)
        job = job_of(database, job_id)
        assert (job.sweep_id, job.trial_number) == (sweep_id, number)
        assert job.spec["name"] == f"model (trial {number})"
        end(job_id, result={"objective": objective})
    [winner_id] = take(sweep_id)
    sweep, trials = look(sweep_id)
    assert [trial.objective for trial in trials] == [0.2, 0.6, 0.4]
    assert (sweep.state, sweep.best_trial_number) == ("RUNNING", 1)
    winner = job_of(database, winner_id)
    assert winner.trial_number is None
    rate = trials[1].values["optimizer.learning_rate"]
    assert winner.spec["optimizer"]["learning_rate"] == rate
    end(winner_id, result={"model_id": "model_1"})
    assert take(sweep_id) == []
    sweep, _ = look(sweep_id)
    assert (sweep.state, sweep.winner_job_id) == ("SUCCEEDED", winner_id)
    with database.read() as session:
        assert sweeps.model_ids(session, [sweep]) == {winner_id: "model_1"}


def test_a_step_that_finds_nothing_does_nothing(begin, take, look):
    sweep_id = begin(max_parallel=2)
    assert len(take(sweep_id)) == 2
    assert take(sweep_id) == take(sweep_id) == []
    assert len(look(sweep_id)[1]) == 2
    assert take("sweep_0") == []


def test_a_step_that_was_killed_has_done_nothing(database, begin, take, look):
    sweep_id = begin(seed=5, max_parallel=2)

    with database.write() as session:
        lost = step(session, sweep_id)
        session.rollback()
    assert look(sweep_id)[1] == []
    found = take(sweep_id)
    assert len(found) == len(lost) == 2
    assert not set(found) & set(lost)


def test_two_sweeps_of_one_seed_try_the_same(begin, take, look, end):
    tried = []
    for _ in range(2):
        sweep_id = begin(max_trials=4, seed=7)
        for objective in (0.1, 0.2, 0.3, 0.4):
            end(take(sweep_id)[0], result={"objective": objective})
        take(sweep_id)
        tried.append([trial.values for trial in look(sweep_id)[1]])
    assert tried[0] == tried[1]


@pytest.fixture
def poor_trial(database, begin, take, end, tell):
    """A sweep whose sixth trial is running, and worse than the others were."""
    sweep_id = begin(max_trials=10)
    for objective in (0.4, 0.5, 0.6, 0.7, 0.8):
        [job_id] = take(sweep_id)
        tell(job_id, objective, objective)
        end(job_id, result={"objective": objective})
    [poor] = take(sweep_id)
    with database.write() as session:
        leases.claim(session, poor, "worker", 60)
    tell(poor, 0.1)
    return sweep_id, poor


def test_an_unpromising_trial_is_cancelled_and_the_next_begins(database, poor_trial, take, look):
    sweep_id, poor = poor_trial
    assert len(take(sweep_id)) == 1
    trial = look(sweep_id)[1][5]
    assert (trial.state, trial.fold_scores) == (TrialState.PRUNED.value, [0.1])
    assert "worse than the median" in trial.reason
    assert job_of(database, poor).state == JobState.CANCELLING


def test_the_budget_stops_what_runs_and_keeps_what_has_ended(database, begin, take, look, end):
    sweep_id = begin(max_parallel=2, budget_seconds=60)
    first, second = take(sweep_id)
    end(first, result={"objective": 0.3})
    [third] = take(sweep_id)
    with database.write() as session:
        session.get_one(SweepRecord, sweep_id).start_time = utc_now() - timedelta(seconds=61)
    [winner] = take(sweep_id)
    sweep, trials = look(sweep_id)
    assert [trial.state for trial in trials] == ["SUCCEEDED", "CANCELLED", "CANCELLED"]
    assert "the budget of 60 seconds" in trials[1].reason
    assert {job_of(database, job_id).state for job_id in (second, third)} == {"CANCELLED"}
    assert (sweep.best_trial_number, sweep.winner_job_id) == (0, winner)


def test_a_budget_in_which_no_trial_ended_fails_the_sweep(database, begin, take, look):
    sweep_id = begin(budget_seconds=60)
    take(sweep_id)
    with database.write() as session:
        session.get_one(SweepRecord, sweep_id).start_time = utc_now() - timedelta(seconds=61)
    assert take(sweep_id) == []
    sweep, _ = look(sweep_id)
    assert sweep.state == "FAILED"
    assert "the budget was spent before one had ended" in sweep.error["detail"]


def test_trials_that_all_fail_end_the_sweep_with_their_reason(begin, take, look, end):
    sweep_id = begin(max_trials=100)
    error = {"code": "INVALID_ARGUMENT", "reason": "X", "detail": "no such thing", "errors": []}
    for _ in range(HOPELESS_TRIALS):
        end(take(sweep_id)[0], JobState.FAILED, error=error)
    assert take(sweep_id) == []
    sweep, trials = look(sweep_id)
    assert (sweep.state, len(trials)) == ("FAILED", HOPELESS_TRIALS)
    assert "no such thing" in sweep.error["detail"]
    assert trials[0].reason == "no such thing"


def test_a_trial_that_its_owner_cancelled_is_no_result_and_the_others_go_on(
    database, begin, take, look, end
):
    sweep_id = begin(max_trials=2)
    [first] = take(sweep_id)
    with database.write() as session:
        jobs.request_cancel(session, "lab", JobKind.TRAINING, first)
    [second] = take(sweep_id)
    end(second, result={"objective": 0.1})
    take(sweep_id)
    sweep, trials = look(sweep_id)
    assert [trial.state for trial in trials] == ["CANCELLED", "SUCCEEDED"]
    assert sweep.best_trial_number == 1


def test_values_that_do_not_go_together_are_a_failed_trial(begin, take, look):
    head = {"path": "model.head", "kind": "choice", "choices": ["mlp", "quadratic"]}
    training = {
        **TRAINING,
        "model": {"kind": "perturbation_set"},
        "loss": {"terms": [{"name": "mse"}, {"name": "c_node", "weight": 0.0}]},
    }
    weight = {"path": "loss.terms.c_node.weight", "kind": "choice", "choices": [0.0, 1.0]}
    sweep_id = begin(training, [head, weight], max_trials=4, max_parallel=4)
    take(sweep_id)
    failed = [trial for trial in look(sweep_id)[1] if trial.state == TrialState.FAILED]
    assert [trial.job_id for trial in failed] == [None]
    assert "quadratic" in failed[0].reason


def test_cancelling_a_sweep_cancels_its_jobs(database, begin, take, look):
    sweep_id = begin(max_parallel=2)
    waiting, running = take(sweep_id)
    with database.write() as session:
        lease = leases.claim(session, running, "worker", 60)
    with database.write() as session:
        sweeps.cancel_sweep(session, sweeps.get_sweep(session, "lab", sweep_id, lock=True))
    assert look(sweep_id)[0].state == "CANCELLING"
    assert job_of(database, waiting).state == "CANCELLED"
    assert job_of(database, running).state == "CANCELLING"
    assert take(sweep_id) == []
    with database.write() as session:
        leases.finish(session, leases.Lease(running, lease.fence), JobState.CANCELLED)
    take(sweep_id)
    sweep, trials = look(sweep_id)
    assert sweep.state == "CANCELLED"
    assert {trial.state for trial in trials} == {"CANCELLED"}


def test_a_winner_that_fails_fails_the_sweep(begin, take, look, end):
    sweep_id = begin(max_trials=1)
    end(take(sweep_id)[0], result={"objective": 0.5})
    error = {"code": "FAILED_PRECONDITION", "reason": "X", "detail": "collapsed", "errors": []}
    end(take(sweep_id)[0], JobState.FAILED, error=error)
    take(sweep_id)
    sweep, _ = look(sweep_id)
    assert (sweep.state, sweep.error["detail"]) == ("FAILED", "collapsed")
