"""Intervals from a training to its scores: which designs calibrate, widening, and the level."""

import numpy as np
import pytest

from service.contract.inference import ScoreField
from tests.worker.tables import CYCLE, FITNESS, IDENTITY, TITER, random_designs, write_table
from tests.worker.tables import small_spec as spec_of
from worker.data.table import read_table
from worker.inference.predictor import Predictor
from worker.training.calibration import left_out
from worker.training.member_parts import member_parts
from worker.training.preparation import prepare
from worker.training.run import train_model
from worker.training.widening import widening


def noisy_table(path, count=400, *, shift=0.0, noise=0.3):
    """Additive, with noise that no model can learn; cycles differ by `shift`."""
    rng = np.random.default_rng(5)
    designs = random_designs(count, seed=5, loci=20)
    effect = dict(zip([f"g{i}" for i in range(20)], rng.normal(0, 0.5, 20), strict=True))
    cycle = np.arange(count) % 4
    value = np.array([sum(effect[p.split(":")[0]] for p in d.split("+") if p) for d in designs])
    value = 4 + value + shift * np.array([0, 1, -1, 1])[cycle] + rng.normal(0, noise, count)
    covariates = {"covariate__cycle": [str(c) for c in cycle]}
    return write_table(path, designs, label__titer=np.exp(value), **covariates)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return noisy_table(tmp_path_factory.mktemp("noisy") / "t.parquet")


def fit(path, **changes):
    spec = spec_of(**{"ensemble_size": 5} | changes)
    return train_model(spec, path, [TITER], [CYCLE], identity=IDENTITY)


def test_what_calibrates_was_left_out_and_can_be_predicted(path):
    spec = spec_of(ensemble_size=3, model={"kind": "additive"})
    data = prepare(spec, read_table(path), [TITER], [CYCLE])
    out = left_out(data, spec, 0, data.train.measured()[:, 0])
    parts = member_parts(data.train, spec)
    for design, member in zip(out.design_I, out.member_I, strict=True):
        assert not parts.trained_MN[member][data.train.design_N == design].any()
    assert all(data.train.designs[k].order > 0 for k in out.design_I)
    assert set(out.member_I.tolist()) == {0, 1, 2}


def test_what_calibrates_is_what_was_measured_not_what_is_left_of_it(tmp_path):
    """Designs that cycles share tell their offsets; training takes these off."""
    shared = [f"g{i}:knockdown" for i in range(10) for _ in range(4)]
    cycle = np.arange(40) % 4
    value = 4 + np.arange(40) // 4 / 10 + cycle + np.random.default_rng(1).normal(0, 0.1, 40)
    covariates = {"covariate__cycle": [str(c) for c in cycle]}
    path = write_table(tmp_path / "t.parquet", shared, label__titer=np.exp(value), **covariates)
    spec = spec_of(ensemble_size=3, model={"kind": "additive"}, split={"kind": "none"})
    data = prepare(spec, read_table(path), [TITER], [CYCLE])
    measured = data.train.measured()[:, 0]
    assert np.ptp(data.train.label_NY[:, 0]) < np.ptp(measured) - 1
    out = left_out(data, spec, 0, measured)
    means = [measured[data.train.design_N == design].mean() for design in out.design_I]
    np.testing.assert_allclose(out.learned_I, means)


SLOWER = ["forest", "gp", "low_rank", "multiplicative", "perturbation_set"]


@pytest.mark.parametrize(
    "kind", ["additive", *(pytest.param(kind, marks=pytest.mark.slow) for kind in SLOWER)]
)
def test_a_model_of_every_sort_holds_its_level_on_designs_it_never_saw(path, kind):
    sizes = {"latent_dim": 4, "hidden_dim": 4} if kind == "perturbation_set" else {}
    model = {"kind": kind, "trees": 30} if kind == "forest" else {"kind": kind, **sizes}
    trained = fit(path, model=model, split={"kind": "random", "test_fraction": 0.4}, epochs=3)
    calibration = trained.manifest.labels[0].interval
    assert calibration.design_count > 100
    columns = trained.report.labels[0].test
    predictor = Predictor.load(trained.weights, trained.manifest)
    score = predictor.score(columns.genotype, [ScoreField.INTERVAL]).labels[0]
    assert score.interval.level == 0.9
    assert score.interval.calibrated_on == calibration.calibrated_on
    low, high, measured = map(np.array, (score.interval.low, score.interval.high, columns.measured))
    assert 0.83 < np.mean((low <= measured) & (measured <= high)) <= 0.98
    assert (low >= TITER.detection_limit).all()
    narrow = predictor.score(columns.genotype, interval_level=0.5).labels[0].interval
    assert np.mean(np.array(narrow.high) - narrow.low) < 0.6 * np.mean(high - low)


@pytest.mark.parametrize("kind", ["additive", "train_mean", "nearest_design"])
def test_an_ensemble_of_one_has_no_interval(path, kind):
    trained = fit(path, model={"kind": kind}, ensemble_size=1, split={"kind": "none"})
    assert trained.manifest.labels[0].interval is None
    answer = Predictor.load(trained.weights, trained.manifest).score(["g0:knockdown"])
    assert answer.labels[0].interval is None


def test_a_report_without_intervals_says_why(path):
    trained = fit(path, model={"kind": "additive"}, ensemble_size=1)
    assert any("No intervals for titer" in note for note in trained.report.notes)
    assert trained.report.labels[0].calibration is None


def test_a_network_of_one_member_is_calibrated_on_the_fold_that_stops_it(path):
    model = {"kind": "perturbation_set", "latent_dim": 4, "hidden_dim": 4}
    split = {"kind": "random", "test_fraction": 0.4}
    trained = fit(path, model=model, ensemble_size=1, split=split, epochs=3)
    assert 20 < trained.manifest.labels[0].interval.design_count < 60  # a fifth of them
    assert not any("No intervals" in note for note in trained.report.notes)
    (found,) = [c for c in trained.report.labels[0].calibration.coverages if c.level == 0.8]
    assert 0.65 < found.coverage < 0.95


def test_a_label_with_few_values_has_intervals_of_low_levels_alone(tmp_path):
    designs = random_designs(30, seed=1)
    fitness = np.where(np.arange(30) < 14, np.random.default_rng(0).normal(1, 0.1, 30), np.nan)
    path = write_table(tmp_path / "t", designs, label__fitness=fitness)
    spec = spec_of(
        labels=[{"name": "fitness"}],
        model={"kind": "train_mean"},
        ensemble_size=5,
        split={"kind": "none"},
    )
    trained = train_model(spec, path, [FITNESS], identity=IDENTITY)
    assert 3 <= trained.manifest.labels[0].interval.design_count < 19
    predictor = Predictor.load(trained.weights, trained.manifest)
    assert predictor.score(["g0:knockdown"]).labels[0].interval is None
    half = predictor.score(["g0:knockdown"], interval_level=0.5).labels[0].interval
    assert half.low < half.high


def test_cycles_that_differ_widen_what_is_said_of_a_new_one(tmp_path):
    split = {"kind": "covariate", "covariate": "cycle", "test": ["3"]}
    found = []
    for shift in (0.0, 1.0):
        spec = spec_of(split=split, model={"kind": "additive"})
        table = read_table(noisy_table(tmp_path / str(shift), shift=shift))
        data = prepare(spec, table, [TITER], [CYCLE])
        found.append(widening(data, spec, data.train.measured()[:, 0]))
    assert found[0].factor == pytest.approx(1, abs=0.1)
    assert found[1].factor > 1.25
    assert "left-out values of cycle" in found[1].words


@pytest.mark.parametrize(
    ("split", "words"),
    [
        ({"kind": "random"}, "random by design group"),
        ({"kind": "order", "max_train_order": 2}, "left-out designs of the highest order"),
        ({"kind": "gene", "test_fraction": 0.3, "keep_singles": True}, "left-out genes"),
        ({"kind": "forward", "covariate": "cycle"}, "left-out values of cycle"),
        ({"kind": "query_pair", "test_fraction": 0.3}, "left-out query pairs"),
        (
            {"kind": "query_pair", "covariate": "cycle", "test": ["3"]},
            "held out by query_pair, as the test is",
        ),
    ],
)
def test_what_was_calibrated_on_is_said_of_every_split(path, split, words):
    spec = spec_of(split=split, model={"kind": "additive"})
    data = prepare(spec, read_table(path), [TITER], [CYCLE])
    wide = widening(data, spec, data.train.measured()[:, 0])
    assert words in wide.words
    assert 1 <= wide.factor <= 5
