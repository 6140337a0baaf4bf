"""Laws of a pipeline, without gRPC: order, bounds, slow readers, ends, nothing left behind."""

import asyncio
from contextlib import aclosing

import pytest

from service.contract.errors import UnavailableError
from service.rpc.pipelining import Limits, Pipeline

SECONDS = 30


class Work:
    """Requests are numbers, answered when told to; what is under way is counted."""

    def __init__(self):
        self.read = []
        self.under_way = set()
        self.most = 0
        self.may_end = asyncio.Event()

    async def requests(self, numbers, error=None):
        for number in numbers:
            self.read.append(number)
            yield number
            await asyncio.sleep(0)
        if error is not None:
            raise error

    async def forever(self):
        async for number in self.requests(range(5)):
            yield number
        await asyncio.Event().wait()

    async def answer(self, number):
        self.under_way.add(number)
        self.most = max(self.most, len(self.under_way))
        try:
            await self.may_end.wait()
            await asyncio.sleep(0.001 * ((7 * number) % 5))  # not in order
            return -number
        finally:
            self.under_way.discard(number)


@pytest.fixture
def work():
    return Work()


@pytest.fixture
def going():
    return asyncio.Event()


def one(_):
    return 1


async def settle():
    for _ in range(100):
        await asyncio.sleep(0)


@pytest.mark.parametrize("limit", [1, 3, 100])
async def test_answers_are_in_order_and_what_is_under_way_is_bounded(work, going, limit):
    pipeline = Pipeline(going, Limits(requests=limit))
    work.may_end.set()
    async with asyncio.timeout(SECONDS):
        found = [n async for n in pipeline.answers(work.requests(range(50)), work.answer, one)]
    assert found == [-number for number in range(50)]
    assert work.most <= limit
    assert work.most > 1 or limit == 1


async def test_a_slow_reader_stops_the_reading(work, going):
    pipeline = Pipeline(going, Limits(requests=4))
    work.may_end.set()
    answers = pipeline.answers(work.requests(range(50)), work.answer, one)
    async with asyncio.timeout(SECONDS), aclosing(answers):
        assert await anext(answers) == 0
        await asyncio.sleep(0.05)
        # Four are under way, and one more was read and waits for a place.
        assert work.read == list(range(5))
        assert await anext(answers) == -1
        await asyncio.sleep(0.05)
        assert work.read == list(range(6))


async def test_weight_is_bounded_but_for_one_request(work, going):
    pipeline = Pipeline(going, Limits(requests=100, weight=10))
    answers = pipeline.answers(work.requests([4, 5, 6, 50, 1]), work.answer, lambda number: number)
    async with asyncio.timeout(SECONDS), aclosing(answers):
        first = asyncio.ensure_future(anext(answers))
        await settle()
        assert work.under_way == {4, 5}
        work.may_end.set()
        found = [await first, *[answer async for answer in answers]]
    assert found == [-4, -5, -6, -50, -1]
    assert work.most == 2


async def test_an_error_of_the_requests_comes_after_the_answers_before_it(work, going):
    work.may_end.set()
    requests = work.requests(range(3), error=ValueError("broken"))
    found = []

    async def read():
        async for answer in Pipeline(going).answers(requests, work.answer, one):
            found.append(answer)  # noqa: PERF401 - those before the error

    with pytest.raises(ValueError, match="broken"):
        await asyncio.wait_for(read(), SECONDS)
    assert found == [0, -1, -2]


async def test_what_was_read_is_answered_when_the_process_goes(work, going):
    found = []

    async def read():
        async for answer in Pipeline(going).answers(work.forever(), work.answer, one):
            found.append(answer)  # noqa: PERF401 - those before the error

    reading = asyncio.create_task(read())
    await settle()
    going.set()
    await settle()
    assert found == []
    work.may_end.set()
    with pytest.raises(UnavailableError, match="send again"):
        await asyncio.wait_for(reading, SECONDS)
    assert found == [0, -1, -2, -3, -4]


async def test_requests_that_have_ended_are_answered_and_end_well_when_the_process_goes(
    work, going
):
    answers = Pipeline(going).answers(work.requests(range(3)), work.answer, one)
    first = asyncio.ensure_future(anext(answers))
    await settle()
    going.set()
    await settle()
    work.may_end.set()
    async with asyncio.timeout(SECONDS):
        assert [await first, *[answer async for answer in answers]] == [0, -1, -2]


@pytest.mark.parametrize("way", ["cancel", "close"])
async def test_a_stream_that_is_given_up_leaves_nothing_behind(work, going, way):
    before = asyncio.all_tasks()
    answers = Pipeline(going).answers(work.forever(), work.answer, one)
    if way == "close":
        work.may_end.set()
        await anext(answers)
        work.may_end.clear()
        await answers.aclose()
    else:
        reading = asyncio.ensure_future(anext(answers))
        await settle()
        assert len(work.under_way) == 5
        reading.cancel()
        await asyncio.wait([reading])
    await settle()
    assert work.under_way == set()
    assert asyncio.all_tasks() == before
