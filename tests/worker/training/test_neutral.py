"""Measured lower orders, from a table to an answer: what counts, how it is averaged."""

import numpy as np
import pytest
from safetensors.torch import load

from service.contract.datasets import LabelColumn
from tests.worker.tables import CYCLE, FITNESS, IDENTITY, TITER, small_spec, write_table
from worker.inference.predictor import Predictor
from worker.training.run import train_model

A, B, C, D = (f"{locus}:knockdown" for locus in "abcd")
# The reference, singles of all but d, pairs, and a level.
DESIGNS = ["", A, B, C, f"{A}+{B}", f"{A}+{D}", f"{B}+{C}", f"{A}@0.5"]
LOG_TITER = np.array([5.0, 4.0, 5.5, 4.5, 6.0, 3.0, 5.2, 4.4])
EPSILON = LabelColumn(name="epsilon", kind="interaction", measure="epsilon", unit="1")


def train(path, designs, labels=(TITER,), covariates=(), split=None, **columns):
    """A ridge model, which takes no time."""
    spec = small_spec(
        labels=[{"name": label.name} for label in labels],
        model={"kind": "additive"},
        ensemble_size=1,
        split=split or {"kind": "none"},
    )
    table = write_table(path / "t.parquet", designs, **columns)
    return train_model(spec, table, labels, covariates, identity=IDENTITY)


def loaded(model):
    return Predictor.load(model.weights, model.manifest)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return train(tmp_path_factory.mktemp("t"), DESIGNS, label__titer=np.exp(LOG_TITER))


@pytest.fixture(scope="module")
def predictor(model):
    return loaded(model)


@pytest.fixture(scope="module")
def older(model):
    """The same model from before measured values and ranges were stored."""
    new = ("measured.", "support.effect")
    tensors = {k: v for k, v in load(model.weights).items() if not k.startswith(new)}
    return Predictor(tensors, model.manifest, "")


def neutral(predictor, genotypes, y=0):
    label = predictor.score(genotypes).labels[y]
    return label.expected_neutral, [str(source) for source in label.neutral_source]


def test_measured_singles_give_the_sum_of_their_effects_over_the_reference(predictor):
    expected, sources = neutral(predictor, ["", A, f"{A}+{B}", f"{A}+{B}+{C}"])
    assert sources == ["measured"] * 4
    # 5; a alone -1, b alone +0.5, c alone -0.5; the measured pair of a and b (6) does not count.
    np.testing.assert_allclose(np.log(expected), [5.0, 4.0, 4.5, 4.0])


def test_a_level_is_measured_for_itself_alone(predictor):
    expected, sources = neutral(predictor, [f"{A}@0.5+{B}", f"{A}@0.4"])
    assert sources == ["measured", "fitted"]
    assert np.log(expected[0]) == pytest.approx(5.0 - 0.6 + 0.5)


def test_an_edit_that_was_never_alone_makes_the_whole_design_fitted(predictor, older):
    expected, sources = neutral(predictor, [f"{A}+{D}"])
    assert sources == ["fitted"]
    assert (expected, sources) == neutral(older, [f"{A}+{D}"])
    assert expected != neutral(older, [A])[0]


def test_permuting_edits_and_designs_changes_nothing(predictor):
    straight = neutral(predictor, [f"{A}@0.5+{B}+{C}", f"{A}+{D}", ""])
    assert neutral(predictor, [f"{C}+{A}@0.5+{B}", f"{D}+{A}", ""]) == straight
    backwards = neutral(predictor, ["", f"{A}+{D}", f"{A}@0.5+{B}+{C}"])
    assert tuple(column[::-1] for column in backwards) == straight


def test_an_older_model_loads_and_says_that_everything_is_fitted(predictor, older):
    answer, old = (p.score(["", A, f"{A}@7"]) for p in (predictor, older))
    assert old.labels[0].neutral_source == ["fitted"] * 3
    assert old.labels[0].mean == answer.labels[0].mean
    assert (answer.support.is_extrapolated, old.support.is_extrapolated) == (
        [False, False, True],
        None,
    )


def test_builds_are_averaged_as_training_averages_them(tmp_path):
    # Of a, build x has two replicates (4 and 5 on the log scale) and build y one (6).
    designs = [*DESIGNS, A, A]
    titer = np.exp([*LOG_TITER, 5.0, 6.0])
    builds = ["w", "x", *"wwwwww", "x", "y"]
    model = train(tmp_path, designs, label__titer=titer, build=builds)
    (expected,), sources = neutral(loaded(model), [A])
    assert sources == ["measured"]
    assert np.log(expected) == pytest.approx((4.5 + 6.0) / 2)


def test_fitness_is_averaged_on_the_log_scale(tmp_path):
    fitness = np.array([1.0, 0.5, 0.8, 0.9, 0.3, 0.7, 0.6, 0.75, 0.2])
    model = train(
        tmp_path,
        [*DESIGNS, A],
        [FITNESS],
        label__fitness=fitness,
        build=[*"wwwwwwww", "v"],
    )
    expected, sources = neutral(loaded(model), [A, f"{A}+{B}"])
    alone = np.sqrt(0.5 * 0.2)
    assert sources == ["measured"] * 2
    np.testing.assert_allclose(expected, [alone, alone * 0.8])


def test_what_is_held_out_is_not_measured(tmp_path):
    rng = np.random.default_rng(0)
    titer = np.exp([*LOG_TITER, 7.0, 7.0, *rng.normal(5, 0.1, 8)])
    # The last cycle measures d alone, and a once more: neither may be seen.
    designs = [*DESIGNS, D, A, *DESIGNS]
    cycles = [*"00000000", "1", "1", *"00000000"]
    split = {"kind": "covariate", "covariate": "cycle", "test": ["1"]}
    changed = titer.copy()
    changed[8:10] *= 10
    models = [
        train(tmp_path, designs, [TITER], [CYCLE], split, label__titer=y, covariate__cycle=cycles)
        for y in (titer, changed)
    ]
    assert models[0].weights == models[1].weights
    _, sources = neutral(loaded(models[0]), [D, A])
    assert sources == ["fitted", "measured"]


def in_cycles(path, rows):
    """A model of (genotype, cycle, log titer)."""
    designs, cycles, titers = zip(*rows, strict=True)
    columns = {"label__titer": np.exp(titers), "covariate__cycle": cycles}
    return train(path, designs, [TITER], [CYCLE], **columns)


def test_a_single_is_compared_with_the_references_of_its_own_batch(tmp_path):
    # Cycle 0 holds the singles (a -1, b +1), cycle 1 better designs; the reference is 5 in both.
    pairs = [(f"{A}+{B}", "1", 7.0), (f"{A}+{C}", "1", 7.5), (f"{B}+{C}", "1", 8.0)]
    model = in_cycles(
        tmp_path, [("", "0", 5.0), (A, "0", 4.0), (B, "0", 6.0), *pairs, ("", "1", 5.0)]
    )
    offsets = model.manifest.report["labels"][0]["batch_offsets"]["cycle"]
    assert offsets == {"0": 0.0, "1": 0.0}  # one reference a cycle does not tell it from noise
    none, a, b, both = np.log(neutral(loaded(model), ["", A, B, f"{A}+{B}"])[0])
    np.testing.assert_allclose([a - none, b - none, both - none], [-1.0, 1.0, 0.0], atol=1e-9)
    assert none == pytest.approx(5.0)


@pytest.mark.parametrize("cycle", ["2", None])
def test_a_batch_without_a_reference_has_its_estimated_offset_alone(tmp_path, cycle):
    # The same designs in two cycles, the second one 1 higher; c alone is in neither.
    rows = [(text, value) for text, value in zip(DESIGNS, LOG_TITER, strict=True) if text != C]
    twice = [(text, str(i), value + i) for text, value in rows for i in range(2)]
    model = in_cycles(tmp_path, [*twice, (C, cycle, 6.0)])
    offsets = model.manifest.report["labels"][0]["batch_offsets"]["cycle"]
    expected, sources = neutral(loaded(model), ["", C])
    assert sources == ["measured"] * 2
    assert np.log(expected[0]) == pytest.approx(5.5 - (offsets["0"] + offsets["1"]) / 2)
    assert offsets.get(cycle, 0.0) == 0.0
    assert np.log(expected[1]) == pytest.approx(6.0)


def test_a_label_that_is_missing_falls_back_alone_and_interactions_are_ruled(tmp_path):
    fitness = np.array([1.0, 0.5, np.nan, 0.9, 0.3, 0.7, 0.6, 0.75])
    model = train(
        tmp_path,
        DESIGNS,
        [TITER, FITNESS, EPSILON],
        label__titer=np.exp(LOG_TITER),
        label__fitness=fitness,
        label__epsilon=[0.0, 0.0, 0.0, 0.0, 0.4, -0.1, 0.2, 0.0],
    )
    titer, fit, epsilon = (neutral(loaded(model), [f"{A}+{B}", f"{A}+{C}"], y) for y in range(3))
    assert titer[1] == ["measured", "measured"]
    assert fit[1] == ["fitted", "measured"]
    assert fit[0][1] == pytest.approx(0.5 * 0.9)
    assert epsilon == ([0.0, 0.0], ["rule", "rule"])


def test_without_a_reference_nothing_is_measured(tmp_path):
    model = train(tmp_path, DESIGNS[1:], label__titer=np.exp(LOG_TITER[1:]))
    assert neutral(loaded(model), ["", A, f"{A}+{B}"])[1] == ["fitted"] * 3


def test_the_source_is_a_column_of_its_own(predictor):
    answer = predictor.score([A], ["neutral_source"])
    given = answer.labels[0].model_dump(exclude_none=True)
    assert given == {
        "name": "titer",
        "unit": "mg/L",
        "neutral_model": "additive",
        "neutral_source": ["measured"],
    }
