"""Specs given as dicts: what is wrong with them is told before anything is sent."""

import httpx
import pytest

from service.client.cellgebra import Cellgebra
from service.contract.errors import InvalidArgumentError


@pytest.fixture
def client():
    def refuse(request):
        raise AssertionError(f"sent {request.url}")

    with httpx.Client(transport=httpx.MockTransport(refuse), base_url="http://x") as http:
        yield Cellgebra(http=http)


def test_every_offence_of_a_training_spec_is_listed(client):
    with pytest.raises(InvalidArgumentError, match="labels: ") as caught:
        client.train({"dataset_id": "d", "labels": [], "loss": {"term": []}})
    assert [offender.field for offender in caught.value.offenders] == ["labels", "loss.term"]


def test_a_mapping_without_a_label_is_refused(client):
    with pytest.raises(InvalidArgumentError, match="at least one label"):
        client.datasets.upload(b"a\tb\n", {})
