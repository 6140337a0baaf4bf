"""A small sweep through the real queue: trials, their jobs, a winner, and what it may look at."""

import time

import pytest

from service.client.cellgebra import Cellgebra
from service.contract.jobs import TERMINAL_STATES, EventType, JobState
from service.contract.sweeps import TrialState
from tests.integration.conftest import SMALL

PARAMETERS = [
    {"path": "model.head", "kind": "choice", "choices": ["linear", "mlp"]},
    {"path": "model.latent_dim", "kind": "int", "low": 4, "high": 16, "log": True},
]
SPEC = {
    "parameters": PARAMETERS,
    "objective": {"folds": 2},
    "max_trials": 3,
    "max_parallel": 2,
    "seed": 1,
}


@pytest.fixture(scope="module")
def client(service):
    with Cellgebra(service.base_url) as opened:
        yield opened


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_sweep_ends_with_a_model(client, dataset):
    spec = {**SPEC, "training": {**SMALL, "dataset_id": dataset["id"]}}
    first = client.sweep(spec)
    sweep = first.wait(timeout_seconds=250)
    assert sweep.state is JobState.SUCCEEDED
    assert [trial.state for trial in sweep.trials] == [TrialState.SUCCEEDED] * 3
    best = max(sweep.trials, key=lambda trial: (trial.objective, -trial.number))
    assert (sweep.best_trial_number, sweep.best_objective) == (best.number, best.objective)

    jobs = [client.run(trial.job_id) for trial in sweep.trials]
    assert {run.job.sweep_id for run in jobs} == {sweep.id}
    assert [run.job.trial_number for run in jobs] == [0, 1, 2]
    assert [run.job.model_id or run.job.report for run in jobs] == [None] * 3
    told = [e.data["score"] for e in jobs[0].events() if e.type is EventType.VALIDATION]
    assert told == sweep.trials[0].fold_scores

    model = first.model()
    values = {item.path: item.value for item in best.values}
    chosen = model.resource.manifest.training_spec["model"]
    assert str(chosen["latent_dim"]) == values["model.latent_dim"]
    assert chosen["head"] == values["model.head"]
    assert any("sweep" in note for note in model.resource.report["notes"])
    assert len(model.score(["", "PP_0368:knockdown"]).labels[0].mean) == 2
    assert sweep.id in [run.id for run in client.sweeps(state=JobState.SUCCEEDED)]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("service", ["sqlite"], indirect=True)  # seeds know no database
def test_a_sweep_repeats_itself_whether_it_is_cancelled_and_resumed_or_not(client, dataset):
    training = {**SMALL, "dataset_id": dataset["id"]}
    spec = {**SPEC, "training": training, "max_parallel": 1, "max_trials": 2}
    before, again = client.sweep(spec), client.sweep(spec)
    while not any(trial.fold_scores for trial in again.refresh().trials):  # it is at work
        assert again.state not in TERMINAL_STATES
        time.sleep(0.1)
    again.cancel()
    assert again.wait(timeout_seconds=60).state is JobState.CANCELLED
    trial_jobs = [trial.job_id for trial in again.trials]
    assert again.resume().state is JobState.QUEUED
    for run in (before, again):
        assert run.wait(timeout_seconds=140).state is JobState.SUCCEEDED
    assert [trial.job_id for trial in again.trials][: len(trial_jobs)] == trial_jobs
    for one, other in zip(again.trials, before.trials, strict=True):
        assert (one.values, one.objective) == (other.values, other.objective)
        assert one.fold_scores == other.fold_scores
    assert again.sweep.best_trial_number == before.sweep.best_trial_number
    assert again.model().resource.weights_sha256 == before.model().resource.weights_sha256


@pytest.mark.slow
def test_a_cancelled_sweep_leaves_no_job_behind(client, dataset):
    training = {**SMALL, "dataset_id": dataset["id"], "epochs": 100_000}
    run = client.sweep({**SPEC, "training": {**training, "patience_epochs": 100_000}})
    while not run.refresh().trials:
        pass
    run.cancel()
    assert run.wait(timeout_seconds=60).state is JobState.CANCELLED
    assert {client.run(trial.job_id).state for trial in run.trials} == {JobState.CANCELLED}


@pytest.mark.slow
def test_the_budget_ends_trials_and_the_sweep(client, dataset):
    training = {**SMALL, "dataset_id": dataset["id"], "epochs": 100_000}
    spec = {**SPEC, "training": {**training, "patience_epochs": 100_000}, "budget_seconds": 3}
    run = client.sweep(spec)
    with pytest.raises(Exception, match="the budget was spent"):
        run.wait(timeout_seconds=60)
    assert all("budget" in trial.reason for trial in run.refresh().trials)
