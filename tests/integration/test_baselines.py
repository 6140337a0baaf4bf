"""Nulls and ordinary baselines over HTTP: trained, registered and scored like any model."""

import typing

import pytest

from service.contract.models import ClassicalSpec

KINDS = [spec.model_fields["kind"].default for spec in typing.get_args(ClassicalSpec)]
GENOTYPES = ["", "PP_0368:knockdown", "PP_0368:knockdown+PP_0815:knockdown"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
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
