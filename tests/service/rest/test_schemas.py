"""The schemas that are served say what the specs themselves say."""

import jsonschema_rs
import pytest

from service.contract.schemas import SPECS


async def test_they_are_listed(rest):
    assert (await rest.get("/v1/schemas")).json() == [*SPECS]


@pytest.mark.parametrize("name", SPECS)
async def test_each_is_a_schema(rest, name):
    answer = await rest.get(f"/v1/schemas/{name}")
    assert answer.headers["content-type"] == "application/schema+json"
    jsonschema_rs.meta.validate(answer.json())
    assert answer.json()["$id"] == f"/v1/schemas/{name}"


async def test_it_tells_a_spec_from_what_is_none(rest):
    schema = (await rest.get("/v1/schemas/training")).json()
    spec = {"dataset_id": "d", "labels": [{"name": "titer"}]}
    jsonschema_rs.validate(schema, spec)
    with pytest.raises(jsonschema_rs.ValidationError, match="epoch"):
        jsonschema_rs.validate(schema, {**spec, "epoch": 3})


async def test_there_is_no_other(rest):
    answer = await rest.get("/v1/schemas/cooking")
    assert (answer.status_code, answer.json()["reason"]) == (404, "NOT_FOUND")
