"""One change at a time; trials are kept; the page shows what there is."""

import json

import pytest

from benchmarks.studies.ablation import campaign
from benchmarks.studies.ablation.arms import DEFAULT, arms, default_terms
from benchmarks.studies.ablation.campaign import kept, run_all
from benchmarks.studies.ablation.page import Figures, page, table
from benchmarks.studies.ablation.trials import DATA, Trial, new_fit, source_of
from service.contract.latent_models import PerturbationSetSpec
from service.contract.losses import LossSpec

SEEDS = range(3)


def changed(arm):
    """Names of the terms, and fields of the model, that differ from the default."""
    plain, fields = arms()[0].fields(), arm.fields()
    left, right = ({t["name"]: t for t in f["loss"]["terms"]} for f in (plain, fields))
    terms = {name for name in left | right if left.get(name) != right.get(name)}
    model = {k for k, v in fields["model"].items() if v != plain["model"][k]}
    return terms, model


def test_every_arm_changes_one_thing():
    names = {}
    for arm in arms()[1:]:
        terms, model = changed(arm)
        names[arm.name] = (terms, model)
        assert bool(terms) != bool(model), arm.name
        assert len(model) <= 1
    for term in default_terms():
        assert names[f"without {term}"][0] == names[f"{term} at 1"][0] == {term}
        weights = {
            name: {t.name: t.weight for t in arm.loss().terms}.get(term, 0.0)
            for name, arm in ((arm.name, arm) for arm in arms())
        }
        assert weights[f"without {term}"] == 0.0 < weights[DEFAULT] < weights[f"{term} at 1"] == 1.0
    heads = {arm.model().head for arm in arms()}
    assert heads == {"linear", "quadratic", "mlp"}
    assert {arm.model().activation for arm in arms()} == {"gelu", "relu"}
    assert {8, 32, 128} <= {arm.model().latent_dim for arm in arms()}


def test_the_first_arm_is_the_default():
    first = arms()[0]
    assert first.name == DEFAULT
    assert first.loss() == LossSpec()
    assert first.model() == PerturbationSetSpec()


def test_a_trial_is_known_by_what_it_trains():
    keys = {Trial(data, seed, arm).key for data in DATA for seed in SEEDS for arm in arms()}
    assert len(keys) == len(DATA) * len(SEEDS) * len(arms())


@pytest.fixture
def fake(monkeypatch):
    """Trials that cost nothing: the default is at 0.5, others 0.1 above."""

    def run(trial, folder, data):
        del folder, data
        value = 0.5 + 0.01 * trial.seed + (0.1 if trial.arm.name != DEFAULT else 0.0)
        keys = [f"{when} {r}" for when in ("kept", "last") for r in ("intact", "compose")]
        return {**dict.fromkeys(keys, value), "best epoch": 1.0, "core seconds": 1.0,
                "trained": 10.0, "tested": 4.0}  # fmt: skip

    monkeypatch.setattr(campaign, "run_trial", run)


TRIALS = [Trial(data, seed, arm) for seed in SEEDS for data in DATA for arm in arms()]


@pytest.mark.usefixtures("fake")
def test_a_campaign_goes_on_where_it_was_stopped(tmp_path):
    path, told = tmp_path / "kept.jsonl", []
    options = {"data": None, "tell": told.append}
    assert not run_all(TRIALS, path, budget=-1.0, **options)
    assert kept(path) == {}
    assert run_all(TRIALS[:2], path, budget=None, **options)
    with path.open("a") as file:
        file.write('{"key": "torn\n')
    assert run_all(TRIALS, path, budget=None, **options)
    assert told[-1].endswith("about 0 s left")
    assert f"{len(TRIALS)} trainings, {len(TRIALS) - 2} to do" in told
    keys = [json.loads(line)["key"] for line in path.read_text().splitlines() if "torn" not in line]
    assert sorted(keys) == sorted(trial.key for trial in TRIALS)


@pytest.mark.usefixtures("fake")
def test_the_page_shows_paired_differences(tmp_path):
    path = tmp_path / "kept.jsonl"
    run_all(TRIALS, path, data=None, budget=None, tell=lambda _: None)
    figures = Figures(kept(path), dict.fromkeys(DATA, len(SEEDS)))
    rows = table(figures, "fba").splitlines()
    assert rows[2].startswith(f"| {DEFAULT} | 0.510")
    assert "**+0.100 (+0.100 to +0.100)**" in rows[3]
    text = page(figures, date="2026-01-01", machine="a machine", command="a command")
    assert "nan" not in text
    assert "{" not in text


@pytest.mark.slow
def test_a_trial_trains_what_its_arm_says(tmp_path):
    arm = next(arm for arm in arms() if arm.name == "head quadratic")
    trial = Trial("isoprenol", 0, arm)
    fit, data = new_fit(trial, source_of("isoprenol", 0, str(tmp_path), None))
    assert fit.task.model.head == "quadratic"
    assert fit.task.spec.ensemble_size == 1
    assert len(data.test.designs) > 50
