"""Laws: what is written reads back the same, and the same table has the same bytes."""

import numpy as np
import pytest

from tests.worker.data.genes import ANNOTATIONS, GENES, LOCI, STRING
from worker.data.gene_table_store import read_genes, read_network, write_genes, write_network


@pytest.mark.parametrize("genes", [GENES, ANNOTATIONS], ids=["numbers", "annotations"])
def test_a_table_comes_back(tmp_path, genes):
    write_genes(tmp_path / "a", genes)
    write_genes(tmp_path / "b", genes)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    found = read_genes(tmp_path / "a")
    for name in ("loci", "aliases_G", "feature_names", "evidence", "off_when_held_out"):
        assert getattr(found, name) == getattr(genes, name)
    for name in ("value_GF", "mask_GF"):
        expected = getattr(genes, name)
        if expected is None:
            assert getattr(found, name) is None
        else:
            np.testing.assert_array_equal(getattr(found, name), expected)


def test_a_network_comes_back_as_rows_of_its_table(tmp_path):
    write_network(tmp_path / "n", STRING, LOCI)
    found = read_network(tmp_path / "n", LOCI)
    assert found.network.name == "string"
    assert found.network.channels == STRING.network.channels
    assert found.off_when_held_out == ("database",)
    np.testing.assert_array_equal(found.network.edge_2M, STRING.network.edge_2M)
    np.testing.assert_array_equal(found.network.score_MC, STRING.network.score_MC)


def test_the_network_of_another_table_is_refused(tmp_path):
    write_network(tmp_path / "n", STRING, LOCI)
    with pytest.raises(KeyError):
        read_network(tmp_path / "n", LOCI[:2])
