"""What is trained on and what is held out, in each source."""

import numpy as np
import pytest

from benchmarks.studies.loss_conflict.sources import FBA_TABLE, source_named
from worker.data.table import read_table
from worker.training.partition import partition


def parts(source):
    table = read_table(source.table)
    found = partition(table, source.split)

    def designs(rows_N):
        kept = np.unique(table.design_N[rows_N])
        return {frozenset(edit.locus for edit in table.designs[k].edits) for k in kept}

    return designs(found.train_N), designs(found.test_N)


@pytest.fixture(scope="module")
def isoprenol(tmp_path_factory):
    return source_named("isoprenol", tmp_path_factory.mktemp("isoprenol"), 0)


@pytest.fixture(scope="module")
def fba(tmp_path_factory):
    return source_named(str(FBA_TABLE), tmp_path_factory.mktemp("fba"), 0)


def test_the_last_cycles_are_not_in_the_table(isoprenol):
    table = read_table(isoprenol.table)
    assert table.covariates["cycle"].values == ("0", "1", "2", "3", "4")
    assert len(table) == 353


def test_no_isoprenol_design_is_on_both_sides(isoprenol):
    train, test = parts(isoprenol)
    assert train & test == set()
    assert len(test) == pytest.approx(0.3 * (len(train) + len(test)), abs=1)


def test_pairs_are_held_out_and_singles_are_not(fba):
    train, test = parts(fba)
    assert train & test == set()
    counts = [
        [sum(len(design) == order for design in part) for order in range(4)]
        for part in (train, test)
    ]
    assert counts == [[1, 43, 632, 0], [0, 0, 271, 1000]]


def test_another_seed_holds_out_other_pairs(fba, tmp_path):
    other = parts(source_named(str(FBA_TABLE), tmp_path, 1))[1]
    assert other != parts(fba)[1]


def test_pairs_tell_every_two_genes_apart(fba):
    """With two genes of one reaction set, a held-out pair would be one that was trained on."""
    table = read_table(fba.table)
    growth = {
        frozenset(edit.locus for edit in table.designs[k].edits): value
        for k, value in zip(table.design_N, table.labels["growth"], strict=True)
    }
    genes = sorted(gene for design in growth if len(design) == 1 for gene in design)
    for i, a in enumerate(genes):
        for b in genes[:i]:
            others = [frozenset()] + [frozenset({c}) for c in genes if c not in {a, b}]
            gaps = [abs(growth[c | {a}] - growth[c | {b}]) for c in others]
            gaps += [abs(growth[frozenset({a, b})] - growth[frozenset({a})])]
            assert max(gaps) > 1e-5, (a, b)
