"""Latent algebra over gRPC up to the worker: what is refused before it, and the deadline."""

import pytest
from grpc import StatusCode

from service.rpc.converters import compose_arguments
from service.rpc.pb.cellgebra.v1 import inference_pb2
from tests.service.rows import EDITS, add_model
from tests.service.rpc.statuses import fails

KNOWN, OTHER = EDITS
COMPOSE = inference_pb2.LATENT_OPERATION_COMPOSE


@pytest.fixture
def latent_model_id(context):
    return add_model(context, kind="perturbation_set")


def ask(model_id, *designs, operation=COMPOSE, **options):
    return inference_pb2.ComposeRequest(
        model_id=model_id, operation=operation, designs=designs, **options
    )


async def test_without_a_worker_the_timeout_ends_the_wait(inference, latent_model_id):
    async with fails(StatusCode.DEADLINE_EXCEEDED) as failure:
        await inference.Compose(ask(latent_model_id, KNOWN, OTHER, timeout_seconds=0.2))
    assert failure.reason == "DEADLINE_EXCEEDED"


async def test_a_model_without_a_latent_space(inference, model_id):
    async with fails(StatusCode.FAILED_PRECONDITION) as failure:
        await inference.Compose(ask(model_id, KNOWN, OTHER))
    assert "perturbation_set, gene_graph and set_transformer" in failure.message


async def test_unknown_edits_are_named_by_their_design(inference, latent_model_id):
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await inference.Compose(ask(latent_model_id, KNOWN, "b0721:deletion"))
    assert failure.reason == "UNKNOWN_EDITS"
    assert [path for path, _ in failure.violations] == ["designs[1]"]


async def test_an_operation_that_is_none(inference, latent_model_id):
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await inference.Compose(ask(latent_model_id, KNOWN, operation=0, nearest_count=51))
    assert {path for path, _ in failure.violations} == {"operation", "nearest_count"}


def test_the_deadline_of_the_call_bounds_the_timeout():
    model_id, asked = compose_arguments(ask("model_1", KNOWN), 2.5)
    assert (model_id, asked.timeout_seconds) == ("model_1", 2.5)
    assert compose_arguments(ask("model_1", KNOWN), None)[1].timeout_seconds == 10.0
