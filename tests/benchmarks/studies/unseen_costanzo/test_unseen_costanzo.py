"""Inner folds hold nothing of a seed's test part, and what a reader may read of genes."""

from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.studies.unseen_costanzo.__main__ import slope
from benchmarks.studies.unseen_costanzo.figures import Point
from benchmarks.studies.unseen_costanzo.inner import FOLDS, Reader, inner_folds, loci_of
from tests.worker.tables import write_table
from worker.data.table import read_table

GENES = [f"g{k}" for k in range(12)]
OUTSIDE = {"g0", "g1"}


@pytest.fixture
def bench(tmp_path):
    designs = [f"{a}:deletion+{b}:deletion" for a in GENES for b in GENES if a < b]
    path = write_table(tmp_path / "t", designs, label__value=np.arange(float(len(designs))))
    table = read_table(path)
    train_N = np.array([not loci_of(table.designs[k]) & OUTSIDE for k in table.design_N])
    fold = SimpleNamespace(train_N=train_N)
    return SimpleNamespace(table=table, folds=lambda _: (fold,))


def test_every_training_gene_is_held_out_once_and_no_other_is_there(bench):
    folds = list(inner_folds(bench, 0))
    assert len(folds) == FOLDS
    assert sorted(g for fold in folds for g in fold.held) == sorted(set(GENES) - OUTSIDE)
    for fold in folds:
        assert {*fold.held, *fold.kept} == set(GENES) - OUTSIDE
        assert fold.outside == OUTSIDE
        rows = [fold.table.designs[k] for k in fold.table.design_N]
        assert not any(loci_of(design) & OUTSIDE for design in rows)


def test_a_reader_names_what_it_reads():
    assert Reader().use.networks[0].channels == ("experiments",)
    assert not Reader().use.use_features
    both = Reader(profiles=2.0)
    assert (both.use.gene_table_id, both.use.use_features) == ("yeast_profiles", True)
    assert both.model.feature_weight == 2.0
    assert not Reader(network=False, profiles=1.0).use.networks


def test_a_slope_is_by_doubling():
    points = [Point((0.1 * k, 0.1 * k), genes=20 * 2.0**k, pairs=1.0) for k in range(4)]
    assert slope(points) == pytest.approx(0.1)
    assert points[2].mean == pytest.approx(0.2)
