"""The coalescer alone: who travels with whom, and that nobody gets another's answer."""

import asyncio
import json
import random

import pytest

from service.coalescing import Coalescer, Limits, ModelKey
from service.contract.errors import (
    DeadlineExceededError,
    InvalidDesignError,
    UnavailableError,
)

KEY, OTHER = ModelKey("model_1", "m1", "w1"), ModelKey("model_2", "m2", "w2")
LIMITS = Limits(gather_seconds=0.005)


def chances(seed):
    return random.Random(seed)  # noqa: S311


class Road:
    """Carries tasks to a worker that says each request back, when `gate` is open."""

    def __init__(self):
        self.tasks = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.under_way = self.most_under_way = 0
        self.chance = chances(0)

    async def send(self, task, timeout_seconds):
        assert timeout_seconds > 0
        self.tasks.append(task)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await self.gate.wait()
            await asyncio.sleep(self.chance.uniform(0, 0.003))
        finally:
            self.under_way -= 1
        return [self.part(task["model_id"], request) for request in task["requests"]]

    def part(self, model_id, request):
        if "bad" in request["genotypes"]:
            return InvalidDesignError("bad")
        return json.dumps([model_id, request["genotypes"]]).encode()

    def sizes(self):
        return [len(task["requests"]) for task in self.tasks]


@pytest.fixture
def road():
    return Road()


async def ask(coalescer, *genotypes, key=KEY, timeout_seconds=5.0):
    answer = await coalescer.ask(
        key,
        {"genotypes": list(genotypes)},
        design_count=len(genotypes),
        timeout_seconds=timeout_seconds,
    )
    return json.loads(answer)


@pytest.mark.parametrize("seed", range(5))
async def test_everybody_gets_their_own_answer(road, seed):
    chance = chances(seed)
    limits = LIMITS._replace(requests=7, designs=20, tasks_in_flight=chance.choice([1, 2, 3]))
    coalescer = Coalescer(road.send, limits)
    asked = [
        (
            chance.choice([KEY, OTHER]),
            [f"{number}.{i}" for i in range(chance.choice([1, 2, 9, 30]))],
        )
        for number in range(200)
    ]

    async def one(key, genotypes):
        await asyncio.sleep(chance.uniform(0, 0.05))
        return await ask(coalescer, *genotypes, key=key)

    answers = await asyncio.gather(*(one(*each) for each in asked))
    assert answers == [[key.model_id, genotypes] for key, genotypes in asked]
    assert road.most_under_way <= 2 * limits.tasks_in_flight
    for task in road.tasks:
        designs = [len(request["genotypes"]) for request in task["requests"]]
        assert len(designs) <= limits.requests
        assert len(designs) == 1 or sum(designs) <= limits.designs


async def test_they_leave_in_the_order_in_which_they_came(road):
    coalescer = Coalescer(road.send, LIMITS._replace(requests=3))
    await asyncio.gather(*(ask(coalescer, str(number)) for number in range(20)))
    left = [request["genotypes"][0] for task in road.tasks for request in task["requests"]]
    assert left == [str(number) for number in range(20)]


async def test_who_finds_nobody_under_way_goes_at_once_and_the_rest_gathers(road):
    coalescer = Coalescer(road.send, LIMITS._replace(gather_seconds=60))
    road.gate.clear()
    first = asyncio.create_task(ask(coalescer, "a"))
    while not road.tasks:
        await asyncio.sleep(0)
    rest = [asyncio.create_task(ask(coalescer, str(number))) for number in range(10)]
    await asyncio.sleep(0.02)
    assert road.sizes() == [1]
    road.gate.set()
    await asyncio.gather(first, *rest)
    assert road.sizes() == [1, 10]


async def test_who_has_gathered_for_long_enough_does_not_wait_for_the_task_before(road):
    coalescer = Coalescer(road.send, LIMITS)
    road.gate.clear()
    waiting = [asyncio.create_task(ask(coalescer, "a"))]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting += [asyncio.create_task(ask(coalescer, name)) for name in "bc"]
    while len(road.tasks) < 2:
        await asyncio.sleep(0.001)
    assert road.sizes() == [1, 2]
    road.gate.set()
    await asyncio.gather(*waiting)


async def test_what_is_late_is_never_sent(road):
    coalescer = Coalescer(road.send, LIMITS._replace(tasks_in_flight=1))
    road.gate.clear()
    first = asyncio.create_task(ask(coalescer, "a"))
    await asyncio.sleep(0.01)
    with pytest.raises(DeadlineExceededError, match=r"within 0\.02 s"):
        await ask(coalescer, "late", timeout_seconds=0.02)
    road.gate.set()
    assert await first == ["model_1", ["a"]]
    assert await ask(coalescer, "b") == ["model_1", ["b"]]
    sent = [request["genotypes"] for task in road.tasks for request in task["requests"]]
    assert sent == [["a"], ["b"]]


async def test_who_goes_away_leaves_the_others_and_is_not_sent(road):
    coalescer = Coalescer(road.send, LIMITS._replace(tasks_in_flight=1))
    road.gate.clear()
    first = asyncio.create_task(ask(coalescer, "a"))
    await asyncio.sleep(0.01)
    others = [asyncio.create_task(ask(coalescer, name)) for name in "bcd"]
    await asyncio.sleep(0.01)
    others[1].cancel()  # still gathers
    first.cancel()  # under way
    road.gate.set()
    answers = await asyncio.gather(first, *others, return_exceptions=True)
    assert [type(answers[0]), type(answers[2])] == [asyncio.CancelledError] * 2
    assert [answers[1], answers[3]] == [["model_1", ["b"]], ["model_1", ["d"]]]
    sent = [request["genotypes"] for task in road.tasks for request in task["requests"]]
    assert sent == [["a"], ["b"], ["d"]]


async def test_the_error_of_one_is_not_that_of_the_others(road):
    coalescer = Coalescer(road.send, LIMITS)
    names = ["a", "bad", "b"]
    answers = await asyncio.gather(*(ask(coalescer, n) for n in names), return_exceptions=True)
    assert [answers[0], answers[2]] == [["model_1", ["a"]], ["model_1", ["b"]]]
    assert isinstance(answers[1], InvalidDesignError)


async def test_all_of_a_task_that_is_not_taken_are_told_and_the_next_go_on(road):
    async def broken(*_):
        raise UnavailableError("no broker")

    coalescer = Coalescer(broken, LIMITS)
    answers = await asyncio.gather(*(ask(coalescer, n) for n in "abc"), return_exceptions=True)
    assert [type(answer) for answer in answers] == [UnavailableError] * 3
    assert len({id(answer) for answer in answers}) == 3  # each has a traceback of its own
    coalescer._send = road.send
    assert await ask(coalescer, "d") == ["model_1", ["d"]]


async def test_a_task_that_is_lost_does_not_keep_others_from_going(road):
    coalescer = Coalescer(road.send, LIMITS._replace(tasks_in_flight=1, patience_seconds=0.05))
    road.gate.clear()
    lost = asyncio.create_task(ask(coalescer, "lost", timeout_seconds=0.5))
    await asyncio.sleep(0.01)
    second = asyncio.create_task(ask(coalescer, "a"))
    while len(road.tasks) < 2:
        await asyncio.sleep(0.005)
    assert not lost.done()
    road.gate.set()
    assert await second == ["model_1", ["a"]]
    assert await lost == ["model_1", ["lost"]]


async def test_those_who_gather_at_the_end_are_told(road):
    coalescer = Coalescer(road.send, LIMITS._replace(tasks_in_flight=1))
    road.gate.clear()
    first = asyncio.create_task(ask(coalescer, "a"))
    await asyncio.sleep(0.01)
    second = asyncio.create_task(ask(coalescer, "b"))
    await asyncio.sleep(0.01)
    coalescer.close()
    with pytest.raises(UnavailableError, match="shutting down"):
        await second
    road.gate.set()
    assert await first == ["model_1", ["a"]]


async def test_every_task_is_noted_with_its_size(road):
    noted = []
    coalescer = Coalescer(road.send, LIMITS, note=lambda *sizes: noted.append(sizes))
    await asyncio.gather(*(ask(coalescer, *"ab"[:size]) for size in (1, 2, 2)))
    assert sum(requests for requests, _ in noted) == 3
    assert sum(designs for _, designs in noted) == 5
    assert [requests for requests, _ in noted] == road.sizes()
