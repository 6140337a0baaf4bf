"""Every model that is fitted at once, from a table to scores and a report."""

import math

import numpy as np
import pytest

from service.contract.datasets import LabelColumn
from service.contract.errors import InvalidArgumentError, UnknownEditsError
from service.contract.models import GENE_KINDS
from tests.worker.tables import (
    FITNESS,
    IDENTITY,
    TITER,
    log_titer,
    random_designs,
    small_spec,
    write_table,
)
from worker.inference.predictor import Predictor
from worker.models.classical import KINDS
from worker.training.errors import TrainingStoppedError
from worker.training.run import train_model

EPSILON = LabelColumn(name="epsilon", kind="interaction", measure="epsilon", unit="1")
VALUE = LabelColumn(name="value", kind="rate", unit="1/h")
ASKED = ["", "g0:knockdown", "g0:knockdown+g1:knockdown", "g2:knockdown@0.5+g3:knockdown"]

PLAIN = [kind for kind in KINDS if not KINDS[kind].reads_genes]
FAST = ("additive", "forest", "low_rank", "pairwise")  # one of each family, by default
every_kind = pytest.mark.parametrize(
    "kind",
    [kind if kind in FAST else pytest.param(kind, marks=pytest.mark.slow) for kind in PLAIN],
)


def test_models_of_genes_are_refused_without_them_when_the_job_is_created():
    assert {kind for kind in KINDS if KINDS[kind].reads_genes} | {"gene_graph"} == GENE_KINDS


def model_of(kind):
    return {"kind": kind, "trees": 20} if kind == "forest" else {"kind": kind}


def spec_of(kind, *labels, **changes):
    named = {"labels": [{"name": label} for label in labels or ["titer"]]}
    return small_spec(**{"model": model_of(kind), "ensemble_size": 3} | named | changes)


@every_kind
def test_from_a_table_to_scores(train, kind):
    spec = spec_of(kind, "titer", "fitness")
    model = train(spec)
    assert train(spec).weights == model.weights
    assert model.manifest.model_kind == kind
    assert model.manifest.member_count == 3
    predictor = Predictor.load(model.weights, model.manifest)
    answer = predictor.score(ASKED)
    assert Predictor.load(model.weights, model.manifest).score(ASKED) == answer
    turned = ["+".join(reversed(genotype.split("+"))) for genotype in ASKED]
    assert predictor.score(turned) == answer
    for label in answer.labels:
        assert all(map(math.isfinite, label.mean))
        assert label.y_compose == label.y_intact == label.mean
        assert np.less_equal(label.min, label.mean).all()
    with pytest.raises(UnknownEditsError):
        predictor.score(["g0:knockdown+gx:knockdown"])
    rows = model.manifest.report["labels"][0]["table"]
    assert rows[0]["predictor"] == kind
    assert {row["predictor"] for row in rows} >= {"train_mean", "additive", "forest"}
    assert [row["role"] for row in rows] == ["model"] + ["null"] * (len(rows) - 1)


@every_kind
def test_one_member_has_all_the_data_and_members_differ(train, kind):
    alone = train(spec_of(kind, ensemble_size=1))
    predictor = Predictor.load(alone.weights, alone.manifest)
    assert predictor.score(ASKED).labels[0].sd == [0.0] * len(ASKED)
    three = train(spec_of(kind))
    label = Predictor.load(three.weights, three.manifest).score(ASKED).labels[0]
    assert max(label.sd) > 0


@pytest.mark.parametrize("kind", ["additive", "low_rank", "forest", "gp"])
def test_a_model_that_learns_beats_the_mean(tmp_path, train, kind):
    designs = random_designs(200, seed=4)
    path = write_table(tmp_path / "t", designs, label__titer=np.exp(log_titer(designs)))
    label = train(spec_of(kind), path=path).manifest.report["labels"][0]
    assert label["table"][0]["spearman"] > 0.8
    assert "It ranks better than train_mean" in label["verdict"]


@every_kind
def test_a_stop_between_members_ends_it(train, monkeypatch, kind):
    monkeypatch.setattr("worker.training.progress._POLL_SECONDS", 0.0)
    asked = iter([False])
    with pytest.raises(TrainingStoppedError, match="stopped at member 2"):
        train(spec_of(kind), should_stop=lambda: next(asked, True))


def table_of(path, designs, **labels):
    return write_table(path / "t.parquet", designs, **labels)


def fit(path, kind, designs, column, values, **changes):
    table = table_of(path, designs, **{f"label__{column.name}": np.array(values, dtype=float)})
    spec = spec_of(kind, column.name, **{"split": {"kind": "none"}} | changes)
    return train_model(spec, table, [column], identity=IDENTITY)


@every_kind
def test_a_label_that_is_nine_tenths_missing_is_learned_from_the_rest(tmp_path, kind):
    designs = random_designs(60)
    values = np.exp(log_titer(designs))
    values[np.arange(60) % 10 != 0] = np.nan
    model = fit(tmp_path, kind, designs, TITER, values)
    assert model.manifest.labels[0].train_count == 6
    known = [d for d, v in zip(designs, values, strict=True) if not np.isnan(v)]
    genotypes = [d for d in known if set(d.split("+")) - {""} <= set(model.manifest.edits)]
    answer = Predictor.load(model.weights, model.manifest).score(genotypes)
    assert all(map(math.isfinite, answer.labels[0].mean))


@every_kind
def test_two_labels_on_one_design_leave_each_member_all_of_them(tmp_path, kind):
    builds = {"build": ["1", "2"]}
    table = write_table(
        tmp_path / "t", ["g0:knockdown"] * 2, label__value=np.array([1.0, 3.0]), **builds
    )
    spec = spec_of(kind, "value", split={"kind": "none"})
    model = train_model(spec, table, [VALUE], identity=IDENTITY)
    mean = Predictor.load(model.weights, model.manifest).score(["g0:knockdown"]).labels[0].mean
    geometric = math.sqrt(3.0)
    forest = pytest.approx(2.0, abs=0.4)  # bootstrap samples of two
    expected = {"multiplicative": pytest.approx(geometric), "forest": forest}
    assert mean[0] == expected.get(kind, pytest.approx(2.0, abs=1e-6))


@every_kind
@pytest.mark.parametrize(
    ("designs", "values", "message"),
    [
        (["g0:knockdown"], [2.0], "the same value throughout"),
        (["", "g0:knockdown", "g1:knockdown"], [2.0] * 3, "the same value throughout"),
        (["", "g0:knockdown"], [math.nan] * 2, "no value in the training part"),
    ],
)
def test_one_design_a_constant_label_and_none_are_refused(tmp_path, kind, designs, values, message):
    with pytest.raises(InvalidArgumentError, match=message):
        fit(tmp_path, kind, designs, VALUE, values)


@pytest.mark.parametrize("kind", [kind for kind in PLAIN if not KINDS[kind].learns_ratios])
def test_an_interaction_is_read_directly_and_0_below_its_order(tmp_path, kind):
    designs = sorted({d for d in random_designs(80) if "+" in d})
    values = np.random.default_rng(0).normal(size=len(designs))
    model = fit(tmp_path, kind, designs, EPSILON, values)
    answer = Predictor.load(model.weights, model.manifest).score(["", "g0:knockdown", designs[0]])
    assert answer.labels[0].mean[:2] == [0.0, 0.0]
    assert answer.labels[0].mean[2] != 0.0
    assert set(answer.labels[0].neutral_source) == {"rule"}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if KINDS[kind].learns_ratios])
def test_an_interaction_has_no_ratios(tmp_path, kind):
    designs = sorted({d for d in random_designs(40) if "+" in d})
    values = np.random.default_rng(0).normal(size=len(designs))
    with pytest.raises(InvalidArgumentError, match=r"label epsilon.*no ratios") as caught:
        fit(tmp_path, kind, designs, EPSILON, values)
    assert caught.value.offenders[0].value == "epsilon"


def test_what_has_no_ratio_is_refused_with_label_and_count(tmp_path):
    designs = ["", "g0:knockdown", "g1:knockdown", "g2:knockdown"]
    with pytest.raises(InvalidArgumentError, match=r"label value: multiplicative.* 2 training"):
        fit(tmp_path, "multiplicative", designs, VALUE, [1, 0, -1, 2])
    with pytest.raises(InvalidArgumentError, match=r"label value: pairwise.* 1 training"):
        fit(tmp_path, "pairwise", designs, VALUE, [1, 0, -1, 2])


def test_a_dead_single_is_0_and_a_floor_stands_for_it(tmp_path):
    designs = ["", "g0:knockdown", "g1:knockdown", "g0:knockdown+g1:knockdown"]
    values = [1.0, 0.0, 0.5, 0.0]
    model = fit(tmp_path, "pairwise", designs, VALUE, values, ensemble_size=1)
    mean = Predictor.load(model.weights, model.manifest).score(designs).labels[0].mean
    np.testing.assert_allclose(mean, values, atol=1e-12)
    floor = {"kind": "multiplicative", "floor": 0.01}
    floored = fit(tmp_path, "multiplicative", designs, VALUE, values, model=floor)
    low = Predictor.load(floored.weights, floored.manifest).score(designs).labels[0].mean
    assert min(low) > 0


@pytest.mark.parametrize("column", [TITER, FITNESS])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if KINDS[kind].learns_ratios])
def test_ratios_are_of_the_labels_unit_on_either_scale(tmp_path, kind, column):
    factors = {"g0": 0.5, "g1": 0.8, "g2": 1.5}
    texts = ["", *factors, "g0+g1", "g0+g2", "g1+g2"]
    designs = ["+".join(f"{x}:knockdown" for x in t.split("+") if x) for t in texts]
    values = [4.0 * math.prod(factors[x] for x in t.split("+") if x) for t in texts]
    model = {"kind": kind, "penalty": 1e-9} if kind == "multiplicative" else {"kind": kind}
    trained = fit(tmp_path, kind, designs, column, values, model=model, ensemble_size=1)
    triple = "+".join(f"{x}:knockdown" for x in factors)
    mean = Predictor.load(trained.weights, trained.manifest).score([triple]).labels[0].mean
    assert mean[0] == pytest.approx(4.0 * math.prod(factors.values()), rel=1e-6)
