"""Limits of a key and streams: opening one counts once, and an open one is not held up by them."""

import asyncio

import grpc
import pytest
from grpc import StatusCode

from service.rpc.pb.cellgebra.v1 import inference_pb2, training_pb2
from tests.service.handlers.test_events import write_epochs
from tests.service.keys import make_key
from tests.service.rows import add_training_job, claim, finish
from tests.service.rpc.statuses import fails
from tests.service.rpc.test_access import metadata
from tests.service.rpc.test_watching import read

A_SECOND = 4


@pytest.fixture
def settings(settings):
    return settings.model_copy(
        update={"max_requests_per_second": A_SECOND, "max_designs_per_second": A_SECOND}
    )


@pytest.fixture
async def key(database, context):
    _, secret = make_key(database)
    await context.keys.refresh()
    return {"metadata": metadata(secret)}


@pytest.fixture
def job_id(database):
    return add_training_job(database)


@pytest.fixture
def watch(training, job_id, key):
    return lambda: training.WatchTrainingJob(training_pb2.WatchTrainingJobRequest(id=job_id), **key)


@pytest.fixture
def get(training, job_id, key):
    return lambda: training.GetTrainingJob(training_pb2.GetTrainingJobRequest(id=job_id), **key)


async def asked_for_too_much(get):
    """Ask until the key is told to wait; gives that refusal."""
    async with asyncio.timeout(20), fails(StatusCode.RESOURCE_EXHAUSTED) as failure:
        while True:
            await asyncio.gather(*(get() for _ in range(2 * A_SECOND)))
    return failure


async def test_opening_a_stream_counts_once(watch, get, database, job_id):
    stream = watch()
    claim(database, job_id)
    write_epochs(database, job_id, 20 * A_SECOND)
    assert len(await read(stream, 2 + 20 * A_SECOND)) == 2 + 20 * A_SECOND
    for _ in range(A_SECOND - 1):
        await get()
    stream.cancel()


async def test_an_open_stream_goes_on_while_its_key_is_told_to_wait(watch, get, database, job_id):
    stream = watch()
    assert await read(stream, 1) == [1]
    lease = claim(database, job_id)
    seen = 1
    for _ in range(3):
        await asked_for_too_much(get)
        write_epochs(database, job_id, 10)
        seen += len(await read(stream, 10))
    finish(database, lease)
    seen += len(await read(stream))
    assert seen == 3 + 3 * 10
    assert await stream.code() is StatusCode.OK


@pytest.mark.slow
async def test_a_stream_that_is_refused_says_when_to_come_again(watch, get):
    refusals, seen = [await asked_for_too_much(get)], []
    async with asyncio.timeout(20):
        while not seen:
            await asyncio.sleep(refusals[0].retry_seconds)
            stream = watch()
            try:
                seen = await read(stream, 1)
            except grpc.aio.AioRpcError as error:
                refusals.append(error)
    stream.cancel()
    assert (refusals[0].reason, seen) == ("TOO_MANY_REQUESTS", [1])
    assert {one.code() for one in refusals[1:]} <= {StatusCode.RESOURCE_EXHAUSTED}


@pytest.mark.slow
async def test_designs_that_are_too_many_end_their_message_and_not_the_stream(
    inference, model_id, key
):
    asked = inference_pb2.ScoreRequest(model_id=model_id, genotypes=["+"] * A_SECOND)
    stream, told = inference.ScoreStream(**key), []
    bad_design, too_many = (
        code.value[0] for code in (StatusCode.INVALID_ARGUMENT, StatusCode.RESOURCE_EXHAUSTED)
    )
    async with asyncio.timeout(20):
        while set(told[:-1]) != {bad_design, too_many} or told[-1] == too_many:
            await stream.write(inference_pb2.ScoreStreamRequest(number=1, request=asked))
            told.append((await stream.read()).error.code)
            await asyncio.sleep(0.02)
        await stream.done_writing()
        assert await stream.read() is grpc.aio.EOF
    assert await stream.code() is StatusCode.OK
