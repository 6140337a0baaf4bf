"""Nulls and ordinary baselines over HTTP: trained, registered and scored like any model."""

import typing

import pytest

from service.contract.models import ClassicalSpec

OF_GENES = ["feature_ridge", "gene_kernel"]
KINDS = [spec.model_fields["kind"].default for spec in typing.get_args(ClassicalSpec)]
GENOTYPES = ["", "PP_0368:knockdown", "PP_0368:knockdown+PP_0815:knockdown"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in OF_GENES])
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


@pytest.mark.slow
@pytest.mark.parametrize("kind", OF_GENES)
def test_a_baseline_of_genes_asks_for_a_gene_table(train, kind):
    job = train(model={"kind": kind})
    assert job["state"] == "FAILED"
    assert "name a gene table that has them" in job["error"]["detail"]
    assert job["error"]["errors"][0]["field"] == "genes"
