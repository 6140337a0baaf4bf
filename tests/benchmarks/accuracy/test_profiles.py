"""Profiles of another screen as features: by hand, and nothing of pairs that are held out."""

import numpy as np
import pytest

from benchmarks.accuracy_rows.evaluation import hidden_loci
from benchmarks.accuracy_rows.profiles import mean_scores, with_profiles
from tests.worker.tables import write_table
from worker.data.gene_table_store import StoredGenes
from worker.data.table import read_table

GENES = StoredGenes(("a", "b", "c", "z"), ((), (), (), ()), ("degree",), np.ones((4, 1)))


def line(first, second, score):
    return {"gene_a": first, "gene_b": second, "s_score": score}


PAIRS = [
    *(line("a", "b", "1"), line("b", "a", "3"), line("c", "a", "-4")),
    *(line("b", "q", "5"), line("a", "a", "7"), line("b", "c", "NaN"), line("c", "q", "")),
]


def test_a_profile_is_the_mean_score_with_each_partner():
    assert mean_scores(PAIRS) == {("a", "b"): 2.0, ("a", "c"): -4.0, ("b", "q"): 5.0}
    found = with_profiles(GENES, PAIRS, hidden=())
    assert found.feature_names == ("partner_a", "partner_b", "partner_c", "partner_q")
    none = np.nan
    expected = [
        [none, 2, -4, none],
        [2, none, none, 5],
        [-4, none, none, none],
        [none, none, none, none],
    ]
    np.testing.assert_array_equal(found.value_GF, expected)


@pytest.mark.parametrize("changed", [-100.0, 100.0])
def test_a_score_of_two_hidden_genes_changes_nothing(changed):
    before = with_profiles(GENES, PAIRS, hidden={"a", "b"})
    after = with_profiles(GENES, [*PAIRS, line("a", "b", str(changed))], hidden={"a", "b"})
    assert before.feature_names == after.feature_names == ("partner_c", "partner_q")
    np.testing.assert_array_equal(before.value_GF, after.value_GF)
    assert before.value_GF[0, 0] == -4  # what is left of a hidden gene are its other partners


def test_hidden_are_the_genes_that_training_has_no_design_of(tmp_path):
    designs = ["a:deletion+b:deletion", "a:deletion+c:deletion", "c:deletion+d:deletion"]
    table = read_table(write_table(tmp_path / "t", designs, label__value=[1.0, 2.0, 3.0]))
    is_first = np.array([table.designs[k].order == 2 for k in table.design_N])
    is_first &= np.array(["b:deletion" in table.designs[k].genotype for k in table.design_N])
    assert hidden_loci(table, is_first) == {"c", "d"}
