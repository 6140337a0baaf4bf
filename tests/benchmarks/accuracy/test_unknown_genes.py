"""Designs that a chosen model cannot encode, where genes are held out."""

import numpy as np
import pytest

from benchmarks.accuracy_rows.evaluation import with_means
from benchmarks.accuracy_rows.measures import HeldOut
from benchmarks.accuracy_rows.parts import Fold
from service.contract.datasets import LabelColumn
from service.contract.designs import parse_genotype
from service.contract.splits import NoSplit
from tests.worker.tables import IDENTITY, small_spec, write_table
from worker.inference.predictor import Predictor
from worker.training.run import train_model

VALUE = LabelColumn(name="value", kind="rate", unit="1/h")


def test_a_gene_that_no_table_knows_is_an_average_one(tmp_path):
    path = write_table(tmp_path / "t", ["", "a:deletion", "b:deletion"], label__value=[1.0, 2, 4])
    model = {"kind": "additive", "penalty": 1e-9}
    values = {"labels": [{"name": "value"}], "split": {"kind": "none"}, "model": model}
    trained = train_model(small_spec(**values, ensemble_size=1), path, [VALUE], identity=IDENTITY)
    designs = tuple(parse_genotype(text) for text in ("a:deletion", "a:deletion+c:deletion"))
    none = np.zeros(0)
    fold = Fold(
        NoSplit(),
        designs,
        HeldOut(none, none, none, none, none, none),
        train_N=np.array([True, False, True]),
        learned_N=np.array([1.0, 100.0, 2.0]),
    )
    intact, compose = with_means(Predictor.load(trained.weights, trained.manifest), fold)
    assert intact.tolist() == compose.tolist() == pytest.approx([2.0, 1.5], abs=1e-3)
