"""train_model: determinism, resume, events, report, and clear refusals."""

import json
import math

import numpy as np
import pytest
from safetensors.torch import load

from service.contract.datasets import CovariateColumn
from service.contract.errors import FailedPreconditionError, InvalidArgumentError
from service.contract.jobs import EventType
from tests.worker.tables import (
    CYCLE,
    FITNESS,
    IDENTITY,
    TITER,
    log_titer,
    random_designs,
    small_spec,
    write_table,
)
from worker.inference.predictor import Predictor
from worker.training.errors import TrainingStoppedError
from worker.training.run import train_model

BY_CYCLE = {"kind": "covariate", "covariate": "cycle", "test": ["2"]}
ADDITIVE = {"kind": "additive"}


@pytest.mark.parametrize("model", [small_spec().model.model_dump(), ADDITIVE])
def test_two_runs_of_a_spec_give_identical_bytes(train, model):
    spec = small_spec(model=model)
    assert train(spec).weights == train(spec).weights
    assert train(small_spec(model=model, seed=4)).weights != train(spec).weights


def test_a_run_without_a_report_gives_the_same_model(train):
    spec, told = small_spec(model=ADDITIVE), []
    bare = train(spec, with_report=False, emit=lambda kind, _: told.append(kind))
    whole = train(spec)
    assert bare.manifest.report == {}
    assert whole.manifest.report["labels"]
    assert EventType.REPORT not in told
    assert bare.weights == whole.weights


@pytest.mark.parametrize(
    "polls", [2, pytest.param(1, marks=pytest.mark.slow), pytest.param(4, marks=pytest.mark.slow)]
)
def test_a_resumed_run_equals_an_undisturbed_one(train, monkeypatch, polls):
    monkeypatch.setattr("worker.training.progress._POLL_SECONDS", 0.0)  # ask before every step
    whole = train()
    saved, asked = [], iter(range(1000))
    with pytest.raises(TrainingStoppedError):
        train(save_checkpoint=saved.append, should_stop=lambda: next(asked) >= 7 * polls)
    assert len(saved) == 1
    resumed = train(checkpoint=saved[0])
    assert resumed.weights == whole.weights
    assert resumed.manifest == whole.manifest


def test_a_run_can_stop_at_every_step_and_still_arrive(train, monkeypatch):
    monkeypatch.setattr("worker.training.progress._POLL_SECONDS", 0.0)
    spec = small_spec(epochs=2, ensemble_size=1)
    saved = [None]
    for _ in range(100):
        asked = iter([False])
        try:
            result = train(
                spec,
                checkpoint=saved[-1],
                save_checkpoint=saved.append,
                should_stop=lambda asked=asked: next(asked, True),
            )
            break
        except TrainingStoppedError:
            continue
    assert len(saved) > 3
    assert result.weights == train(spec).weights


def test_a_checkpoint_of_another_spec_or_no_checkpoint_is_refused(train, monkeypatch):
    monkeypatch.setattr("worker.training.progress._POLL_SECONDS", 0.0)
    saved = []
    with pytest.raises(TrainingStoppedError):
        train(save_checkpoint=saved.append, should_stop=lambda: True)
    with pytest.raises(FailedPreconditionError, match="another spec"):
        train(small_spec(seed=99), checkpoint=saved[0])
    with pytest.raises(FailedPreconditionError, match="cannot be read"):
        train(checkpoint=b"not a checkpoint at all")


def test_events_tell_the_story_once(train):
    events = []
    model = train(emit=lambda kind, data: events.append((kind, data)))
    json.dumps(events, allow_nan=False)
    epochs = [data for kind, data in events if kind is EventType.EPOCH]
    assert {(e["member"], e["epoch"]) for e in epochs} >= {(0, 1), (1, 1)}
    assert set(epochs[0]["terms"]) == {"total", "mse", "dist", "supcr", "composition"}
    assert set(epochs[0]["metrics"]) == {"validation_rmse", "validation_spearman"}
    fractions = [data["fraction"] for kind, data in events if kind is EventType.PROGRESS]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    reports = [data for kind, data in events if kind is EventType.REPORT]
    assert reports == [model.manifest.report]


def test_the_report_puts_both_readings_beside_the_nulls(train):
    report = train(small_spec(split=BY_CYCLE)).manifest.report
    label = report["labels"][0]
    assert [row["predictor"] for row in label["table"]] == [
        "perturbation_set (y_intact)",
        "perturbation_set (y_compose)",
        *("train_mean", "pair_mean", "nearest_design", "edit_frequency", "additive", "saturating"),
        *("pairwise", "low_rank", "profile_knn", "forest"),
    ]
    assert label["table"][2]["spearman"] is None
    assert label["nulls_left_out"].keys() == {"multiplicative"}
    assert label["test_design_count"] == report["split"]["test_design_count"]
    assert "cycle = 2" in label["verdict"]
    assert report["latent"]["collapsed_member_count"] == 0
    json.dumps(report, allow_nan=False)


def test_members_that_stay_at_their_start_are_told_of(train):
    # Such steps lead far away from whatever is good.
    report = train(small_spec(optimizer={"learning_rate": 1.0}, epochs=2)).manifest.report
    count = report["latent"]["member_at_additive_start_count"]
    said = [note for note in report["notes"] if "additive start" in note]
    assert count > 0
    assert [note.split(" ")[0] for note in said] == [str(count)]


def test_without_a_test_part_nothing_is_claimed(train):
    report = train(small_spec(split={"kind": "none"}, model=ADDITIVE)).manifest.report
    assert report["labels"][0]["test_design_count"] == 0
    assert "claims nothing" in report["labels"][0]["verdict"]


def test_it_learns_an_additive_world_and_says_so(tmp_path, train):
    designs = random_designs(300, seed=4)
    path = write_table(tmp_path / "t", designs, label__titer=np.exp(log_titer(designs)))
    report = train(small_spec(model=ADDITIVE), path=path).manifest.report
    label = report["labels"][0]
    assert label["table"][0]["spearman"] > 0.8
    assert "It ranks better than train_mean" in label["verdict"]


def test_two_labels_with_missing_values_train_together(train):
    model = train(small_spec(labels=[{"name": "titer"}, {"name": "fitness"}]))
    names = [label.name for label in model.manifest.labels]
    assert names == ["titer", "fitness"]
    answer = Predictor.load(model.weights, model.manifest).score(["", "g0:knockdown"])
    assert all(math.isfinite(x) for label in answer.labels for x in label.mean)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": [{"name": "titre"}]}, "no label titre; it has fitness, titer"),
        ({"split": {**BY_CYCLE, "covariate": "cycel"}}, "no covariate cycel; it has cycle"),
        ({"split": {**BY_CYCLE, "test": ["9"]}}, "no value 9; it has 0, 1, 2"),
        ({"split": {**BY_CYCLE, "test": ["0", "1", "2"]}}, "training part is empty"),
    ],
)
def test_a_spec_that_does_not_fit_the_table_is_refused(train, changes, message):
    with pytest.raises(InvalidArgumentError, match=message) as caught:
        train(small_spec(**changes))
    if "empty" not in message:
        assert caught.value.offenders


def test_a_misspelt_label_gets_a_suggestion(train):
    with pytest.raises(InvalidArgumentError) as caught:
        train(small_spec(labels=[{"name": "titre"}, {"name": "fitnes"}]))
    assert [o.suggestions for o in caught.value.offenders] == [["titer"], ["fitness"]]


@pytest.mark.parametrize(
    ("values", "limit", "message"),
    [
        ([math.nan] * 40, None, "no value in the training part"),
        ([5.0] * 40, None, "the same value throughout"),
        ([0.0, *range(1, 40)], None, "log of 1 values at or below 0"),
        ([0.0, *range(1, 40)], 0.0, "log of 1 values at or below 0"),
    ],
)
def test_a_label_that_cannot_be_learned_is_refused(tmp_path, values, limit, message):
    path = write_table(tmp_path / "t", random_designs(40), label__titer=np.array(values, float))
    column = TITER.model_copy(update={"detection_limit": limit})
    with pytest.raises(InvalidArgumentError, match=message):
        train_model(small_spec(split={"kind": "none"}), path, [column], identity=IDENTITY)


def test_values_below_the_limit_count_as_the_limit_and_are_counted(tmp_path, train):
    designs = random_designs(40)
    values = np.linspace(-3, 30, 40)
    path = write_table(tmp_path / "t", designs, label__titer=values)
    spec = small_spec(model=ADDITIVE, split={"kind": "none"})
    label = train(spec, path=path).manifest.labels[0]
    assert label.censored_count == int((values < 1).sum())
    raised = write_table(tmp_path / "u", designs, label__titer=np.maximum(values, 1))
    assert train(spec, path=raised).manifest.labels[0].center == label.center


def test_conditions_and_backgrounds_that_a_score_cannot_name_are_refused(tmp_path, table, designs):
    condition = CovariateColumn(name="cycle", role="condition")
    with pytest.raises(InvalidArgumentError, match="condition with 3 values"):
        train_model(small_spec(), table, [TITER], [condition], identity=IDENTITY)
    alone = write_table(
        tmp_path / "m", designs, label__titer=np.arange(1.0, 71), covariate__medium=["M9"] * 70
    )
    medium = CovariateColumn(name="medium", role="condition")
    spec = small_spec(model=ADDITIVE)
    manifest = train_model(spec, alone, [TITER], [medium], identity=IDENTITY).manifest
    assert [(one.name, one.value) for one in manifest.conditions] == [("medium", "M9")]
    backgrounds = ["x", "y"] * 35
    path = write_table(
        tmp_path / "t", designs, label__titer=np.arange(1.0, 71), background=backgrounds
    )
    with pytest.raises(InvalidArgumentError, match="2 backgrounds"):
        train_model(small_spec(), path, [TITER], [CYCLE], identity=IDENTITY)


def test_cuda_that_is_not_there_is_refused(train, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(FailedPreconditionError, match="no CUDA device"):
        train(small_spec(device="cuda"))


def test_a_loss_that_is_no_number_is_named(train):
    spec = small_spec(loss={"terms": [{"name": "mse", "weight": 1e39}]})  # beyond float32
    with pytest.raises(FailedPreconditionError, match="the loss became"):
        train(spec)


def test_weights_hold_every_member_and_no_pickle(train):
    model = train()
    tensors = load(model.weights)
    assert {name.split(".")[1] for name in tensors if name.startswith("member.")} == {"0", "1"}
    assert model.manifest.member_count == 2
    assert FITNESS.name not in [label.name for label in model.manifest.labels]
