"""Parquet whose few bytes say that they are any number of equal rows: a run length of each column.

Source: the Parquet format (https://parquet.apache.org/docs/file-format/), written here byte by
byte, in thrift's compact protocol. Every row group points at the same pages.
"""

import struct

_I32, _I64, _BINARY, _LIST, _STRUCT = 5, 6, 8, 9, 12
_BYTE_ARRAY, _DOUBLE = 6, 5
_REQUIRED, _UTF8 = 0, 0
_PLAIN, _RLE, _DICTIONARY = 0, 3, 8
_DATA_PAGE, _DICTIONARY_PAGE = 0, 2
LONGEST_RUN = 2**31 - 1


def run_of(name, value, rows, groups=1):
    """A file of a column `name` of texts and a column `y` of numbers: `groups` times `rows`."""
    text = name.encode()
    content, chunks = bytearray(b"PAR1"), []
    word = value.encode()
    columns = [
        (_BYTE_ARRAY, text, struct.pack("<I", len(word)) + word),
        (_DOUBLE, b"y", struct.pack("<d", 1.0)),
    ]
    for kind, path, entry in columns:
        start = len(content)
        content += _page(_DICTIONARY_PAGE, entry, 7, [(1, _I32, 1), (2, _I32, _PLAIN)])
        data_start = len(content)
        # Indices of a width of one bit: one run of zeros.
        run = b"\x01" + _varint(rows << 1) + b"\x00"
        encodings = [(2, _I32, _DICTIONARY), (3, _I32, _RLE), (4, _I32, _RLE)]
        content += _page(_DATA_PAGE, run, 5, [(1, _I32, rows), *encodings])
        size = len(content) - start
        meta = [
            (1, _I32, kind),
            (2, _LIST, (_I32, [_PLAIN, _RLE, _DICTIONARY])),
            (3, _LIST, (_BINARY, [path])),
            (4, _I32, 0),
            (5, _I64, rows),
            (6, _I64, size),
            (7, _I64, size),
            (9, _I64, data_start),
            (11, _I64, start),
        ]
        chunks.append([(2, _I64, start), (3, _STRUCT, meta)])
    group = [(1, _LIST, (_STRUCT, chunks)), (2, _I64, len(content)), (3, _I64, rows)]
    schema = [
        [(4, _BINARY, b"schema"), (5, _I32, 2)],
        [(1, _I32, _BYTE_ARRAY), (3, _I32, _REQUIRED), (4, _BINARY, text), (6, _I32, _UTF8)],
        [(1, _I32, _DOUBLE), (3, _I32, _REQUIRED), (4, _BINARY, b"y")],
    ]
    footer = _struct(
        [
            (1, _I32, 1),
            (2, _LIST, (_STRUCT, schema)),
            (3, _I64, rows * groups),
            (4, _LIST, (_STRUCT, [group] * groups)),
        ]
    )
    return bytes(content) + footer + struct.pack("<I", len(footer)) + b"PAR1"


def _page(kind, body, header_id, header):
    fields = [(1, _I32, kind), (2, _I32, len(body)), (3, _I32, len(body))]
    return _struct([*fields, (header_id, _STRUCT, header)]) + body


def _struct(fields):
    written, last = bytearray(), 0
    for number, kind, value in fields:
        written.append((number - last) << 4 | kind)
        written += _value(kind, value)
        last = number
    return bytes(written) + b"\x00"


def _value(kind, value):
    if kind in (_I32, _I64):
        return _varint(value << 1 if value >= 0 else ~(value << 1))
    if kind == _BINARY:
        return _varint(len(value)) + value
    if kind == _STRUCT:
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
