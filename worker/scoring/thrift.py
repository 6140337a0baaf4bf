"""Thrift's compact protocol, as far as a Parquet footer needs it: values in, the same bytes out.

Nothing of Parquet is known here: a struct is its fields by number, in order, each with its type on
the wire, so that fields of later versions of the format pass through.

Source: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from dataclasses import dataclass
from typing import Any

_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)
_INTEGERS = frozenset({_I16, _I32, _I64})


@dataclass
class Field:
    """One field of a struct: its type on the wire, and its value."""

    wire_type: int
    value: Any


@dataclass
class Items:
    """A list or a set: the type of its items, and them."""

    wire_type: int
    values: list[Any]


@dataclass(frozen=True)
class Encoded:
    """An item that is encoded already."""

    content: bytes


Struct = dict[int, Field]


def read_struct(content: bytes) -> Struct:
    """The struct that some bytes begin with.

    Raises:
        ValueError: they are none.
    """
    try:
        return _Reader(content).struct()
    except IndexError:
        raise ValueError("the struct is cut off") from None


def struct_bytes(struct: Struct) -> bytes:
    """A struct as bytes; `read_struct` is the inverse."""
    out = bytearray()
    _write_struct(out, struct)
    return bytes(out)


class _Reader:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def struct(self) -> Struct:
        found: Struct = {}
        number = 0
        while head := self._byte():
            step, wire_type = head >> 4, head & 15
            number = number + step if step else self._integer()
            found[number] = Field(wire_type, self._field_value(wire_type))
        return found

    def _field_value(self, wire_type: int) -> Any:  # noqa: ANN401 - as many types as there are
        if wire_type in (_TRUE, _FALSE):
            return wire_type == _TRUE
        return self._value(wire_type)

    def _value(self, wire_type: int) -> Any:  # noqa: ANN401
        if wire_type in _INTEGERS:
            return self._integer()
        if wire_type in (_TRUE, _FALSE, _BYTE):
            return self._byte()
        if wire_type == _DOUBLE:
            return self._bytes(8)
        if wire_type == _BINARY:
            return self._bytes(self._unsigned())
        if wire_type in (_LIST, _SET):
            return self._items()
        if wire_type == _STRUCT:
            return self.struct()
        raise ValueError(f"type {wire_type} has no place in a footer")

    def _items(self) -> Items:
        head = self._byte()
        count, wire_type = head >> 4, head & 15
        if count == 15:
            count = self._unsigned()
        return Items(wire_type, [self._value(wire_type) for _ in range(count)])

    def _byte(self) -> int:
        self._at += 1
        return self._content[self._at - 1]

    def _bytes(self, count: int) -> bytes:
        self._at += count
        if self._at > len(self._content):
            raise IndexError
        return self._content[self._at - count : self._at]

    def _unsigned(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7

    def _integer(self) -> int:
        value = self._unsigned()
        return (value >> 1) ^ -(value & 1)


def _write_struct(out: bytearray, struct: Struct) -> None:
    last = 0
    for number, field in struct.items():
        wire_type = field.wire_type
        if wire_type in (_TRUE, _FALSE):
            wire_type = _TRUE if field.value else _FALSE
        step = number - last
        if 0 < step < 16:
            out.append(step << 4 | wire_type)
        else:
            out.append(wire_type)
            _write_integer(out, number)
        last = number
        if wire_type not in (_TRUE, _FALSE):
            _write_value(out, wire_type, field.value)
    out.append(0)


def _write_value(out: bytearray, wire_type: int, value: Any) -> None:  # noqa: ANN401
    if isinstance(value, Encoded):
        out += value.content
    elif wire_type in _INTEGERS:
        _write_integer(out, value)
    elif wire_type in (_TRUE, _FALSE, _BYTE):
        out.append(value)
    elif wire_type == _DOUBLE:
        out += value
    elif wire_type == _BINARY:
        _write_unsigned(out, len(value))
        out += value
    elif wire_type == _STRUCT:
        _write_struct(out, value)
    else:
        _write_items(out, value)


def _write_items(out: bytearray, items: Items) -> None:
    count = len(items.values)
    if count < 15:
        out.append(count << 4 | items.wire_type)
    else:
        out.append(15 << 4 | items.wire_type)
        _write_unsigned(out, count)
    for value in items.values:
        _write_value(out, items.wire_type, value)


def _write_unsigned(out: bytearray, value: int) -> None:
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)


def _write_integer(out: bytearray, value: int) -> None:
    _write_unsigned(out, value << 1 if value >= 0 else (-value << 1) - 1)
