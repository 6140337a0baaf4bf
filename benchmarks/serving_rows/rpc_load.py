"""Load over gRPC, as `wrk` makes it over HTTP: bytes made before, answers counted and not read.

    python benchmarks/serving_rows/rpc_load.py ADDRESS BODIES KIND SECONDS

Every line of BODIES is a request in JSON. KIND is `unary` (32 calls of Score at a time) or `stream`
(one ScoreStream, 64 messages unanswered at most: gRPC itself would take megabytes of them before it
made a writer wait, and their answers would come long after the end). It prints how many requests
were answered between a warm-up and the end, how many ever were (`total`: it is for them that the
server has worked), and how many by an error.
"""

import asyncio
import itertools
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc

sys.path.insert(0, str(Path(__file__).parents[2]))  # the repository need not be installed

from service.rpc.pb.cellgebra.v1 import inference_pb2

CONNECTIONS, UNANSWERED, WARM_SECONDS = 32, 64, 2.0
SERVICE = "/cellgebra.v1.InferenceService"
# `error`, field 3, in the place of `answer`, field 2: the first byte behind the number.
ERROR_TAG = 0x1A


@dataclass
class Count:
    """Answers between two moments."""

    begin: float
    end: float
    answered: int = 0
    failed: int = 0
    total: int = 0

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return time.perf_counter() > self.end

    def add(self, *, failed: bool = False) -> None:
        """Count an answer, by whether it came in time."""
        self.total += 1
        if self.begin < time.perf_counter() <= self.end:
            self.answered += not failed
            self.failed += failed


def requests(path: Path) -> list[inference_pb2.ScoreRequest]:
    """Those of the file."""
    lines = path.read_text().splitlines()
    return [inference_pb2.ScoreRequest(**json.loads(line)) for line in lines]


async def unary(channel: grpc.aio.Channel, asked: list[bytes], count: Count) -> None:
    """Calls of Score, so many at a time."""
    score = channel.unary_unary(f"{SERVICE}/Score")
    turn: Iterator[bytes] = itertools.cycle(asked)

    async def call() -> None:
        while not count.is_over:
            try:
                await score(next(turn))
                count.add()
            except grpc.aio.AioRpcError:
                count.add(failed=True)

    await asyncio.gather(*(call() for _ in range(CONNECTIONS)))


async def stream(channel: grpc.aio.Channel, asked: list[bytes], count: Count) -> None:
    """One stream, written and read at the same time."""
    opened = channel.stream_stream(f"{SERVICE}/ScoreStream")()
    room = asyncio.Semaphore(UNANSWERED)

    async def write() -> None:
        for content in itertools.cycle(asked):
            await room.acquire()
            if count.is_over:
                break
            await opened.write(content)
        await opened.done_writing()

    writing = asyncio.create_task(write())
    while (answer := await opened.read()) is not grpc.aio.EOF:
        count.add(failed=answer[2] == ERROR_TAG)  # behind the number: a tag and one byte
        room.release()
    if await opened.code() is not grpc.StatusCode.OK:
        writing.cancel()
        raise RuntimeError(f"{await opened.code()}: {await opened.details()}")
    await writing


async def main(address: str, path: Path, kind: str, seconds: float) -> Count:
    """The load."""
    found = requests(path)
    options = [("grpc.max_receive_message_length", -1)]
    begin = time.perf_counter() + WARM_SECONDS
    count = Count(begin, begin + seconds)
    async with grpc.aio.insecure_channel(address, options=options) as channel:
        if kind == "unary":
            await unary(channel, [request.SerializeToString() for request in found], count)
        else:
            numbered = [
                inference_pb2.ScoreStreamRequest(number=1, request=request) for request in found
            ]
            await stream(channel, [message.SerializeToString() for message in numbered], count)
    return count


if __name__ == "__main__":
    address, path, kind, seconds = sys.argv[1:]
    told = asyncio.run(main(address, Path(path), kind, float(seconds)))
    print(json.dumps({"answered": told.answered, "failed": told.failed, "total": told.total}))
