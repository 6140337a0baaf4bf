"""Gene tables through the client, against a running service."""

import itertools

import pytest

from service.contract.datasets import DatasetState
from service.contract.errors import (
    AmbiguousGeneError,
    BadTableError,
    InvalidArgumentError,
    NameTakenError,
    NotFoundError,
)
from tests.service.client.conftest import LOCI

NAMES = {locus: f"gen{number}" for number, locus in enumerate(LOCI)} | {LOCI[5]: "gen4"}
SPEC = {"alias_columns": ["name"], "on_ambiguous_aliases": "keep"}
EDGES = "a\tb\tscore\n" + "\n".join(f"{a}\t{b}\t0.5" for a, b in itertools.pairwise(LOCI))


def table():
    rows = [f"{locus}\t{NAMES[locus]}\t{n}" for n, locus in enumerate(LOCI)]
    return "\n".join(["locus\tname\tlength", *rows]).encode()


@pytest.fixture(scope="module")
def genes(client):
    return client.gene_tables.upload(table(), SPEC, name="genes")


@pytest.fixture(scope="module")
def network(client, genes, tmp_path_factory):
    path = tmp_path_factory.mktemp("edges") / "string.tsv"
    path.write_text(EDGES)
    return client.gene_tables.upload_network(genes.id, path, {}, name="string")


def test_they_are_read_and_listed(client, genes, network):
    assert (genes.state, genes.profile.feature_names) == (DatasetState.READY, ["length"])
    assert client.gene_tables.get(genes.id) == genes
    assert genes in list(client.gene_tables.list(state=DatasetState.READY))
    assert network.profile.edge_count == len(LOCI) - 1
    assert client.gene_tables.network(genes.id, network.id) == network
    assert list(client.gene_tables.networks(genes.id)) == [network]


@pytest.mark.slow
def test_a_model_takes_names_of_its_gene_table(client, dataset, genes):
    run = client.train(
        {
            "dataset_id": dataset.id,
            "labels": [{"name": "titer"}],
            "model": {"kind": "feature_ridge"},
            "split": {"kind": "none"},
            "ensemble_size": 1,
            "genes": {"gene_table_id": genes.id},
        }
    )
    run.wait()
    model = run.model()
    answer = model.score(["gen1:knockdown+PP_0000:knockdown"], ["mean"])
    assert answer.genotypes == ["PP_0000:knockdown+PP_0001:knockdown"]
    assert [(one.name, one.locus) for one in answer.resolved_names] == [("gen1", "PP_0001")]
    assert model.score(["PP_0001:knockdown"], ["mean"]).resolved_names is None
    with pytest.raises(AmbiguousGeneError) as caught:
        model.score(["gen4:knockdown"])
    assert caught.value.offenders[0].suggestions == ["PP_0004", "PP_0005"]


def test_what_is_wrong_is_told(client, genes, network):
    with pytest.raises(BadTableError, match="alias gen4 is of PP_0004 and of PP_0005"):
        client.gene_tables.upload(table(), {"alias_columns": ["name"]})
    with pytest.raises(InvalidArgumentError, match="locus"):
        client.gene_tables.upload(table(), {"locus": "x"})
    with pytest.raises(NameTakenError, match="give this one another name"):
        client.gene_tables.upload_network(genes.id, EDGES.encode(), {}, name=network.name)
    with pytest.raises(NotFoundError):
        client.gene_tables.upload_network("genes_0", EDGES.encode(), {}, name="string")
    with pytest.raises(NotFoundError):
        client.gene_tables.network(genes.id, "network_0")
