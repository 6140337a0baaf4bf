"""Questions through a real broker, to a worker that takes messages as Celery wrote them."""

import asyncio
import base64
import contextlib
import json

import pytest

from service.contract.errors import DeadlineExceededError, UnavailableError
from service.contract.questions import pack_reply
from service.dispatch import Dispatcher
from service.questions import Questions
from tests.servers.valkey import valkey_server

QUEUE = "cellgebra:inference"


@pytest.fixture
async def questions(valkey):
    dispatcher = Dispatcher(valkey.url)
    made = Questions(valkey.url, dispatcher, reply_ttl_seconds=60)
    await made.start()
    yield made
    await made.close()
    dispatcher.close()


def next_question(client):
    """What a worker would be given, with its task's name; None if there is nothing."""
    item = client.rpop(QUEUE)
    if item is None:
        return None, None
    envelope = json.loads(item)
    return envelope["headers"]["task"], json.loads(base64.b64decode(envelope["body"]))[0][0]


@contextlib.asynccontextmanager
async def worker(valkey):
    """Says every request back, one part each."""

    async def serve():
        with valkey.connect() as client:
            while True:
                _, question = next_question(client)
                if question is None:
                    await asyncio.sleep(0.002)
                    continue
                parts = [json.dumps(request).encode() for request in question["requests"]]
                client.rpush(
                    question["reply_key"], pack_reply(question["question_id"], parts[::-1])
                )

    task = asyncio.create_task(serve())
    yield
    task.cancel()
    await asyncio.wait([task])


async def test_a_reply_reaches_whoever_asked(questions, valkey):
    async with worker(valkey):
        replies = await asyncio.gather(
            *(
                questions.ask("t", {"requests": [number, -number]}, timeout_seconds=5)
                for number in range(50)
            )
        )
    assert replies == [[b"%d" % -number, b"%d" % number] for number in range(50)]


async def test_a_question_that_nobody_answers(questions, valkey):
    with pytest.raises(DeadlineExceededError, match=r"no answer within 0\.1 s"):
        await questions.ask("inference.score", {"requests": []}, timeout_seconds=0.1)
    with valkey.connect() as client:
        name, question = next_question(client)
        assert name == "inference.score"
        # An answer that comes too late is nobody's.
        client.rpush(question["reply_key"], pack_reply(question["question_id"], [b"1"]))
    async with worker(valkey):
        assert await questions.ask("t", {"requests": [7]}, timeout_seconds=5) == [b"7"]


async def test_without_a_broker_all_are_told_at_once_and_with_one_it_goes_on():
    with valkey_server() as valkey:
        dispatcher = Dispatcher(valkey.url)
        questions = Questions(valkey.url, dispatcher, reply_ttl_seconds=60)
        await questions.start()
        waiting = [
            asyncio.create_task(questions.ask("t", {"requests": [1]}, timeout_seconds=30))
            for _ in range(3)
        ]
        with valkey.connect() as client:
            while client.llen(QUEUE) < 3:
                await asyncio.sleep(0.01)
        folder = valkey.socket.parent
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(answer) for answer in answers] == [UnavailableError] * 3
    with pytest.raises(UnavailableError):
        await questions.ask("t", {"requests": [1]}, timeout_seconds=30)
    assert not folder.exists()
    with valkey_server() as again:
        folder.mkdir()
        valkey.socket.symlink_to(again.socket)
        async with worker(again):
            answer = await _asked_until_answered(questions)
        assert answer == [b"2"]
        await questions.close()
        dispatcher.close()
    valkey.socket.unlink()
    folder.rmdir()


async def _asked_until_answered(questions):
    async with asyncio.timeout(20):
        while True:
            with contextlib.suppress(UnavailableError, DeadlineExceededError):
                return await questions.ask("t", {"requests": [2]}, timeout_seconds=1)
            await asyncio.sleep(0.05)
