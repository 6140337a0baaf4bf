"""Following jobs over gRPC: events in order, each once, from any of them on; how streams end."""

import asyncio

import grpc
import pytest
from grpc import StatusCode

from service.contract.jobs import JobEvent, JobState
from service.handlers import events as events_module
from service.rpc.mapping import read_message
from service.rpc.pb.cellgebra.v1 import jobs_pb2, search_pb2, search_pb2_grpc, training_pb2
from tests.service.handlers.test_events import write_epochs
from tests.service.rows import add_training_job, claim, finish
from tests.service.rpc.statuses import fails

SECONDS = 30


@pytest.fixture
def job_id(database):
    return add_training_job(database)


@pytest.fixture
def watch(training):
    """Opens a stream of a job's events."""

    def open_stream(job_id, after=0):
        request = training_pb2.WatchTrainingJobRequest(id=job_id, after_sequence=after)
        return training.WatchTrainingJob(request)

    return open_stream


async def read(stream, count=None):
    """The sequences of all events, or of the first `count`."""
    seen = []
    async with asyncio.timeout(SECONDS):
        while count is None or len(seen) < count:
            event = await stream.read()
            if event is grpc.aio.EOF:
                break
            seen.append(event.sequence)
    return seen


async def until(condition):
    async with asyncio.timeout(SECONDS):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_stream_tells_what_was_and_what_comes_and_ends_with_the_job(
    watch, context, database, job_id
):
    stream = watch(job_id)
    assert await read(stream, 1) == [1]
    lease = claim(database, job_id)
    write_epochs(database, job_id, 3)
    finish(database, lease)
    assert await read(stream) == [2, 3, 4, 5, 6]
    assert await stream.code() is StatusCode.OK
    assert context.events.stream_count == 0


async def test_events_are_those_of_the_hub(watch, context, database, job_id):
    finish(database, claim(database, job_id), JobState.FAILED, error={"detail": "no", "n": None})
    told = [event async for event in context.events.follow(job_id, 0)]
    sent = [event async for event in watch(job_id)]
    assert [JobEvent.model_validate(read_message(event)) for event in sent] == told
    assert sent[-1].type == jobs_pb2.EVENT_TYPE_STATE
    assert sent[-1].data["state"] == "FAILED"


async def test_a_stream_goes_on_after_a_sequence(watch, database, job_id):
    finish(database, claim(database, job_id))
    assert await read(watch(job_id, 1)) == [2, 3]
    assert await read(watch(job_id, 3)) == []


@pytest.mark.parametrize("after", [-1, 2, 2**62])
async def test_a_sequence_that_no_event_has(watch, job_id, after):
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await watch(job_id, after).read()
    assert [path for path, _ in failure.violations] == ["after_sequence"]


async def test_a_job_that_is_not_there_or_of_another_kind(watch, channel, job_id):
    async with fails(StatusCode.NOT_FOUND):
        await watch("job_0").read()
    search = search_pb2_grpc.SearchServiceStub(channel)
    async with fails(StatusCode.NOT_FOUND):
        await search.WatchSearchJob(search_pb2.WatchSearchJobRequest(id=job_id)).read()


async def test_a_client_that_goes_away_frees_everything(watch, context, job_id):
    streams = [watch(job_id) for _ in range(5)]
    for stream in streams:
        assert await read(stream, 1) == [1]
    assert context.events.stream_count == 5
    for stream in streams:
        stream.cancel()
    await until(lambda: context.events.stream_count == 0)


async def test_a_deadline_frees_everything(training, context, job_id):
    request = training_pb2.WatchTrainingJobRequest(id=job_id)
    stream = training.WatchTrainingJob(request, timeout=0.5)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await read(stream)
    assert caught.value.code() is StatusCode.DEADLINE_EXCEEDED
    await until(lambda: context.events.stream_count == 0)


async def test_a_server_that_goes_says_where_to_come_again(watch, server, database, job_id):
    claim(database, job_id)
    stream = watch(job_id)
    assert await read(stream, 2) == [1, 2]
    stopping = asyncio.ensure_future(server.stop(SECONDS))
    async with fails(StatusCode.UNAVAILABLE) as failure:
        await read(stream)
    assert "after_sequence 2" in failure.message
    await asyncio.wait_for(stopping, SECONDS / 2)  # it has not waited for the grace


async def test_an_end_that_was_told_is_no_reason_to_come_again(watch, server, database, job_id):
    finish(database, claim(database, job_id))
    stream = watch(job_id)
    assert await read(stream, 3) == [1, 2, 3]
    await server.stop(SECONDS)
    assert await stream.read() is grpc.aio.EOF
    assert await stream.code() is StatusCode.OK


async def test_a_slow_reader_misses_nothing_and_is_not_waited_for(
    watch, database, job_id, monkeypatch
):
    monkeypatch.setattr(events_module, "KEPT_EVENTS", 8)
    lease = claim(database, job_id)
    slow, quick = watch(job_id), watch(job_id)
    assert await read(slow, 1) == [1]
    for _ in range(10):
        write_epochs(database, job_id, 200)
    finish(database, lease)
    assert await read(quick) == list(range(1, 2004))
    assert await read(slow) == list(range(2, 2004))
