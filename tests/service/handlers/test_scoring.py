"""Scores as far as a front end goes: whose model, how many at once, for how long.

What a worker answers is tested against a running service, in `tests/service/client`.
"""

import asyncio
import base64
import json

import pytest

from service.contract.errors import (
    DeadlineExceededError,
    FailedPreconditionError,
    InvalidDesignError,
    NotFoundError,
    ResourceExhaustedError,
    UnknownEditsError,
)
from service.contract.genotype_reader import ReadGenotypes
from service.contract.inference import ScoreRequest
from service.handlers.models import get_model, list_models
from service.handlers.requests import PageRequest
from service.handlers.scoring import score
from tests.service.rows import EDITS, add_model


@pytest.fixture
def database_kind():
    return "sqlite"


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"max_scores_in_flight": 2})


@pytest.fixture
def model_id(context):
    return add_model(context)


def request_of(*genotypes, **changes):
    return ScoreRequest(genotypes=genotypes or [""], timeout_seconds=0.3, **changes)


async def test_a_model_and_its_manifest(context, caller, stranger, model_id):
    model = get_model(context, caller, model_id)
    assert model.manifest.edits == EDITS
    (listed,) = list_models(context, caller, PageRequest()).items
    assert (listed.id, listed.manifest) == (model_id, None)
    assert list_models(context, stranger, PageRequest()).items == []
    with pytest.raises(NotFoundError):
        get_model(context, stranger, model_id)


async def test_a_model_of_an_older_format_is_shown_and_not_scored(context, caller):
    old = add_model(context, format_version=1)
    assert get_model(context, caller, old).manifest is None
    with pytest.raises(FailedPreconditionError, match=r"format 1, .* train it again"):
        await score(context, caller, old, request_of())


async def test_a_model_of_another_project_is_not_there(context, caller, stranger, model_id):
    with pytest.raises(NotFoundError):
        await score(context, stranger, model_id, request_of())
    with pytest.raises(UnknownEditsError):  # its manifest is in memory from here on
        await score(context, caller, model_id, request_of("zzz:deletion"))
    with pytest.raises(NotFoundError):
        await score(context, stranger, model_id, request_of())


async def test_bad_designs_never_reach_a_worker(context, caller, model_id, valkey):
    many = ["b0720:deletion"] * 500
    with pytest.raises(InvalidDesignError) as caught:
        await score(context, caller, model_id, request_of(*many, "b0720"))
    assert caught.value.offenders[0].field == "genotypes[500]"
    with valkey.connect() as client:
        assert [key for key in client.scan_iter() if key.endswith(b"inference")] == []


async def test_what_is_sent_is_canonical_and_in_order(context, caller, model_id, valkey):
    genotypes = ["b1812:knockdown@0.2+b0720:knockout", "", "b0720:deletion"]
    with pytest.raises(DeadlineExceededError):
        await score(context, caller, model_id, request_of(*genotypes, fields=["mean"]))
    with valkey.connect() as client:
        (message,) = client.lrange("cellgebra:inference", 0, -1)
    (sent,) = json.loads(_body(message))[0][0]["requests"]
    assert (sent["fields"], sent["design_count"]) == (["mean"], 3)
    read = ReadGenotypes.unpacked([sent["designs"]])
    # A genotype begins with -1; edits count from 0, in the order of the model's.
    assert read.edit_J.tolist() == [-1, 0, 1, -1, -1, 0]
    assert str(read.level_J.tolist()) == "[nan, nan, 0.2, nan, nan, nan]"


def _body(message):
    return base64.b64decode(json.loads(message)["body"])


async def test_more_than_the_limit_are_refused_and_then_taken_again(context, caller, model_id):
    answers = await asyncio.gather(
        *(score(context, caller, model_id, request_of()) for _ in range(5)),
        return_exceptions=True,
    )
    kinds = [type(answer) for answer in answers]
    assert kinds == [DeadlineExceededError] * 2 + [ResourceExhaustedError] * 3
    with pytest.raises(DeadlineExceededError):
        await score(context, caller, model_id, request_of())
