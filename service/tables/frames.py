"""What goes between the front end and its program for tables: a head in JSON, and bytes."""

import struct
from collections.abc import Mapping
from typing import Any, BinaryIO

import orjson

# Lengths of the head and of the body.
SIZES = struct.Struct(">IQ")


def pack_frame(head: Mapping[str, Any], body: bytes = b"") -> bytes:
    """A frame as it is sent."""
    text = orjson.dumps(head)
    return b"".join((SIZES.pack(len(text), len(body)), text, body))


def read_frame(source: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """The next frame; None at the end, also in the middle of one."""
    sizes = source.read(SIZES.size)
    if len(sizes) < SIZES.size:
        return None
    head_bytes, body_bytes = SIZES.unpack(sizes)
    head, body = source.read(head_bytes), source.read(body_bytes)
    return (orjson.loads(head), body) if len(body) == body_bytes else None
