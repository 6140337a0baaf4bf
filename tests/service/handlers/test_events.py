"""Laws of event streams: in order, without gaps, each once; they end with their job."""

import asyncio
from contextlib import aclosing

import pytest

from service.contract.jobs import EventType, JobKind, JobState
from service.contract.records import JobEventRecord, JobRecord
from service.contract.repositories import jobs
from service.contract.repositories.events import append_event, last_sequences
from service.handlers import events as events_module
from tests.service.rows import OWNER, add_training_job, claim, finish

on_both = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"])


@pytest.fixture
def database_kind():
    """Most of these laws hold whatever the database; `on_both` marks those that lean on it."""
    return "sqlite"


def write_epochs(database, job_id, count):
    with database.write() as session:
        for epoch in range(count):
            append_event(session, job_id, EventType.EPOCH, {"epoch": epoch})


async def read(hub, job_id, after=0, seen=None):
    """All events of a stream; `seen` grows with it."""
    seen = [] if seen is None else seen
    async with asyncio.timeout(30):
        async for event in hub.follow(job_id, after):
            seen.append(event)
    return seen


async def start_reading(hub, database, job_id):
    """A task that reads, and has read what is there."""
    seen = []
    task = asyncio.create_task(read(hub, job_id, seen=seen))
    with database.read() as session:
        there = last_sequences(session, [job_id])[job_id]
    async with asyncio.timeout(30):
        while len(seen) < there:
            await asyncio.sleep(0.005)
    return task


@on_both
async def test_a_stream_tells_what_was_and_what_comes(context, database):
    job_id = add_training_job(database)
    reading = await start_reading(context.events, database, job_id)
    lease = claim(database, job_id)
    write_epochs(database, job_id, 3)
    finish(database, lease)
    events = await reading
    assert [event.sequence for event in events] == [1, 2, 3, 4, 5, 6]
    assert [event.data.get("state") for event in events] == [
        *("QUEUED", "RUNNING", None, None, None, "SUCCEEDED"),
    ]


async def test_a_stream_goes_on_after_an_id(context, database):
    job_id = add_training_job(database)
    finish(database, claim(database, job_id))
    assert [event.sequence for event in await read(context.events, job_id, 1)] == [2, 3]


async def test_a_stream_after_the_last_event_of_an_ended_job_is_empty(context, database):
    job_id = add_training_job(database)
    finish(database, claim(database, job_id))
    assert await read(context.events, job_id, 3) == []


@on_both
async def test_a_resumed_job_tells_its_whole_story(context, database):
    job_id = add_training_job(database)
    finish(database, claim(database, job_id), JobState.FAILED, error={"detail": "no"})
    with database.write() as session:
        jobs.resume_job(session, OWNER.project_id, JobKind.TRAINING, job_id)
    reading = await start_reading(context.events, database, job_id)
    assert not reading.done()
    finish(database, claim(database, job_id))
    assert [event.sequence for event in await reading] == [1, 2, 3, 4, 5, 6]


@on_both
async def test_many_streams_of_one_job_all_get_everything(context, database):
    job_id = add_training_job(database)
    readers = [await start_reading(context.events, database, job_id) for _ in range(50)]
    lease = claim(database, job_id)
    for _ in range(5):
        write_epochs(database, job_id, 10)
        await asyncio.sleep(0.01)
    finish(database, lease)
    for reader in readers:
        assert [event.sequence for event in await reader] == list(range(1, 54))
    assert context.events.stream_count == 0


async def test_a_slow_reader_misses_nothing(context, database, monkeypatch):
    monkeypatch.setattr(events_module, "KEPT_EVENTS", 4)
    monkeypatch.setattr(events_module, "HISTORY_PAGE", 3)
    job_id = add_training_job(database)
    lease = claim(database, job_id)
    seen = []
    async with asyncio.timeout(30), aclosing(context.events.follow(job_id, 0)) as stream:
        async for event in stream:
            seen.append(event.sequence)
            if event.sequence == 2:
                write_epochs(database, job_id, 30)
                await asyncio.sleep(0.3)  # the poller runs far ahead of what is kept
                finish(database, lease)
    assert seen == list(range(1, 34))


async def test_streams_end_when_the_service_stops(context, database):
    job_id = add_training_job(database)
    reading = await start_reading(context.events, database, job_id)
    context.events.end_streams()
    assert [event.sequence for event in await asyncio.wait_for(reading, 30)] == [1]


@on_both
async def test_a_stream_ends_when_its_job_is_deleted(context, database):
    job_id = add_training_job(database)
    reading = await start_reading(context.events, database, job_id)
    with database.write() as session:
        session.delete(session.get_one(JobRecord, job_id))
    assert len(await asyncio.wait_for(reading, 30)) == 1


async def test_leaving_a_stream_closes_it(context, database):
    job_id = add_training_job(database)
    reading = await start_reading(context.events, database, job_id)
    assert context.events.stream_count == 1
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert context.events.stream_count == 0


async def test_the_poller_outlives_any_error(context, database, monkeypatch, caplog):
    monkeypatch.setattr(events_module, "_RETRY_SECONDS", 0.02)
    job_id = add_training_job(database)
    reading = await start_reading(context.events, database, job_id)
    lease = claim(database, job_id)
    with database.write() as session:
        # A service that was updated before this one may write what this one cannot read.
        number = append_event(session, job_id, EventType.EPOCH, {})
        session.get_one(JobEventRecord, (job_id, number)).type = "unknown"
    async with asyncio.timeout(30):
        while "cannot read job events" not in caplog.text:
            await asyncio.sleep(0.01)
    assert not reading.done()
    with database.write() as session:
        session.get_one(JobEventRecord, (job_id, number)).type = "epoch"
    finish(database, lease)
    assert [event.sequence for event in await reading] == [1, 2, 3, 4]
