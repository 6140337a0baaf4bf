"""Trials are trained by the code of the service, and looks change nothing."""

import json
import math

import pytest
import torch
from safetensors.torch import load

from benchmarks.studies.loss_conflict.arms import COSINE, MSE, NEG_L2, Arm, Terms, factorial
from benchmarks.studies.loss_conflict.campaign import run_all
from benchmarks.studies.loss_conflict.probe import look, probe_of
from benchmarks.studies.loss_conflict.sources import FBA_TABLE, source_named
from benchmarks.studies.loss_conflict.trials import Trial, looked_at, new_fit, spec_of, train
from service.contract.losses import Weighting
from tests.worker.tables import IDENTITY
from worker.training.devices import threads_for
from worker.training.run import train_model

BOTH = Arm(Terms.BOTH, NEG_L2)


@pytest.fixture(scope="module")
def fba(tmp_path_factory):
    return source_named(str(FBA_TABLE), tmp_path_factory.mktemp("fba"), 0)


def trial(arm, epochs=1):
    return Trial(str(FBA_TABLE), 0, arm, epochs)


@pytest.fixture(scope="module")
def looks(fba):
    """By arm, before the first step and after an epoch."""
    found = {}
    for arm in (MSE, BOTH, Arm(Terms.BOTH, COSINE, is_split=True)):
        fit, _ = new_fit(trial(arm), fba)
        found[arm] = train(fit, probe_of(fit.task, 0, arm), 1)
    return found


@pytest.mark.slow
def test_a_trial_is_the_job_that_its_spec_describes(fba):
    """Weights as `train_model` gives them, bit for bit, with looks and PCGrad."""
    arm = Arm(Terms.BOTH, COSINE, is_pcgrad=True)
    with threads_for(0):  # as for the small steps of the job
        fit, _ = new_fit(trial(arm, epochs=3), fba)
        train(fit, probe_of(fit.task, 0, arm), 3)
    assert fit.progress.best_epoch >= 0  # not the start, which every arm shares
    columns = fba.ingested.spec
    job = train_model(
        spec_of(trial(arm, epochs=3), fba),
        fba.table,
        columns.labels,
        columns.covariates,
        identity=IDENTITY,
    )
    weights = load(job.weights)
    for name, value in fit.best.items():
        assert torch.equal(weights[f"member.0.{name}"], value), name


def test_at_the_start_composition_has_no_gradient(looks):
    start = looks[BOTH][0]
    assert start["value composition"] == pytest.approx(0.0, abs=1e-10)
    assert start[f"off share {NEG_L2}"] == pytest.approx(0.0, abs=1e-8)
    assert start[f"off share {COSINE}"] > 0.3
    assert start[f"intact share {NEG_L2}"] == pytest.approx(0.5, abs=1e-4)
    assert math.isnan(start[f"latent cosine composition/{NEG_L2}"])


def test_every_arm_starts_alike(looks):
    first, second = (looks[arm][0] for arm in (MSE, BOTH))
    shared = first.keys() & second.keys()
    assert len(shared) > 30
    for key in shared:
        assert first[key] == pytest.approx(second[key], rel=1e-5, abs=1e-9, nan_ok=True), key


def test_a_split_leaves_no_cosine_at_the_latents(looks):
    (arm,) = (arm for arm in looks if arm.is_split)
    found = looks[arm][1]
    for form in (COSINE, NEG_L2):
        assert found[f"latent cosine composition/{form}"] == 0.0
        assert found[f"whole {form}"] != found[f"value {form}"]


@pytest.mark.parametrize("arm", [MSE, BOTH], ids=str)
def test_cosines_at_the_latents_keep_to_their_bound(looks, arm):
    found = looks[arm][1]
    for form in (COSINE, NEG_L2):
        cosine = found[f"latent cosine composition/{form}"]
        assert cosine**2 <= found[f"off share {form}"] + 1e-6


def test_a_look_draws_nothing(fba):
    fit, _ = new_fit(trial(BOTH), fba)
    probe = probe_of(fit.task, 0, BOTH)
    before = {name: value.clone() for name, value in fit.net.state_dict().items()}
    state = fit.dropout.get_state(), torch.get_rng_state()
    assert look(fit, probe).keys() == look(fit, probe).keys()
    assert all(torch.equal(before[name], value) for name, value in fit.net.state_dict().items())
    assert all(p.grad is None for p in fit.net.parameters())
    after = fit.dropout.get_state(), torch.get_rng_state()
    assert all(torch.equal(a, b) for a, b in zip(state, after, strict=True))


def test_the_factorial_holds_every_combination_once():
    arms = factorial()
    assert len(set(arms)) == len(arms) == 25
    assert len({arm.loss().model_dump_json() for arm in arms}) == 25
    assert sum(arm.loss().weighting is Weighting.PCGRAD for arm in arms) == 10


def test_the_first_and_the_last_epoch_are_looked_at():
    assert looked_at(1) == {0, 1}
    assert {0, 1, 40} <= looked_at(40)
    assert max(looked_at(40)) == 40


def test_a_campaign_goes_on_where_it_was_stopped(tmp_path):
    kept, told = tmp_path / "kept.jsonl", []
    trials = [trial(MSE), trial(Arm(Terms.COMPOSITION))]
    first = run_all(trials[:1], processes=1, kept=kept, tell=told.append)
    with kept.open("a") as file:
        file.write('{"key": "torn')
    with kept.open("a") as file:
        file.write("\n")
    both = run_all(trials, processes=1, kept=kept, tell=told.append)
    assert [line for line in told if "to do" in line] == [
        "1 trainings, 1 to do, 1 at a time",
        "2 trainings, 1 to do, 1 at a time",
    ]
    assert json.dumps(both[trials[0]].looks) == json.dumps(first[trials[0]].looks)
    assert list(both) == trials


@pytest.mark.slow
def test_processes_change_nothing():
    trials = [trial(MSE), trial(BOTH)]
    here, there = (run_all(trials, processes=n, tell=lambda _: None) for n in (1, 2))
    for each in trials:
        assert json.dumps(here[each].looks) == json.dumps(there[each].looks)
