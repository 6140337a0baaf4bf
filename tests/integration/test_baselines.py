"""Nulls and ordinary baselines over HTTP: trained, registered and scored like any model."""

import typing

import pytest

from service.contract.models import GENE_KINDS, ClassicalSpec

KINDS = [spec.model_fields["kind"].default for spec in typing.get_args(ClassicalSpec)]
GENOTYPES = ["", "PP_0368:knockdown", "PP_0368:knockdown+PP_0815:knockdown"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in GENE_KINDS])
def test_a_baseline_is_a_model(api, train, kind):
    job = train(model={"kind": kind, "floor": 1.0} if kind == "multiplicative" else {"kind": kind})
    assert job["state"] == "SUCCEEDED", job["error"]
    assert job["report"]["labels"][0]["table"][0]["predictor"] == kind
    path = f"/v1/models/{job['model_id']}"
    assert api.get(path).raise_for_status().json()["kind"] == kind
    answer = api.post(f"{path}:score", json={"genotypes": GENOTYPES}).raise_for_status().json()
    assert len(answer["labels"][0]["mean"]) == 3
    unknown = api.post(f"{path}:score", json={"genotypes": ["nowhere:deletion"]})
    assert unknown.status_code == 422
    assert unknown.json()["reason"] == "UNKNOWN_EDITS"


@pytest.mark.parametrize("kind", sorted(GENE_KINDS))
def test_a_model_of_genes_asks_for_a_gene_table(api, dataset, kind):
    body = {"dataset_id": dataset["id"], "labels": [{"name": "isoprenol"}], "model": {"kind": kind}}
    refused = api.post("/v1/training-jobs", json=body)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "genes")
    ranges = [{"path": "epochs", "kind": "int", "low": 1, "high": 3}]
    refused = api.post("/v1/sweeps", json={"training": body, "parameters": ranges})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "genes")
    assert "name a gene table in genes.gene_table_id" in refused.json()["detail"]
