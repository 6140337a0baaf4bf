"""Levels beyond those that training saw."""

import numpy as np
import pytest

from service.contract.designs import parse_genotype
from worker.inference import support
from worker.inference.support import SupportTables, count_support
from worker.models.encoding import EditIndex

TRAINED = ["", "a:knockdown@0.2", "a:knockdown@0.6+b:overexpression", "c:deletion"]
DESIGNS = [parse_genotype(text) for text in TRAINED]
INDEX = EditIndex.of(DESIGNS)
ARRAYS = count_support(INDEX.encode(DESIGNS), np.ones(4, dtype=np.int64), INDEX.keys)


def flags(genotypes):
    batch = INDEX.encode([parse_genotype(text) for text in genotypes])
    return SupportTables(ARRAYS, INDEX.keys).of(batch).is_extrapolated_B.tolist()


def test_no_training_design_is_extrapolated():
    assert flags(TRAINED) == [False] * 4


@pytest.mark.parametrize(
    ("genotype", "expected"),
    [
        ("a:knockdown@0.4", False),
        ("a:knockdown@0.1", True),
        ("a:knockdown@0.7", True),
        ("a:knockdown", True),  # its full effect: the effect of level 0
        ("b:overexpression@3", False),  # the effect of an edit without a level
        ("b:overexpression@2", True),
        ("c:deletion@0", False),
        ("a:knockdown@0.4+c:deletion", False),
        ("a:knockdown@0.1+c:deletion", True),  # one edit suffices
    ],
)
def test_an_effect_out_of_the_range_of_its_edit_is(genotype, expected):
    assert flags([genotype, ""]) == [expected, False]


def test_a_table_of_pairs_holds_what_sorted_keys_hold(monkeypatch):
    asked = ["a:knockdown+b:overexpression", "a:knockdown+c:deletion", "b:overexpression", ""]
    batch = INDEX.encode([parse_genotype(text) for text in asked])
    found = []
    for most in (0, 512):
        monkeypatch.setattr(support, "_MOST_TABLED_EDITS", most)
        found.append(SupportTables(ARRAYS, INDEX.keys).of(batch).pair_count_min_B.tolist())
    assert found == [[1, 0, -1, -1]] * 2
