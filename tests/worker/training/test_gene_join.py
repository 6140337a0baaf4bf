"""Joining loci of a data set to a gene table: systematic names first, then aliases."""

from dataclasses import replace

import numpy as np
import pytest

from service.contract.errors import AmbiguousGeneError, InvalidArgumentError
from tests.worker.data.genes import choose
from tests.worker.tables import small_spec
from worker.data.gene_table_store import StoredGenes
from worker.training.gene_join import join_genes


def test_loci_join_by_systematic_name_or_alias():
    joined = join_genes(choose(), ["ARG5,6", "YCL058W-A", "ASF1", "REP1"])
    assert dict(joined.row_of) == {"ARG5,6": 0, "YCL058W-A": 1, "ASF1": 2}
    assert joined.used.renamed_loci == {"ARG5,6": "YER069W", "ASF1": "YJL115W"}
    assert joined.used.unmatched_loci == ["REP1"]
    assert "3 of 4 loci" in joined.used.notes[0]
    assert "only learned: REP1" in joined.used.notes[2]


def test_other_names_lead_to_the_names_of_the_model():
    names = join_genes(choose(), ["ARG5,6", "YJL115W"]).used.names
    # The data set calls it ARG5,6; the gene of ADF1 is not in the data set.
    assert names["YER069W"] == ["ARG5,6"]
    assert names["ASF1"] == ["YJL115W"]
    assert names["ADF1"] == ["YCL058W-A"]
    assert names["CIA1"] == ["YJL115W", "YOR141C"]
    assert "ARG5,6" not in names


def test_an_ambiguous_name_is_refused_with_its_candidates():
    with pytest.raises(AmbiguousGeneError, match="CIA1") as caught:
        join_genes(choose(), ["CIA1", "ASF1"])
    assert caught.value.offenders[0].suggestions == ["YJL115W", "YOR141C"]


def test_two_names_of_one_gene_are_counted():
    notes = join_genes(choose(), ["ASF1", "YJL115W"]).used.notes
    assert "1 loci of the data set are the same gene" in notes[-1]


def test_a_network_without_an_edge_of_the_data_set_is_refused():
    networks = [{"name": "string"}]
    joined = join_genes(choose(networks=networks), ["ASF1"])
    assert any(
        "1 loci of the data set have an edge in network string." in n for n in joined.used.notes
    )
    genes = choose(networks=networks)
    string = genes.table.networks["string"]
    elsewhere = replace(string, edge_2M=np.array([[1], [3]]), score_MC=string.score_MC[:1])
    other = replace(genes, table=replace(genes.table, networks={"string": elsewhere}))
    with pytest.raises(InvalidArgumentError, match=r"no locus .* in network string: its 1 edges"):
        join_genes(other, ["ASF1"])


def test_a_table_of_another_organism_is_refused():
    with pytest.raises(InvalidArgumentError, match="no locus of the data set is in gene table"):
        join_genes(choose(), ["b0720", "b1812"])


ADDITIVE = small_spec(model={"kind": "additive"}, genes={"gene_table_id": "genes_1"})


def test_a_training_says_what_it_used(train):
    genes = StoredGenes(
        loci=("PP_0", "PP_1", "g2"),
        aliases_G=(("g0",), (), ()),
        feature_names=("length",),
        value_GF=np.ones((3, 1)),
    )
    trained = train(ADDITIVE, genes=choose(genes))
    used = trained.manifest.genes
    assert used.table_sha256 == "e" * 64
    assert used.features == []
    assert "Model additive reads no features of genes" in trained.manifest.report["notes"][-1]
    assert used.renamed_loci == {"g0": "PP_0"}
    assert used.names == {"PP_0": ["g0"]}
    assert used.unmatched_loci == ["g1", "g3", "g4", "g5", "g6", "g7"]
    assert "2 of 8 loci of the data set are in the gene table." in trained.manifest.report["notes"]


def test_what_a_model_does_not_read_is_not_said_to_be_used():
    joined = join_genes(choose(networks=[{"name": "string"}]), ["ASF1"])
    assert joined.read_by("x", reads_features=True, reads_networks=True) == joined.used
    used = joined.read_by("x", reads_features=True, reads_networks=False)
    assert (used.features, used.networks) == (joined.used.features, [])
    used = joined.read_by("x", reads_features=False, reads_networks=False)
    assert (
        used.notes[-1] == "Model x reads no features and no networks of genes: they were not used."
    )


def test_a_training_on_a_foreign_table_is_refused(train):
    with pytest.raises(InvalidArgumentError, match="g0, g1"):
        train(ADDITIVE, genes=choose())
