"""Parquet files of one schema put one behind the other, without reading a page of them.

The row groups of a file are bytes that its footer points into. They are copied as they are, and
one footer is written with their offsets moved: as fast as the disk, in memory for footers alone.

Source: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from worker.scoring.thrift import Encoded, Field, Items, Struct, read_struct, struct_bytes

_MAGIC = b"PAR1"
_TAIL_BYTES = 8  # length of the footer, and the magic
_CHUNK_BYTES = 1 << 20

# Field numbers of the format.
_SCHEMA, _ROWS, _GROUPS = 2, 3, 4
_GROUP_COLUMNS, _GROUP_OFFSET, _GROUP_ORDINAL = 1, 5, 7
_CHUNK_OFFSETS, _CHUNK_META = (2, 4, 6), 3  # the chunk, its offset index, its column index
_META_OFFSETS = (9, 10, 11, 14)  # data pages, index pages, dictionary, bloom filter


def splice(parts: Sequence[Path], write: Callable[[bytes], object]) -> int:
    """Write one file that holds the rows of all parts, in order; returns how many those are.

    Raises:
        ValueError: there is no part, one is no Parquet file, or has another schema.
    """
    if not parts:
        raise ValueError("nothing to put together")
    write(_MAGIC)
    position = len(_MAGIC)
    first: Struct | None = None
    groups: list[Encoded] = []
    row_count = 0
    for path in parts:
        footer, body_end = _footer(path)
        if first is None:
            first = footer
        if footer[_SCHEMA] != first[_SCHEMA]:
            raise ValueError(f"{path.name} has another schema than {parts[0].name}")
        row_count += footer[_ROWS].value
        for group in footer[_GROUPS].value.values:
            _move(group, position - len(_MAGIC), ordinal=len(groups))
            groups.append(Encoded(struct_bytes(group)))
        for chunk in _body(path, body_end):
            write(chunk)
            position += len(chunk)
    if first is None:  # there is a part
        raise AssertionError
    first[_ROWS].value = row_count
    first[_GROUPS].value = Items(first[_GROUPS].value.wire_type, list(groups))
    footer_bytes = struct_bytes(first)
    write(footer_bytes + len(footer_bytes).to_bytes(4, "little") + _MAGIC)
    return row_count


def _footer(path: Path) -> tuple[Struct, int]:
    """The footer of a file, and where it begins."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _TAIL_BYTES))
        tail = file.read()
        length = int.from_bytes(tail[:4], "little")
        begin = size - _TAIL_BYTES - length
        if tail[4:] != _MAGIC or begin < len(_MAGIC):
            raise ValueError(f"{path.name} is no whole Parquet file")
        file.seek(begin)
        return read_struct(file.read(length)), begin


def _body(path: Path, end: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        left = end - file.seek(len(_MAGIC))
        while left:
            chunk = file.read(min(left, _CHUNK_BYTES))
            if not chunk:
                raise ValueError(f"{path.name} is cut off")
            left -= len(chunk)
            yield chunk


def _move(group: Struct, by: int, *, ordinal: int) -> None:
    """Move every offset of a row group, and number it."""
    _shift(group, (_GROUP_OFFSET,), by)
    if _GROUP_ORDINAL in group:
        group[_GROUP_ORDINAL] = Field(group[_GROUP_ORDINAL].wire_type, ordinal)
    for chunk in group[_GROUP_COLUMNS].value.values:
        _shift(chunk, _CHUNK_OFFSETS, by)
        _shift(chunk[_CHUNK_META].value, _META_OFFSETS, by)


def _shift(struct: Struct, numbers: Sequence[int], by: int) -> None:
    for number in numbers:
        if number in struct and struct[number].value:  # 0 is none (chunks that pyarrow writes)
            struct[number].value += by
