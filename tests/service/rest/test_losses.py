"""The catalogue of losses as it is served."""

import re

import pytest

from service.contract.losses import LossCatalog, LossSpec, loss_catalog
from tests.service.rows import add_dataset

LOSSES = pytest.mark.parametrize("loss", loss_catalog().losses, ids=lambda loss: loss.name)


async def test_the_catalogue_is_served(rest):
    response = await rest.get("/v1/losses")
    assert response.status_code == 200
    assert LossCatalog.model_validate(response.json()) == loss_catalog()


async def test_what_it_says_of_a_term_is_what_a_spec_takes(rest):
    losses = (await rest.get("/v1/losses")).json()["losses"]
    regression = {"name": "mse"}
    for loss in losses:
        parameters = {p["name"]: p["default"] for p in loss["parameters"]}
        term = {"name": loss["name"], **parameters}
        terms = [term] if loss["is_regression"] else [regression, term]
        if not loss["is_term"]:
            with pytest.raises(ValueError, match=re.escape(loss["refusal"])):
                LossSpec.model_validate({"terms": terms})
            continue
        assert loss["refusal"] is None
        spec = LossSpec.model_validate({"terms": terms})
        assert spec.terms[-1].model_dump(mode="json") == term
    assert {loss["name"] for loss in losses if loss["is_regression"]} == {
        "mse",
        "huber",
        "gaussian_nll",
        "tobit",
        "hurdle",
        "crps",
    }


async def test_every_loss_says_what_it_is(rest):
    for loss in (await rest.get("/v1/losses")).json()["losses"]:
        assert loss["formula"]
        assert loss["description"]
        assert all(parameter["description"] for parameter in loss["parameters"])


async def test_the_default_terms_are_in_it():
    known = {loss.name for loss in loss_catalog().losses if loss.is_term}
    assert {term.name for term in LossSpec().terms} <= known


@LOSSES
async def test_a_job_names_it_by_its_name_alone_or_hears_why_not(rest, database, loss):
    terms = [{"name": loss.name}] if loss.is_regression else [{"name": "mse"}, {"name": loss.name}]
    spec = {"dataset_id": add_dataset(database)[0], "labels": [{"name": "titer"}]}
    response = await rest.post("/v1/training-jobs", json={**spec, "loss": {"terms": terms}})
    answer = response.json()
    if loss.is_term:
        assert response.status_code == 201, answer
        assert [term["name"] for term in answer["spec"]["loss"]["terms"]][-1] == loss.name
    else:
        assert response.status_code == 422
        assert f"{loss.name} {loss.refusal}" in answer["detail"]
