"""Streams of scores: order, numbers, errors within, deadlines, ends. A task plays the worker."""

import asyncio
import contextlib
import json
import time

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status
from grpc import StatusCode

from service.contract.questions import pack_reply
from service.rpc.pb.cellgebra.v1 import inference_pb2
from tests.service.rows import EDITS
from tests.service.rpc.statuses import detail_of, fails
from tests.service.test_questions import next_question

KNOWN, _ = EDITS
SECONDS = 30


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"max_scores_in_flight": 256})


@pytest.fixture
async def worker(valkey):
    """Answers with the number of designs as their mean; gives the requests that it has seen."""
    seen = []

    async def serve():
        with valkey.connect() as client:
            while True:
                _, question = next_question(client)
                if question is None:
                    await asyncio.sleep(0.002)
                    continue
                seen.extend(question["requests"])
                parts = [answer(request) for request in question["requests"]]
                reply = pack_reply(question["question_id"], parts)
                client.rpush(question["reply_key"], reply)

    serving = asyncio.create_task(serve())
    yield seen
    serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving


def answer(request):
    count = request["design_count"]
    label = {"name": "titer", "unit": "mg/L", "neutral_model": "additive", "mean": [count] * count}
    return json.dumps({"model_id": "m", "vocabulary_sha256": "d", "labels": [label]}).encode()


def message(model_id, number, *genotypes, **options):
    request = inference_pb2.ScoreRequest(model_id=model_id, genotypes=genotypes, **options)
    return inference_pb2.ScoreStreamRequest(number=number, request=request)


async def ask(stream, *messages):
    for each in messages:
        await stream.write(each)


async def all_of(stream):
    async with asyncio.timeout(SECONDS):
        return [answer async for answer in stream]


async def in_flight(context, count):
    async with asyncio.timeout(SECONDS):
        while context.scores.request_count != count:
            await asyncio.sleep(0.01)


async def test_answers_come_in_order_under_their_numbers(inference, model_id, worker):
    stream = inference.ScoreStream()
    sizes = [1, 3, 2] * 20
    for number, size in enumerate(sizes):
        await stream.write(message(model_id, number - 5, *[KNOWN] * size))
    await stream.done_writing()
    answers = await all_of(stream)
    assert [answer.number for answer in answers] == [place - 5 for place in range(len(sizes))]
    assert [list(answer.answer.labels[0].mean) for answer in answers] == [[n] * n for n in sizes]
    assert await stream.code() is StatusCode.OK
    assert len(worker) == len(sizes)


@pytest.mark.usefixtures("worker")
async def test_an_error_of_one_message_is_its_answer_and_the_stream_goes_on(inference, model_id):
    stream = inference.ScoreStream()
    await ask(
        stream,
        message(model_id, 1, KNOWN),
        message(model_id, 2, KNOWN, "b0002:deletion"),
        message("model_0", 3, KNOWN),
        message(model_id, 4),
        message("model\0", 5, KNOWN),
        inference_pb2.ScoreStreamRequest(number=6),
        message(model_id, 7, KNOWN, timeout_seconds=61),
        message(model_id, 8, KNOWN),
    )
    await stream.done_writing()
    answers = await all_of(stream)
    assert [answer.number for answer in answers] == list(range(1, 9))
    assert [answer.WhichOneof("result") for answer in answers] == [
        "answer",
        *["error"] * 6,
        "answer",
    ]
    codes = [answer.error.code for answer in answers[1:-1]]
    invalid, missing = StatusCode.INVALID_ARGUMENT.value[0], StatusCode.NOT_FOUND.value[0]
    assert codes == [invalid, missing, invalid, invalid, invalid, invalid]
    fields = [
        [violation.field for violation in bad.field_violations] if bad else []
        for answer in answers[1:-1]
        for bad in [detail_of(answer.error, BadRequest)]
    ]
    assert fields == [
        ["genotypes[1]"],
        [],
        ["genotypes"],
        ["model_id"],
        ["genotypes"],
        ["timeout_seconds"],
    ]


async def test_an_error_in_a_stream_is_the_status_of_the_unary_call(inference, model_id):
    request = message(model_id, 1, "b0002:deletion")
    stream = inference.ScoreStream(iter([request]), metadata=[("x-trace-id", "trace-of-mine")])
    (told,) = await all_of(stream)
    async with fails(StatusCode.INVALID_ARGUMENT) as failure:
        await inference.Score(request.request, metadata=[("x-trace-id", "trace-of-mine")])
    status = Status.FromString(told.error.SerializeToString())
    assert status == failure.status
    assert detail_of(status, ErrorInfo).reason == "UNKNOWN_EDITS"


async def test_a_message_waits_no_longer_than_it_says_and_others_go_on(inference, model_id):
    stream = inference.ScoreStream()
    await ask(
        stream,
        message(model_id, 1, KNOWN, timeout_seconds=0.2),
        message(model_id, 2, KNOWN, timeout_seconds=0.1),
    )
    await stream.done_writing()
    answers = await all_of(stream)
    late = StatusCode.DEADLINE_EXCEEDED.value[0]
    assert [(answer.number, answer.error.code) for answer in answers] == [(1, late), (2, late)]


async def test_the_deadline_of_the_stream_goes_down_to_the_worker(inference, model_id, worker):
    stream = inference.ScoreStream(timeout=5)
    await ask(stream, message(model_id, 1, KNOWN, timeout_seconds=60))
    await stream.done_writing()
    (told,) = await all_of(stream)
    assert told.HasField("answer")
    (request,) = worker
    assert request["deadline_unix_seconds"] <= time.time() + 5


async def test_a_client_that_goes_away_frees_everything(inference, context, model_id):
    streams = [inference.ScoreStream() for _ in range(3)]
    for stream in streams:
        await ask(stream, *[message(model_id, n, KNOWN, timeout_seconds=60) for n in range(4)])
    await in_flight(context, 12)
    for stream in streams:
        stream.cancel()
    await in_flight(context, 0)
    async with asyncio.timeout(SECONDS):
        while any("Pipeline" in repr(task) for task in asyncio.all_tasks()):
            await asyncio.sleep(0.01)


async def test_a_deadline_frees_everything(inference, context, model_id):
    stream = inference.ScoreStream(timeout=0.5)
    await ask(stream, message(model_id, 1, KNOWN, timeout_seconds=60))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await all_of(stream)
    assert caught.value.code() is StatusCode.DEADLINE_EXCEEDED
    await in_flight(context, 0)


@pytest.mark.usefixtures("worker")
async def test_a_server_that_goes_answers_what_it_has_read(inference, server, context, model_id):
    stream = inference.ScoreStream()
    await ask(stream, message(model_id, 1, KNOWN))
    assert (await stream.read()).number == 1
    await ask(stream, message(model_id, 2, KNOWN, "", KNOWN))
    stopping = asyncio.ensure_future(server.stop(SECONDS))
    answers = []
    async with fails(StatusCode.UNAVAILABLE) as failure, asyncio.timeout(SECONDS):
        while (answer := await stream.read()) is not grpc.aio.EOF:
            answers.append(answer.number)
    assert answers in ([], [2])  # read before, or not
    assert "send again" in failure.message
    await asyncio.wait_for(stopping, SECONDS / 2)
    assert context.scores.request_count == 0


@pytest.mark.usefixtures("worker")
async def test_bytes_that_are_no_message_end_the_stream_after_the_answers_before(channel, model_id):
    method = channel.stream_stream("/cellgebra.v1.InferenceService/ScoreStream")
    good = message(model_id, 1, KNOWN).SerializeToString()
    stream = method(iter([good, b"\xff\xff"]))
    first = inference_pb2.ScoreStreamResponse.FromString(await stream.read())
    assert first.number == 1
    assert first.HasField("answer")
    async with fails(StatusCode.INVALID_ARGUMENT):
        await stream.read()


async def test_a_reader_who_does_not_read_is_not_read(inference, context, model_id, worker):
    """What is under way is bounded; answers that nobody takes fill the window, then all stands."""
    stream = inference.ScoreStream()
    designs = [KNOWN] * 5000  # an answer of 40 KB: some of them fill HTTP/2's window

    async def write():
        for number in range(300):
            await stream.write(message(model_id, number, *designs))
        await stream.done_writing()

    writing = asyncio.create_task(write())
    seen = -1
    async with asyncio.timeout(SECONDS):
        while len(worker) > seen:  # until it stands
            seen = len(worker)
            await asyncio.sleep(1.0)
    assert 0 < seen < 300
    answers = await all_of(stream)
    await writing
    assert [answer.number for answer in answers] == list(range(300))
    assert context.scores.request_count == 0
