"""Loci that fulfil conditions on features of a gene table, by name, alias and value."""

import numpy as np
import pytest

from service.contract.errors import AmbiguousGeneError, InvalidArgumentError
from service.contract.gene_filters import GeneFilter
from service.contract.search import Pool
from tests.worker.search.conftest import EDITS
from worker.data.gene_table import GeneTable
from worker.search.names import Vocabulary
from worker.search.pool import build_pool
from worker.search.pool_genes import passing_loci

TABLE = GeneTable(
    loci=("g0", "g1", "b2", "b3"),
    aliases={"g2": frozenset({2}), "g3": frozenset({2, 3})},
    feature_names=("essential", "abundance"),
    feature_GF=np.array([[0, 5.0], [1, 9.0], [0, 2.0], [0, np.nan]]),
)


def asked(*where):
    return GeneFilter(gene_table_id="genes_1", where=where)


def test_values_decide_and_who_is_not_known_is_told():
    wanted = asked({"feature": "essential", "at_most": 0}, {"feature": "abundance", "at_least": 2})
    found = passing_loci(wanted, TABLE, ["g0", "g1", "g2", "b3", "g4"])
    assert found.loci == {"g0", "g2"}
    assert found.notes == (
        "pool.genes: 2 of 5 loci of the model fulfil it.",
        "pool.genes: left out, as not in the gene table (1): g4.",
        "pool.genes: left out, as without a value there (1): b3.",
    )


def test_the_pool_keeps_their_edits_alone():
    found = passing_loci(asked({"feature": "essential", "at_least": 1}), TABLE, ["g0", "g1"])
    support_E = np.ones(len(EDITS), dtype=np.int64)
    pool = build_pool(Pool(), Vocabulary(EDITS), support_E, passing=found.loci)
    assert {edit.locus for edit in pool.edits} == {"g1"}


def test_bad_conditions_are_told():
    with pytest.raises(AmbiguousGeneError, match="g3"):
        passing_loci(asked({"feature": "essential", "at_most": 0}), TABLE, ["g0", "g3"])
    with pytest.raises(InvalidArgumentError, match="no feature size; it has essential, abundance"):
        passing_loci(asked({"feature": "size", "at_most": 0}), TABLE, ["g0"])
    with pytest.raises(InvalidArgumentError, match="No locus is left"):
        passing_loci(asked({"feature": "abundance", "at_least": 10}), TABLE, ["g0", "g1"])
    with pytest.raises(ValueError, match="give at_least, at_most, or both"):
        asked({"feature": "abundance"})
    with pytest.raises(ValueError, match="at_least 3 is above at_most 2"):
        asked({"feature": "abundance", "at_least": 3, "at_most": 2})
