"""Gene tables on the whole path: uploaded, trained on with genes held out, scored by alias."""

import csv
import io
import json

import pytest

from service.client.cellgebra import Cellgebra
from service.contract.errors import InvalidArgumentError
from tests.integration.conftest import ISOPRENOL

GENES = (ISOPRENOL / "putida_target_genes.tsv").read_bytes()
SPEC = {
    "locus_column": "pp",
    "alias_columns": ["Preferred_name"],
    "on_ambiguous_aliases": "keep",
    "features": {
        "layout": "wide",
        "columns": ["in_gsm"],
        "categories": [{"column": "COG"}, {"column": "Gene Ontology IDs", "separator": ";"}],
    },
    "off_when_held_out": ["in_gsm"],
}
EDGES = (
    b"a\tb\texperiments\ttextmining\n"
    b"PP_0368\tPP_0815\t700\t0\n"
    b"PP_0368\tPP_0751\t0\t900\n"
    b"parB\tPP_0368\t300\t200\n"
    b"b0720\tPP_0368\t300\t200\n"
)


@pytest.fixture(scope="module")
def post(api):
    def post(path, content, spec, **query):
        parameters = {"spec": json.dumps(spec), **query}
        return api.post(f"/v1/gene-tables{path}", params=parameters, content=content)

    return post


@pytest.fixture(scope="module")
def genes(post):
    answer = post("", GENES, SPEC)
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def network(post, genes):
    path = f"/{genes['id']}/networks"
    answer = post(path, EDGES, {"score_unit": 1000}, name="string")
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def trained(train, genes, network):
    job = train(
        model={"kind": "gene_kernel", "penalty": 1.0},
        split={"kind": "gene", "test_fraction": 0.1},
        genes={"gene_table_id": genes["id"], "networks": [{"name": network["name"]}]},
    )
    assert job["state"] == "SUCCEEDED", job
    return job


def test_the_profiles_tell_what_was_found(genes, network):
    profile = genes["profile"]
    assert (profile["locus_count"], profile["ambiguous_alias_count"]) == (120, 6)
    assert profile["ambiguous_aliases"]["acsA"] == ["PP_3071", "PP_4487", "PP_4702"]
    assert {"in_gsm", "COG=C"} <= set(profile["feature_names"])
    profile = network["profile"]
    assert (profile["edge_count"], profile["renamed_count"]) == (3, 1)
    assert profile["unmatched_names"] == ["b0720"]


def test_they_are_listed_and_read(api, genes, network):
    assert genes in api.get("/v1/gene-tables").json()["items"]
    path = f"/v1/gene-tables/{genes['id']}"
    assert api.get(path).json() == genes
    assert api.get(f"{path}/networks").json()["items"] == [network]
    assert api.get(f"{path}/networks/{network['id']}").json() == network


@pytest.mark.slow
def test_a_training_says_what_it_used_and_what_not(api, trained, genes, network):
    used = api.get(f"/v1/models/{trained['model_id']}").json()["manifest"]["genes"]
    assert used["table_sha256"] == genes["table_sha256"]
    assert used["are_genes_held_out"] is True
    assert used["features_off"] == ["in_gsm"]
    assert "COG=C" in used["features"]
    (read,) = used["networks"]
    assert read["network_sha256"] == network["table_sha256"]
    assert (read["channels"], read["channels_off"]) == (["experiments"], ["textmining"])
    assert read["edge_count"] == 2
    assert any("Genes are held out" in note for note in trained["report"]["notes"])


@pytest.mark.slow
def test_a_score_takes_every_name_of_a_gene(api, trained):
    path = f"/v1/models/{trained['model_id']}:score"
    answer = api.post(path, json={"genotypes": ["parB:knockdown", "PP_0001:knockdown"]}).json()
    assert answer["genotypes"] == ["PP_0001:knockdown"] * 2
    assert answer["resolved_names"] == [{"name": "parB", "locus": "PP_0001"}]
    mean = answer["labels"][0]["mean"]
    assert mean[0] == mean[1]
    refused = api.post(path, json={"genotypes": ["acsA:knockdown"]})
    assert (refused.status_code, refused.json()["reason"]) == (422, "AMBIGUOUS_GENE")
    assert refused.json()["errors"][0]["suggestions"] == ["PP_3071", "PP_4487", "PP_4702"]


@pytest.mark.slow
def test_a_search_takes_genes_by_their_features(service, trained, genes):
    wanted = {"gene_table_id": genes["id"], "where": [{"feature": "COG=C", "at_least": 1}]}
    spec = {
        "model_id": trained["model_id"],
        "objectives": [{"label": "isoprenol"}],
        "background": "PP_0368:knockdown",
        "pool": {"genes": wanted},
        "max_order": 1,
        "proposal_count": 3,
    }
    rows = csv.DictReader(io.StringIO(GENES.decode()), delimiter="\t")
    loci = {row["pp"] for row in rows if row["COG"] == "C"}
    with Cellgebra(service.base_url) as client:
        run = client.search(spec)
        report = run.wait().report
        assert report is not None
        assert f"pool.genes: {len(loci)} of 121 loci" in " ".join(report.notes)
        assert 3 < report.edit_count < len(loci)  # some of them stand in the test part alone
        for proposal in run.proposals():
            edits = set(proposal.genotype.split("+"))
            assert proposal.order == len(edits) - 1 == 1
            (added,) = edits - {"PP_0368:knockdown"}
            assert added.partition(":")[0] in loci
        asked = {**wanted, "where": [{"feature": "COG=c", "at_least": 1}]}
        with pytest.raises(InvalidArgumentError, match="COG=C") as caught:
            client.search({**spec, "pool": {"genes": asked}})
    assert [one.field for one in caught.value.offenders] == ["pool.genes.where[0].feature"]


def test_bad_tables_and_networks_leave_nothing(api, post, genes, network):
    refused = post("", GENES, {**SPEC, "on_ambiguous_aliases": "fail"})
    problem = refused.json()
    assert (refused.status_code, problem["reason"]) == (422, "BAD_TABLE")
    assert (problem["errors"][0]["row"], problem["errors"][0]["value"]) == (107, "acsA")
    failed = api.get(f"/v1/gene-tables/{problem['gene_table_id']}").json()
    assert failed["state"] == "FAILED"
    path = f"/{genes['id']}/networks"
    other = post(path, b"a\tb\nb0720\tb1812\n", {}, name="coli")
    assert "none of the 2 names is a locus" in other.json()["detail"]
    taken = post(path, EDGES, {}, name=network["name"])
    assert (taken.status_code, taken.json()["reason"]) == (409, "NAME_TAKEN")
    waiting = post(f"/{problem['gene_table_id']}/networks", EDGES, {})
    assert (waiting.status_code, waiting.json()["reason"]) == (409, "WRONG_STATE")


@pytest.mark.parametrize(
    ("use", "field"),
    [
        ({"features": ["GO*"]}, "genes.features[0]"),
        ({"evidence_off": ["IGI"]}, "genes.evidence_off[0]"),
        ({"networks": [{"name": "biogrid"}]}, "genes.networks[0].name"),
        ({"networks": [{"name": "string", "channels": ["x"]}]}, "genes.networks[0].channels[0]"),
    ],
)
def test_a_spec_that_does_not_fit_is_refused(api, dataset, network, use, field):
    spec = {"dataset_id": dataset["id"], "labels": [{"name": "isoprenol"}]}
    body = {**spec, "genes": {"gene_table_id": network["gene_table_id"], **use}}
    answer = api.post("/v1/training-jobs", json=body)
    assert answer.status_code == 422, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_a_training_on_genes_that_are_not_there_is_refused(api, dataset):
    spec = {"dataset_id": dataset["id"], "labels": [{"name": "isoprenol"}]}
    answer = api.post("/v1/training-jobs", json={**spec, "genes": {"gene_table_id": "genes_0"}})
    assert answer.status_code == 404
