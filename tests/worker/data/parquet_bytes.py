"""Parquet byte by byte, so that a file can say what no library would write.

Source: the Parquet format (https://parquet.apache.org/docs/file-format/), in thrift's compact
protocol.
"""

import struct
from dataclasses import dataclass

I32, I64, BINARY, LIST, STRUCT = 5, 6, 8, 9, 12
DOUBLE, BYTE_ARRAY = 5, 6
PLAIN, RLE, DICTIONARY = 0, 3, 8
DATA_PAGE, DICTIONARY_PAGE = 0, 2
CODECS = {"none": 0, "snappy": 1, "gzip": 2, "zstd": 6}
_REQUIRED, _UTF8 = 0, 0


@dataclass(frozen=True)
class Column:
    """A column whose pages are `pages`, of which the first may be a dictionary."""

    name: str
    kind: int
    pages: tuple[bytes, ...]
    has_dictionary: bool = False
    codec: str = "none"


def data_page(body, rows, encoding, unpacked_bytes=None, packed_bytes=None):
    """A page of `rows` values; its sizes are what they are, or what is said here."""
    encodings = [(2, I32, encoding), (3, I32, RLE), (4, I32, RLE)]
    header = [(1, I32, rows), *encodings]
    return _page(DATA_PAGE, body, (5, STRUCT, header), (unpacked_bytes, packed_bytes))


def dictionary_page(body, count, unpacked_bytes=None):
    header = [(1, I32, count), (2, I32, PLAIN)]
    return _page(DICTIONARY_PAGE, body, (7, STRUCT, header), (unpacked_bytes, None))


def run(rows):
    """Places in a dictionary, of a width of one bit: one run of zeros."""
    return b"\x01" + _varint(rows << 1) + b"\x00"


def file_of(columns, rows, groups=1):
    """A file of `groups` times `rows`; equal pages are in it once, and all groups share them."""
    content, chunks, places = bytearray(b"PAR1"), [], {}
    for column in columns:
        if column.pages not in places:
            places[column.pages] = len(content)
            content += b"".join(column.pages)
        chunks.append(_chunk(column, rows, places[column.pages]))
    group = [(1, LIST, (STRUCT, chunks)), (2, I64, len(content)), (3, I64, rows)]
    schema = [[(4, BINARY, b"schema"), (5, I32, len(columns))], *map(_field, columns)]
    footer = _struct(
        [
            (1, I32, 1),
            (2, LIST, (STRUCT, schema)),
            (3, I64, rows * groups),
            (4, LIST, (STRUCT, [group] * groups)),
        ]
    )
    return bytes(content) + footer + struct.pack("<I", len(footer)) + b"PAR1"


def _chunk(column, rows, start):
    size = sum(map(len, column.pages))
    data_start = start + len(column.pages[0]) * column.has_dictionary
    meta = [
        (1, I32, column.kind),
        (2, LIST, (I32, [PLAIN, RLE, DICTIONARY])),
        (3, LIST, (BINARY, [column.name.encode()])),
        (4, I32, CODECS[column.codec]),
        (5, I64, rows),
        (6, I64, size),
        (7, I64, size),
        (9, I64, data_start),
        *([(11, I64, start)] if column.has_dictionary else []),
    ]
    return [(2, I64, start), (3, STRUCT, meta)]


def _field(column):
    texts = [(6, I32, _UTF8)] if column.kind == BYTE_ARRAY else []
    named = [(3, I32, _REQUIRED), (4, BINARY, column.name.encode())]
    return [(1, I32, column.kind), *named, *texts]


def _page(kind, body, header, said):
    sizes = [len(body) if size is None else size for size in said]
    return _struct([(1, I32, kind), (2, I32, sizes[0]), (3, I32, sizes[1]), header]) + body


def _struct(fields):
    written, last = bytearray(), 0
    for number, kind, value in fields:
        written.append((number - last) << 4 | kind)
        written += _value(kind, value)
        last = number
    return bytes(written) + b"\x00"


def _value(kind, value):
    if kind in (I32, I64):
        return _varint(value << 1 if value >= 0 else ~(value << 1))
    if kind == BINARY:
        return _varint(len(value)) + value
    if kind == STRUCT:
        return _struct(value)
    item_kind, items = value
    long = b"" if len(items) < 15 else _varint(len(items))
    head = bytes([min(len(items), 15) << 4 | item_kind]) + long
    return head + b"".join(_value(item_kind, item) for item in items)


def _varint(number):
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*written, number])
