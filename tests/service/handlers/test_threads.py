"""Threads of a front end: what many ask for at once is done once."""

import asyncio
import threading

import pytest

from service.handlers.threads import Threads


@pytest.fixture
def threads():
    made = Threads()
    yield made
    made.close()


async def test_who_asks_meanwhile_has_the_same_answer(threads):
    go_on, calls = threading.Event(), []

    def slow(argument):
        calls.append(argument)
        go_on.wait(30)
        return len(calls)

    first, *others = [asyncio.create_task(threads.run_shared(slow, "x")) for _ in range(50)]
    while not calls:
        await asyncio.sleep(0.001)
    first.cancel()  # the others still want it
    go_on.set()
    assert await asyncio.gather(*others) == [1] * 49
    assert await threads.run_shared(slow, "y") == 2
    assert calls == ["x", "y"]


async def test_an_error_is_everybodys_and_the_next_one_asks_again(threads):
    def fail(_):
        raise LookupError("lost")

    asked = [threads.run_shared(fail, None) for _ in range(3)]
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(error) for error in found] == [LookupError] * 3
    assert await threads.run_shared(str, 1) == "1"
