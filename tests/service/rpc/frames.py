"""HTTP/2 as bytes on a plain socket: clients that do what no client of gRPC does.

Source: RFC 9113, sections 3.4 (preface), 4.1 (frames), 6.1 (DATA), 6.2 (HEADERS), 6.7 (PING), 6.8
(GOAWAY); RFC 7541, section 6.2.2 (a header field that is not indexed); gRPC over HTTP2 (a message).
"""

import asyncio
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
ACK = 1
END_STREAM, END_HEADERS = 1, 4
ENHANCE_YOUR_CALM = 11
# A setting with which every field of a head comes as text, never as the place of an earlier one.
NO_TABLE = struct.pack(">HI", 1, 0)


def frame(kind, payload=b"", flags=0, stream=0):
    head = struct.pack(">I", len(payload))[1:] + bytes([kind, flags])
    return head + struct.pack(">I", stream) + payload


def call_frame(path, stream, metadata=()):
    """The frame that begins a call of gRPC."""
    fields = {
        ":method": "POST",
        ":scheme": "http",
        ":path": path,
        ":authority": "127.0.0.1",
        "te": "trailers",
        "content-type": "application/grpc",
    }
    block = b"".join(
        b"\0" + b"".join(_short(text.encode()) for text in field)
        for field in (*fields.items(), *metadata)
    )
    return frame(HEADERS, block, END_HEADERS, stream)


def _short(text):
    assert len(text) < 127  # a longer one has its length in several bytes
    return bytes([len(text)]) + text


def message_head(size):
    """What comes before the bytes of a message."""
    return b"\0" + struct.pack(">I", size)


class Connection:
    """A client that does what it is told, and no more."""

    def __init__(self, reader, writer):
        self._reader = reader
        self._writer = writer

    async def send(self, *frames):
        for one in frames:
            self._writer.write(one)
            await self._writer.drain()

    async def read(self):
        """(kind, flags, payload) of the next frame; None when the server has closed."""
        try:
            head = await self._reader.readexactly(9)
            size = int.from_bytes(head[:3], "big")
            return head[3], head[4], await self._reader.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    async def until(self, kind, *, flags=0):
        """The payload of the next frame of a kind; None if the server closes before."""
        while (found := await self.read()) is not None:
            if found[:2] == (kind, flags):
                return found[2]
        return None
