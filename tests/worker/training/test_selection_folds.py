"""Inner folds ask what the outer split asks, and never touch its test part."""

import numpy as np
import pytest

from service.contract.datasets import CovariateColumn
from tests.worker.tables import CYCLE, TITER, random_designs, small_spec, write_table
from worker.data.table import read_table
from worker.training.partition import partition
from worker.training.selection_folds import inner_folds_of, prepared

COUNT = 120


@pytest.fixture
def table(tmp_path):
    designs = random_designs(COUNT)
    return read_table(
        write_table(
            tmp_path / "t",
            designs,
            label__titer=np.arange(1.0, COUNT + 1),
            covariate__cycle=[str(i % 12) for i in range(COUNT)],
        )
    )


def folds_of(table, split, folds=5, covariates=(CYCLE,)):
    spec = small_spec(split=split, model={"kind": "auto"})
    return inner_folds_of(spec, table, covariates, folds, ["titer"])


@pytest.mark.parametrize(
    ("split", "kinds", "description"),
    [
        ({"kind": "random"}, {"random"}, "by design group"),
        ({"kind": "none"}, {"random"}, "by design group"),
        ({"kind": "group"}, {"group"}, "by group"),
        ({"kind": "gene", "keep_singles": True}, {"gene"}, "by gene"),
        ({"kind": "query_pair"}, {"query_pair"}, "by query pair"),
        ({"kind": "order", "max_train_order": 2}, {"order"}, "order 2, predicted from"),
        ({"kind": "order", "max_train_order": 1}, {"random"}, "by design group"),
        ({"kind": "forward", "covariate": "cycle"}, {"forward"}, "forward in cycle"),
        (
            {"kind": "covariate", "covariate": "cycle", "test": ["10", "11"]},
            {"forward"},
            "forward in cycle",
        ),
        (
            {"kind": "covariate", "covariate": "cycle", "test": ["3", "11"]},
            {"covariate"},
            "by cycle",
        ),
        (
            {"kind": "covariate", "covariate": "cycle", "train": ["0"], "test": ["3"]},
            {"random"},
            "by design group",
        ),
    ],
)
def test_folds_mimic_the_split(table, split, kinds, description):
    folds = folds_of(table, split)
    assert {inner.kind for inner in folds.splits} == kinds
    assert description in folds.description


@pytest.mark.parametrize(
    "split",
    [
        {"kind": "random"},
        {"kind": "gene", "keep_singles": True},
        {"kind": "forward", "covariate": "cycle"},
        {"kind": "order", "max_train_order": 2},
    ],
)
def test_no_design_of_the_test_part_is_in_a_fold(table, split):
    spec = small_spec(split=split, model={"kind": "auto"})
    parts = partition(table, spec.split)
    trained = {table.designs[k] for k in table.design_N[parts.train_N]}
    folds = inner_folds_of(spec, table, [CYCLE], 5, ["titer"])
    asked = 0
    for _, data in prepared(folds, spec, [TITER], [CYCLE]):
        assert {*data.train.designs, *data.test.designs} <= trained
        assert not set(data.train.designs) & set(data.test.designs)
        asked += len(data.test.designs)
    assert asked


def test_gene_folds_share_no_gene_beyond_singles(table):
    split = {"kind": "gene", "keep_singles": True}
    spec = small_spec(split=split, model={"kind": "auto"})
    folds = inner_folds_of(spec, table, [CYCLE], 4, ["titer"])
    for _, data in prepared(folds, spec, [TITER], [CYCLE]):
        combined = [d for d in data.train.designs if d.order > 1]
        known = {edit.locus for design in combined for edit in design.edits}
        assert all({e.locus for e in d.edits} - known for d in data.test.designs)


def test_folds_are_fewer_where_units_are_few_and_none_for_one_design(tmp_path, table):
    assert len(folds_of(table, {"kind": "gene", "keep_singles": True}, folds=20).splits) <= 8
    path = write_table(tmp_path / "one", ["", "a:deletion"], label__titer=np.array([1.0, 2.0]))
    assert folds_of(read_table(path), {"kind": "none"}).splits == ()


def test_a_condition_is_no_covariate_to_go_forward_in(tmp_path):
    designs = random_designs(COUNT)
    path = write_table(
        tmp_path / "t",
        designs,
        label__titer=np.arange(1.0, COUNT + 1),
        covariate__heat=[str(i % 2) for i in range(COUNT)],
    )
    heat = CovariateColumn(name="heat", role="condition")
    split = {"kind": "condition", "covariate": "heat", "test": ["1"]}
    folds = folds_of(read_table(path), split, covariates=[heat])
    assert {inner.kind for inner in folds.splits} == {"random"}


def test_some_rows_of_a_table_keep_nothing_of_the_others(table):
    kept_N = table.covariates["cycle"].where(("2", "7"))
    some = table.rows(kept_N)
    assert some.covariates["cycle"].values == ("2", "7")
    assert len(some) == kept_N.sum()
    assert {some.designs[k] for k in some.design_N} == set(some.designs)
    before = [table.designs[k].genotype for k in table.design_N[kept_N]]
    assert [some.designs[k].genotype for k in some.design_N] == before
    groups = [table.groups[g] for g in table.group_N[kept_N]]
    assert [some.groups[g] for g in some.group_N] == groups
