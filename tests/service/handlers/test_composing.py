"""Latent algebra as far as a front end goes: which model, which designs, what is sent."""

import base64
import json

import pytest

from service.contract.algebra import ComposeRequest
from service.contract.errors import (
    DeadlineExceededError,
    FailedPreconditionError,
    InvalidDesignError,
    NotFoundError,
    UnknownEditsError,
)
from service.handlers.composing import compose
from tests.service.rows import EDITS, add_model


@pytest.fixture
def database_kind():
    return "sqlite"


@pytest.fixture
def model_id(context):
    return add_model(context, kind="perturbation_set")


def request_of(*designs, operation="compose"):
    return ComposeRequest(operation=operation, designs=designs, timeout_seconds=0.3)


async def test_a_model_of_another_project_is_not_there(context, stranger, model_id):
    with pytest.raises(NotFoundError):
        await compose(context, stranger, model_id, request_of(""))


async def test_a_model_without_a_latent_space_is_told_at_once(context, caller):
    with pytest.raises(FailedPreconditionError, match="kind additive has no latent space"):
        await compose(context, caller, add_model(context), request_of(""))


async def test_bad_designs_never_reach_a_worker(context, caller, model_id, valkey):
    with pytest.raises(InvalidDesignError) as malformed:
        await compose(context, caller, model_id, request_of("", "b0720"))
    assert malformed.value.offenders[0].field == "designs[1]"
    with pytest.raises(UnknownEditsError) as unknown:
        await compose(context, caller, model_id, request_of("b1:deletion", "b2:deletion"))
    assert [each.field for each in unknown.value.offenders] == ["designs[0]", "designs[1]"]
    with valkey.connect() as client:
        assert [key for key in client.scan_iter() if key.endswith(b"inference")] == []


async def test_what_is_sent_is_canonical(context, caller, model_id, valkey):
    whole = f"{EDITS[1]}@0.2+{EDITS[0]}"
    with pytest.raises(DeadlineExceededError):
        await compose(context, caller, model_id, request_of(whole, EDITS[0], operation="subtract"))
    with valkey.connect() as client:
        (message,) = client.lrange("cellgebra:inference", 0, -1)
    envelope = json.loads(message)
    assert envelope["headers"]["task"] == "inference.compose"
    sent = json.loads(base64.b64decode(envelope["body"]))[0][0]["requests"][0]["request"]
    assert sent["designs"] == [f"{EDITS[0]}+{EDITS[1]}@0.2", EDITS[0]]
    assert sent["operation"] == "subtract"
