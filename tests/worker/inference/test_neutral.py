"""Neutral expectations by hand: fitted, measured, and which of the two."""

import numpy as np
import pytest

from service.contract.datasets import LabelColumn
from service.contract.designs import parse_genotype
from service.contract.manifests import ManifestLabel
from service.contract.training import Transform
from worker.inference.measured import MeasuredSingles
from worker.inference.neutral import NeutralModels
from worker.models.encoding import EditIndex
from worker.training.labels import ChosenLabel
from worker.training.neutral import neutral_scale

INDEX = EditIndex(["a:deletion", "b:knockdown"])
DESIGNS = [parse_genotype(t) for t in ("", "a:deletion", "a:deletion+b:knockdown@0.5")]
FITTED = {
    "neutral.intercept_Y": np.array([2.0]),
    "neutral.weight_YE": np.array([[-1.0, -2.0]]),
}


def measured(value_YS, genotypes):
    """Arrays of measured values: the reference first, then a single edit each."""
    edits = [parse_genotype(text).edits[0] for text in genotypes]
    values = np.array(value_YS)
    return MeasuredSingles(
        edit_S=np.array([INDEX.keys.index(edit.key) for edit in edits]),
        level_S=np.array([np.nan if edit.level is None else edit.level for edit in edits]),
        reference_Y=values[:, 0],
        single_YS=values[:, 1:],
    ).arrays()


def label(neutral, kind, scale="linear", transform=Transform.IDENTITY):
    return ManifestLabel(
        name="y",
        kind=kind,
        scale=scale,
        unit="1",
        transform=transform,
        center=0.0,
        spread=1.0,
        neutral_model=neutral,
        train_count=1,
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (label("additive", "titer"), [2.0, 1.0, 0.0]),
        (label("additive", "titer", "log", Transform.LOG), np.exp([2.0, 1.0, 0.0])),
        (label("multiplicative", "fitness"), np.exp([2.0, 1.0, 0.0])),
        (label("min", "viability"), [2.0, 1.0, 1.0]),  # the worst edit alone: a (1), b (1)
        (label("zero", "interaction"), [0.0, 0.0, 0.0]),
    ],
)
def test_each_model_by_hand(given, expected):
    # Reference 2, a takes 1, a full b takes 2 and half of it 1.
    (found,) = NeutralModels([given], FITTED).expect(INDEX.encode(DESIGNS), INDEX.columns(DESIGNS))
    np.testing.assert_allclose(found.expected_B, expected)
    source = "rule" if given.neutral_model == "zero" else "fitted"
    assert found.sources() == [source] * 3


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (label("additive", "titer"), [3.0, 2.5, 3.5]),
        (label("additive", "titer", "log", Transform.LOG), np.exp([3.0, 2.5, 3.5])),
        (label("multiplicative", "fitness"), np.exp([3.0, 2.5, 3.5])),
        (label("min", "viability"), [3.0, 2.5, 2.5]),
        (label("zero", "interaction"), [0.0, 0.0, 0.0]),
    ],
)
def test_each_model_of_measured_values_by_hand(given, expected):
    # Reference 3, a alone 2.5, b at half alone 4: together 3 - 0.5 + 1.
    singles = measured([[3.0, 2.5, 4.0]], ("a:deletion", "b:knockdown@0.5"))
    (found,) = NeutralModels([given], FITTED | singles).expect(
        INDEX.encode(DESIGNS), INDEX.columns(DESIGNS)
    )
    np.testing.assert_allclose(found.expected_B, expected)
    source = "rule" if given.neutral_model == "zero" else "measured"
    assert found.sources() == [source] * 3


@pytest.mark.parametrize(
    ("reference", "alone", "expected"),
    [
        (3.0, "b:knockdown@0.4", [3.0, 2.5, 0.0]),  # another level: the whole design is fitted
        (3.0, "b:knockdown", [3.0, 2.5, 0.0]),
        (np.nan, "b:knockdown@0.5", [2.0, 1.0, 0.0]),  # no reference: all are
    ],
)
def test_one_part_that_was_not_measured_makes_the_whole_design_fitted(reference, alone, expected):
    singles = measured([[reference, 2.5, 4.0]], ("a:deletion", alone))
    models = NeutralModels([label("additive", "titer")], FITTED | singles)
    (found,) = models.expect(INDEX.encode(DESIGNS), INDEX.columns(DESIGNS))
    np.testing.assert_allclose(found.expected_B, expected)
    wanted = ["fitted" if np.isnan(reference) else "measured"] * 2 + ["fitted"]
    assert found.sources() == wanted


def test_a_label_that_was_not_measured_is_fitted_alone():
    labels = [label("additive", "titer"), label("multiplicative", "fitness")]
    fits = {name: np.concatenate([array, array]) for name, array in FITTED.items()}
    values = [[3.0, 2.5, np.nan], [0.0, -1.0, -2.0]]
    singles = measured(values, ("a:deletion", "b:knockdown@0.5"))
    first, second = NeutralModels(labels, fits | singles).expect(
        INDEX.encode(DESIGNS), INDEX.columns(DESIGNS)
    )
    assert first.sources() == ["measured", "measured", "fitted"]
    assert second.sources() == ["measured"] * 3
    np.testing.assert_allclose(first.expected_B, [3.0, 2.5, 0.0])
    np.testing.assert_allclose(second.expected_B, np.exp([0.0, -1.0, -3.0]))


def chosen(**changes):
    column = LabelColumn.model_validate({"name": "y", "kind": "fitness", "unit": "1"} | changes)
    return ChosenLabel(column, Transform.IDENTITY, 1.0)


def test_a_dead_strain_has_a_floor_on_the_log_scale():
    fitness = np.array([0.0, 0.5, 1.0, np.nan])
    floor = 0.01 * 0.75  # 1 % of the median of the positive ones
    np.testing.assert_allclose(neutral_scale(chosen(), fitness)[:3], np.log([floor, 0.5, 1.0]))
    limited = neutral_scale(chosen(detection_limit=0.1), fitness)
    np.testing.assert_allclose(limited[:3], np.log([0.1, 0.5, 1.0]))
    assert np.isnan(limited[3])


def test_viability_is_read_in_its_unit_even_where_the_model_learns_its_log():
    column = LabelColumn(name="y", kind="viability", unit="1")
    learned = ChosenLabel(column, Transform.LOG, 1.0)
    np.testing.assert_allclose(neutral_scale(learned, np.log([0.2, 0.9])), [0.2, 0.9])
