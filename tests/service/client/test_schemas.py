"""JSON Schemas through the client: those of the service, by the names of the command line."""

import jsonschema_rs
import pytest

from service.cli.specs import KINDS
from service.contract.errors import NotFoundError
from service.contract.schemas import schema_of


def test_every_spec_has_its_schema(client):
    assert client.schemas.names() == list(KINDS)
    for name in KINDS:
        schema = client.schemas.get(name)
        jsonschema_rs.meta.validate(schema)
        assert schema == schema_of(name, f"/v1/schemas/{name}")


@pytest.mark.parametrize("name", ["trainings", "", "../models"])
def test_a_spec_that_is_not_there(client, name):
    with pytest.raises(NotFoundError):
        client.schemas.get(name)
