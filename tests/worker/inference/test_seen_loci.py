"""Genes and pairs of genes that stood in training, against loops over sets."""

from itertools import combinations

import numpy as np
import pytest

from service.contract.designs import parse_genotype
from worker.inference import seen_loci
from worker.inference.seen_designs import SeenDesigns
from worker.inference.seen_loci import SeenLoci
from worker.models.encoding import EditIndex

TRAINED = ["", "a:deletion", "a:knockdown@0.2+b:deletion", "b:part=p+b:copy_number@2+c:deletion"]
ASKED = [
    *TRAINED,
    "a:deletion+b:part=p",  # the pair was seen with other edits
    "a:deletion+c:deletion",
    "d:deletion",
    "a:knockdown+b:copy_number@2+b:part=p+c:deletion+d:deletion",
]
INDEX = EditIndex.of([parse_genotype(text) for text in [*TRAINED, "d:deletion"]])


def loci_of(text):
    return sorted({edit.locus for edit in parse_genotype(text).edits})


def seen_designs():
    known = INDEX.columns([parse_genotype(text) for text in TRAINED])
    ones = np.ones(len(TRAINED), dtype=np.int64)
    value_KY = np.zeros((len(TRAINED), 1))
    return SeenDesigns(known.orders, known.edit_J, known.level_J, ones, value_KY)


def columns_of(seen):
    count_E = np.array([any(key in t for t in TRAINED) for key in INDEX.keys], dtype=np.int64)
    batch = INDEX.encode([parse_genotype(text) for text in ASKED])
    return SeenLoci(INDEX.keys, count_E, seen).of(batch.edit_BP.numpy())


@pytest.mark.parametrize("largest", [0, 1 << 24])
def test_genes_and_pairs_are_counted_as_loops_count_them(monkeypatch, largest):
    monkeypatch.setattr(seen_loci, "_LARGEST_TABLE", largest)  # sorted keys, or a table of bits
    genes = {locus for text in TRAINED for locus in loci_of(text)}
    pairs = {pair for text in TRAINED for pair in combinations(loci_of(text), 2)}
    found = columns_of(seen_designs())
    asked = [loci_of(text) for text in ASKED]
    assert found.gene_count_B.tolist() == [len(loci) for loci in asked]
    assert found.genes_seen_B.tolist() == [len(genes & set(loci)) for loci in asked]
    all_pairs = [set(combinations(loci, 2)) for loci in asked]
    assert found.pair_count_B.tolist() == [len(own) for own in all_pairs]
    assert found.pairs_seen_B.tolist() == [len(own & pairs) for own in all_pairs]
    highest = max(text.count(":") for text in TRAINED)
    assert found.is_higher_order_B.tolist() == [text.count(":") > highest for text in ASKED]
    assert {True, False} == set(found.is_higher_order_B.tolist())


def test_a_model_that_does_not_keep_its_designs_knows_no_pairs():
    assert columns_of(None).pairs_seen_B is columns_of(None).is_higher_order_B is None
