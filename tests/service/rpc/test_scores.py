"""Scores over gRPC up to the worker: what is refused before it, and what happens without one."""

import asyncio

from grpc import StatusCode

from service.rpc.pb.cellgebra.v1 import inference_pb2
from service.rpc.score_converters import score_arguments
from tests.service.rows import EDITS
from tests.service.rpc.statuses import fails

KNOWN, _ = EDITS


def ask(model_id, *genotypes, **options):
    return inference_pb2.ScoreRequest(model_id=model_id, genotypes=genotypes, **options)


async def test_without_a_worker_the_timeout_ends_the_wait(inference, model_id):
    async with fails(StatusCode.DEADLINE_EXCEEDED) as failure:
        await inference.Score(ask(model_id, KNOWN, timeout_seconds=0.2))
    assert failure.reason == "DEADLINE_EXCEEDED"


def test_the_deadline_of_the_call_bounds_the_timeout():
    request = ask("model_1", KNOWN)
    assert score_arguments(request, 2.5)[1].timeout_seconds == 2.5
    assert score_arguments(request, 60.0)[1].timeout_seconds == 10.0
    assert score_arguments(request, None)[1].timeout_seconds == 10.0


async def test_unknown_edits_are_named_with_what_was_meant(inference, model_id):
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await inference.Score(ask(model_id, KNOWN, "", "b0002:deletion", f"{KNOWN}+b0721:deletion"))
    assert failure.reason == "UNKNOWN_EDITS"
    assert [path for path, _ in failure.violations] == ["genotypes[2]", "genotypes[3]"]
    assert "did you mean b0720:deletion" in failure.violations[1][1]


async def test_malformed_genotypes_are_named(inference, model_id):
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await inference.Score(ask(model_id, KNOWN, "b0001:frobnicate", f"{KNOWN}+{KNOWN}"))
    assert failure.reason == "INVALID_DESIGN"
    assert [path for path, _ in failure.violations] == ["genotypes[1]", "genotypes[2]"]


async def test_as_many_violations_as_fit_into_the_trailers_of_http2(inference, model_id):
    many = [f"x{index}:deletion" for index in range(10_000)]
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await inference.Score(ask(model_id, *many))
    assert failure.info["violation_count"] == "10000"
    fields = [path for path, _ in failure.violations]
    assert 10 < len(fields) < 10_000
    assert fields == [f"genotypes[{index}]" for index in range(len(fields))]


async def test_nothing_to_score_and_a_column_that_is_none(inference, model_id):
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await inference.Score(ask(model_id, fields=[0], timeout_seconds=61))
    assert {path for path, _ in failure.violations} == {
        "genotypes",
        "fields[0]",
        "timeout_seconds",
    }


async def test_a_model_that_is_not_there(inference):
    async with fails(StatusCode.NOT_FOUND):
        await inference.Score(ask("model_0", KNOWN))


async def test_too_many_at_once_are_told_when_to_come_back(inference, model_id, settings):
    waiting = [
        asyncio.ensure_future(inference.Score(ask(model_id, KNOWN, timeout_seconds=1)))
        for _ in range(settings.max_scores_in_flight)
    ]
    await asyncio.sleep(0.2)
    async with fails(StatusCode.RESOURCE_EXHAUSTED) as failure:
        await inference.Score(ask(model_id, KNOWN))
    assert failure.retry_seconds == 1.0
    await asyncio.gather(*waiting, return_exceptions=True)
