"""Bounded models: no reading lies above what was measured of lower orders."""

import numpy as np
import pytest

from service.contract.datasets import LabelColumn
from service.contract.errors import InvalidArgumentError
from tests.worker.tables import FITNESS, IDENTITY, TITER, small_spec, write_table
from worker.inference.predictor import Predictor
from worker.training.run import train_model

LOWER = {"": 1.0, "a": 0.9, "b": 0.5, "c": 0.8, "a+b": 0.3, "a+c": 0.8, "b+c": 0.45}
EPSILON = LabelColumn(name="epsilon", kind="interaction", measure="epsilon", unit="1")


def genotype(text):
    return "+".join(f"{x}:deletion" for x in text.split("+") if x)


@pytest.fixture
def table(tmp_path):
    value = list(LOWER.values())
    return write_table(
        tmp_path / "lower.parquet",
        [genotype(text) for text in LOWER],
        label__fitness=value,
        label__titer=[100 * x for x in value],
        label__epsilon=[0.0] * 4 + [-0.15, 0.08, 0.05],
    )


def trained(table, label="fitness", **changes):
    spec = small_spec(labels=[{"name": label}], split={"kind": "none"}, **changes)
    columns = [FITNESS, TITER, EPSILON]
    done = train_model(spec, table, columns, identity=IDENTITY, with_report=False)
    return Predictor.load(done.weights, done.manifest)


@pytest.mark.parametrize("model", [small_spec().model.model_dump(), {"kind": "train_mean"}])
@pytest.mark.parametrize("label", ["fitness", "titer"])
def test_no_reading_is_above_the_bound(table, model, label):
    free = trained(table, label, model=model)
    bound = trained(table, label, model=model, upper_bound="min_lower_orders")
    asked = [genotype(text) for text in ("a+b+c", "a+b", "a", "")]
    limits = np.array([0.3, 0.5, 1.0, np.inf]) * (100 if label == "titer" else 1)
    before, after = (p.score(asked).labels[0] for p in (free, bound))
    # Of the mean of members, each of which is bounded: not above the bound, nor the free mean.
    assert (np.array(after.max) <= limits * (1 + 1e-9)).all()
    assert (np.array(after.mean) <= np.array(before.mean) + 1e-9).all()
    assert after.mean[0] == pytest.approx(limits[0]) or before.min[0] < limits[0]
    assert (np.array(after.y_compose) <= limits * (1 + 1e-9)).all()


def test_a_model_without_a_bound_stores_none(table):
    spec = small_spec(labels=[{"name": "fitness"}], split={"kind": "none"}, model={"kind": "gp"})
    done = train_model(spec, table, [FITNESS], identity=IDENTITY, with_report=False)
    assert b"bound.label" not in done.weights


def test_an_interaction_label_alone_has_no_bound(table):
    with pytest.raises(InvalidArgumentError, match="interaction label is not bounded"):
        trained(table, "epsilon", model={"kind": "additive"}, upper_bound="min_lower_orders")
