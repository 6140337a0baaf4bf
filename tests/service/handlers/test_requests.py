"""What creates have in common."""

import math

import pytest

from service.contract.errors import InvalidArgumentError
from service.handlers.context import Context
from service.handlers.requests import request_of
from service.handlers.training_jobs import TRAINING_JOBS, create_training_job
from tests.service.rows import add_dataset, training_spec


def test_the_order_of_keys_changes_nothing():
    assert request_of("r", {"a": 1, "b": [2]}) == request_of("r", {"b": [2], "a": 1})
    assert request_of("r", {"a": 1}) != request_of("r", {"a": 2})


@pytest.mark.parametrize("value", ["\x00", "a\\\x00", "\ud800", math.inf, math.nan])
def test_what_no_database_can_hold_is_refused(value):
    with pytest.raises(InvalidArgumentError):
        request_of(None, {"name": [value]})


@pytest.mark.parametrize("value", ["\\u0000", "\\\\u0000", "u0000"])
def test_what_only_looks_like_it_is_fine(value):
    assert request_of(None, {"name": value}).sha256


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_without_a_broker_a_job_is_still_made(settings, caller, database):
    deaf = settings.model_copy(update={"broker_url": "unix:///nowhere/s"})
    context = Context.of(deaf)
    job = create_training_job(context, caller, training_spec(add_dataset(database)[0]))
    assert TRAINING_JOBS.get(context, caller, job.id).state == "QUEUED"
