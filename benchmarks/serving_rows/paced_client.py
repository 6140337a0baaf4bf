"""Some connections that post at a given rate, each answer with its times: a load with a ledger."""

import asyncio
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

CONNECTIONS = 32
_LONGEST_HEAD = 2**16


@dataclass(frozen=True)
class Exchange:
    """One request: its number, when it was sent and answered (Unix seconds), and the answer."""

    number: int
    sent: float
    answered: float
    status: int
    content: bytes


class PacedClient:
    """Posts `body_of(number)` for number 0, 1, 2, ...; the request's trace id is its number."""

    def __init__(
        self, url: str, body_of: Callable[[int], bytes], heard: Callable[[Exchange], None]
    ) -> None:
        self._parts = urlsplit(url)
        self._body_of = body_of
        self._heard = heard
        self._numbers = itertools.count()

    async def run(self, seconds: float, rate: float | None = None) -> int:
        """Post for so long, `rate` a second (None: without pauses); how many there were."""
        begin, first = time.monotonic(), next(self._numbers)
        loops = [self._connection(begin, seconds, rate, first) for _ in range(CONNECTIONS)]
        return sum(await asyncio.gather(*loops))

    async def _connection(
        self, begin: float, seconds: float, rate: float | None, first: int
    ) -> int:
        reader, writer = await asyncio.open_connection(
            self._parts.hostname, self._parts.port, limit=_LONGEST_HEAD
        )
        count = 0
        while True:
            number = next(self._numbers)
            due = begin + (number - first) / rate if rate else time.monotonic()
            if due > begin + seconds:
                break
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            self._heard(await self._exchange(reader, writer, number))
            count += 1
        writer.close()
        return count

    async def _exchange(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> Exchange:
        body = self._body_of(number)
        head = (
            f"POST {self._parts.path} HTTP/1.1\r\nHost: {self._parts.netloc}\r\n"
            f"Content-Type: application/json\r\nX-Trace-Id: soak-{number:09d}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        sent = time.time()
        writer.write(head.encode() + body)
        answer = (await reader.readuntil(b"\r\n\r\n")).lower()
        if b"soak-%09d" % number not in answer:
            raise RuntimeError(f"the answer to request {number} is another's: {answer!r}")
        size = int(answer.partition(b"content-length:")[2].split(b"\r\n")[0])
        content = await reader.readexactly(size)
        return Exchange(number, sent, time.time(), int(answer.split(b" ", 2)[1]), content)
