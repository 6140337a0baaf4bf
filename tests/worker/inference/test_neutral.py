"""Neutral expectations by hand."""

import numpy as np
import pytest

from service.contract.datasets import LabelColumn
from service.contract.designs import parse_genotype
from service.contract.manifests import ManifestLabel
from service.contract.training import Transform
from worker.inference.neutral import expected_neutral
from worker.models.encoding import EditIndex
from worker.training.labels import ChosenLabel
from worker.training.neutral import neutral_scale

INDEX = EditIndex(["a:deletion", "b:knockdown"])
DESIGNS = [parse_genotype(t) for t in ("", "a:deletion", "a:deletion+b:knockdown@0.5")]


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
    values = expected_neutral(
        [given], INDEX.encode(DESIGNS), np.array([2.0]), np.array([[-1.0, -2.0]])
    )
    np.testing.assert_allclose(values[0], expected)


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
