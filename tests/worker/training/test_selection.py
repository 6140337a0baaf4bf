"""`auto`: the simplest within one standard error, the same model as by its name, and resumed."""

import json

import numpy as np
import pytest

from service.contract.errors import FailedPreconditionError, InvalidArgumentError
from service.contract.jobs import EventType
from tests.worker.tables import (
    FITNESS,
    IDENTITY,
    log_titer,
    random_designs,
    small_spec,
    write_table,
)
from worker.inference.predictor import Predictor
from worker.training.errors import TrainingStoppedError
from worker.training.run import train_model

QUICK = ["additive", "low_rank", "nearest_design", "perturbation_set"]


def auto_spec(**changes):
    model = {"kind": "auto", "folds": 2, "candidates": QUICK, **changes.pop("model", {})}
    return small_spec(model=model, **{"epochs": 2, **changes})


def without_seconds(manifest):
    told = manifest.model_dump(mode="json")
    for table in (told["selection"], told["report"]["selection"]):
        for row in table["candidates"]:
            row.pop("seconds")
    return told


def test_an_additive_world_gets_an_additive_model_that_scores_by_every_field(train, tmp_path):
    designs = random_designs(150, seed=4)
    rng = np.random.default_rng(0)
    effect = {f"g{i}": value for i, value in enumerate(rng.normal(0, 0.5, 8))}
    value = [sum(effect[e[:2]] for e in d.split("+") if e) for d in designs]
    path = write_table(tmp_path / "t", designs, label__titer=np.exp(4 + np.array(value)))
    model = train(auto_spec(), path=path)
    table = model.manifest.selection
    assert model.manifest.model_kind == table.chosen == "additive"
    assert model.manifest.training_spec["model"]["kind"] == "auto"
    assert model.manifest.selected_model == {"kind": "additive", "penalty": None}
    assert [row.kind for row in table.candidates] == QUICK
    assert [row.is_chosen for row in table.candidates] == [True, False, False, False]
    assert model.manifest.report["selection"] == table.model_dump(mode="json")
    answer = Predictor.load(model.weights, model.manifest).score(["", "g0:knockdown"])
    assert len(answer.labels[0].expected_neutral) == 2


def test_sizes_are_a_candidate_where_designs_differ_in_size(tmp_path, train):
    rng = np.random.default_rng(1)
    designs = random_designs(120, seed=5)
    effect = {f"g{i}": value for i, value in enumerate(rng.normal(0, 0.3, 8))}
    edits = [[e[:2] for e in d.split("+") if e] for d in designs]
    value = np.array([2.0 * (len(e) > 0) + sum(effect[x] for x in e) for e in edits])
    model = {"candidates": ["additive", "saturating"]}
    path = write_table(tmp_path / "t", designs, label__titer=np.exp(4 + value))
    assert train(auto_spec(model=model), path=path).manifest.selection.chosen == "saturating"
    pairs = [d for d in designs if d.count("+") == 1]
    labels = np.exp(4 + rng.normal(0, 1, len(pairs)))
    path = write_table(tmp_path / "pairs", pairs, label__titer=labels)
    selection = train(auto_spec(model=model), path=path).manifest.selection
    assert "all of one size" in left_out(selection)["saturating"]


def test_auto_gives_the_bytes_of_what_it_chose(train):
    chosen = train(auto_spec())
    named = train(small_spec(epochs=2, model=chosen.manifest.selected_model))
    assert chosen.weights == named.weights
    assert chosen.manifest.weights_sha256 == named.manifest.weights_sha256
    assert {**chosen.manifest.report, "selection": None} == named.manifest.report


def test_a_strong_interaction_is_not_left_to_a_sum_of_effects(train, tmp_path):
    designs = random_designs(200, seed=2)
    value = log_titer(designs) + [
        3.0 * ({"g2", "g3"} <= {e[:2] for e in d.split("+")}) for d in designs
    ]
    path = write_table(tmp_path / "t", designs, label__titer=np.exp(value))
    spec = auto_spec(model={"candidates": ["additive", "forest"]})
    table = train(spec, path=path).manifest.selection
    assert table.chosen == "forest"
    assert "no simpler candidate" in table.reason


def test_a_selection_that_was_stopped_goes_on_and_chooses_the_same(train, monkeypatch):
    monkeypatch.setattr("worker.training.progress._POLL_SECONDS", 0.0)
    spec = auto_spec()
    whole = train(spec)
    for polls in (2, 6, 12):  # between candidates, in a network of either fold
        saved, asked = [], iter(range(10_000))
        with pytest.raises(TrainingStoppedError):
            train(
                spec,
                save_checkpoint=saved.append,
                should_stop=lambda asked=asked, polls=polls: next(asked) >= polls,
            )
        resumed = train(spec, checkpoint=saved[-1])
        assert resumed.weights == whole.weights
        assert without_seconds(resumed.manifest) == without_seconds(whole.manifest)


def test_what_was_compared_is_not_compared_again(train, monkeypatch):
    monkeypatch.setattr("worker.training.progress._POLL_SECONDS", 0.0)
    spec = auto_spec(ensemble_size=3)
    said = []

    def emit(_, data):
        said.append(data.get("message", ""))

    def stop_once_chosen():
        return any(text.startswith("chosen") for text in said)

    saved = []
    with pytest.raises(TrainingStoppedError):
        train(spec, save_checkpoint=saved.append, emit=emit, should_stop=stop_once_chosen)
    assert sum(text.startswith("comparing") for text in said) == 8
    said.clear()
    train(spec, checkpoint=saved[-1], emit=emit)
    assert not any(text.startswith("comparing") for text in said)


def test_progress_covers_the_selection_and_never_goes_back(train):
    events = []
    train(auto_spec(), emit=lambda kind, data: events.append((kind, data)))
    json.dumps(events, allow_nan=False)
    progress = [data for kind, data in events if kind is EventType.PROGRESS]
    fractions = [data["fraction"] for data in progress]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert any(0 < f < 1 for f in fractions)
    said = [data["message"] for data in progress if "message" in data]
    assert said[0] == "comparing additive, fold 1 of 2"
    assert "comparing perturbation_set, fold 2 of 2" in said
    assert any(text.startswith("chosen: ") for text in said)


def test_a_checkpoint_of_another_spec_is_refused(train, monkeypatch):
    monkeypatch.setattr("worker.training.progress._POLL_SECONDS", 0.0)
    saved = []
    with pytest.raises(TrainingStoppedError):
        train(auto_spec(), save_checkpoint=saved.append, should_stop=lambda: True)
    with pytest.raises(FailedPreconditionError, match="another spec"):
        train(auto_spec(seed=99), checkpoint=saved[0])
    with pytest.raises(FailedPreconditionError, match="cannot be read"):
        train(auto_spec(), checkpoint=b"none")


def left_out(selection):
    return {row.kind: row.left_out for row in selection.candidates if row.left_out is not None}


def test_what_does_not_fit_is_left_out_with_its_reason(train):
    spec = small_spec(
        labels=[{"name": "fitness"}, {"name": "titer"}],
        epochs=100_000,
        model={"kind": "auto", "folds": 2, "candidates": ["additive", "multiplicative"]},
    )
    fits = train(spec).manifest.selection
    assert left_out(fits) == {}
    log_alone = train(spec.model_copy(update={"labels": spec.labels[1:]})).manifest.selection
    assert "it is the additive model" in left_out(log_alone)["multiplicative"]
    assert log_alone.reason == "additive is the only candidate that can be fitted."
    assert log_alone.candidates[0].score is None


@pytest.mark.slow
def test_a_candidate_that_costs_too_much_is_left_out_unless_it_is_named(tmp_path, train):
    spec = small_spec(model={"kind": "auto", "folds": 2}, epochs=100_000)
    designs = random_designs(40)
    path = write_table(tmp_path / "t", designs, label__titer=np.exp(log_titer(designs)))
    assert (
        "30 is the limit" in left_out(train(spec, path=path).manifest.selection)["perturbation_set"]
    )


@pytest.mark.slow
def test_values_without_ratios_leave_out_the_models_of_ratios_alone(tmp_path):
    designs = random_designs(60)
    path = write_table(tmp_path / "t", designs, label__fitness=log_titer(designs) - 4)
    spec = auto_spec(
        labels=[{"name": "fitness"}], model={"candidates": ["multiplicative", "additive"]}
    )
    selection = train_model(spec, path, [FITNESS], identity=IDENTITY).manifest.selection
    assert selection.chosen == "additive"
    assert "at or below 0" in left_out(selection)["multiplicative"]
    only = auto_spec(labels=[{"name": "fitness"}], model={"candidates": ["multiplicative"]})
    with pytest.raises(InvalidArgumentError, match="multiplicative cannot learn"):
        train_model(only, path, [FITNESS], identity=IDENTITY)


def test_too_few_designs_get_the_simplest(tmp_path, train):
    designs = ["", "g0:knockdown", "g1:knockdown", "g0:knockdown+g1:knockdown", "g2:knockdown"]
    path = write_table(tmp_path / "t", designs, label__titer=np.array([2.0, 3, 4, 5, 6]))
    selection = train(auto_spec(split={"kind": "none"}), path=path).manifest.selection
    assert selection.chosen == "additive"
    assert "too few" in selection.reason
