"""Guesses keys in a process of its own: so many a second, on a few connections, without waiting.

`python -m tests.security.guessing HOST PORT SECRET RATE SECONDS` prints what was answered.
"""

import asyncio
import json
import re
import sys
from collections import Counter

CONNECTIONS = 16
# What a connection may have under way: a server that does not answer is not drowned for ever.
MOST_UNDER_WAY = 64
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
_TICK_SECONDS = 0.005


class _Connection:
    """One connection, with the statuses of its answers."""

    def __init__(self, reader, writer):
        self._reader, self._writer = reader, writer
        self.statuses = Counter()
        self.under_way = 0

    def send(self, secret):
        head = (
            f"GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {secret}\r\n\r\n"
        )
        self._writer.write(head.encode())
        self.under_way += 1

    async def count(self):
        rest = b""
        while came := await self._reader.read(2**16):
            rest += came
            found = _STATUS.findall(rest)
            self.statuses.update(int(status) for status in found)
            self.under_way -= len(found)
            rest = _STATUS.sub(b"", rest)[-16:]  # a status may come in two parts

    def close(self):
        self._writer.close()


async def guess(host, port, secret, *, rate, seconds):
    """Send guesses at this rate, as far as the server takes them; gives its answers by status."""
    loop = asyncio.get_running_loop()
    opened = [await asyncio.open_connection(host, port) for _ in range(CONNECTIONS)]
    connections = [_Connection(*pair) for pair in opened]
    counting = [asyncio.create_task(one.count()) for one in connections]
    begin, due, sent = loop.time(), 0, 0
    while (now := loop.time()) < begin + seconds:
        for number in range(due, due := int((now - begin) * rate)):
            connection = connections[number % CONNECTIONS]
            if connection.under_way < MOST_UNDER_WAY:
                connection.send(f"{secret[:-6]}{number:06x}")
                sent += 1
        await asyncio.sleep(_TICK_SECONDS)
    taken = loop.time() - begin
    statuses = sum((one.statuses for one in connections), Counter())
    for task, connection in zip(counting, connections, strict=True):
        task.cancel()
        connection.close()
    return {"sent": sent, "due": due, "seconds": taken, "statuses": statuses}


if __name__ == "__main__":
    _host, _port, _secret, _rate, _seconds = sys.argv[1:]
    _found = guess(_host, int(_port), _secret, rate=float(_rate), seconds=float(_seconds))
    json.dump(asyncio.run(_found), sys.stdout)
