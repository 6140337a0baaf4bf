"""Pydantic models and protobuf messages, field by field, by name.

One set of rules for the whole contract; the parity test holds every message to them:

* a field has the same name on both sides;
* None is an absent field, and an absent field takes the model's default;
* a discriminated union is a message of one `oneof`, named as the discriminator, whose members are
  named as the tags;
* an enum value is its text in capitals behind the enum's prefix; states are capitals on both sides;
* an empty array is an absent one, and so is an empty text of a field without presence;
* in an array of counts -1 stands for None;
* a message whose name ends in List or Map, and has one field, is that array or dict: where an
  empty one is not an absent one, or where it is a value of a map;
* a datetime is a Timestamp, a dict of anything a Struct, any value a Value, other dicts are maps.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar, cast

from google.protobuf.descriptor import (
    Descriptor,
    EnumDescriptor,
    FieldDescriptor,
    OneofDescriptor,
)
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.unknown_fields import UnknownFieldSet

M = TypeVar("M", bound=Message)

_ZERO_IS_ABSENT = frozenset({FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_ENUM})


def write_message(message: M, data: Mapping[str, Any]) -> M:
    """Set the fields of an empty message from a dumped model; returns the message.

    Raises:
        KeyError: the message has no such field (the parity test keeps this from happening).
    """
    message.SetInParent()  # an empty message is still one that is there
    union = union_of(message.DESCRIPTOR)
    if union is not None:
        member = getattr(message, data[union.name])
        write_message(member, {name: data[name] for name in data if name != union.name})
        return message
    for name, value in data.items():
        if value is not None:
            _write_field(message, _field(message, name), value)
    return message


def _field(message: Message, name: str) -> FieldDescriptor:
    # The type of the C extension has the same attributes but is no subclass.
    return cast("FieldDescriptor", message.DESCRIPTOR.fields_by_name[name])


def _write_field(message: Message, field: FieldDescriptor, value: Any) -> None:  # noqa: ANN401
    entry = map_value(field)
    if entry is not None:
        _write_map(getattr(message, field.name), entry, value)
    elif field.is_repeated:
        _write_array(getattr(message, field.name), field, value)
    elif field.message_type is not None:
        _write_member(getattr(message, field.name), value)
    elif field.enum_type is not None:
        setattr(message, field.name, enum_number(field.enum_type, value))
    else:
        setattr(message, field.name, value)


def _write_array(array: Any, field: FieldDescriptor, values: Sequence[Any]) -> None:  # noqa: ANN401
    if field.message_type is not None:
        for value in values:
            _write_member(array.add(), value)
    elif field.enum_type is not None:
        array.extend(enum_number(field.enum_type, value) for value in values)
    elif None in values:
        array.extend(-1 if value is None else value for value in values)
    else:
        array.extend(values)


def _write_map(entries: Any, entry: FieldDescriptor, values: Mapping[Any, Any]) -> None:  # noqa: ANN401
    for key, value in values.items():
        if entry.message_type is not None:
            _write_member(entries[key], value)
        else:
            entries[key] = value


def _write_member(member: Message, value: Any) -> None:  # noqa: ANN401
    inner = content_of(member.DESCRIPTOR)
    if isinstance(member, Timestamp):
        member.FromDatetime(value)
    elif isinstance(member, Struct):
        member.SetInParent()
        member.update(value)
    elif isinstance(member, Value):
        ParseDict(value, member)
    elif inner is not None:
        member.SetInParent()
        _write_field(member, inner, value)
    else:
        write_message(member, value)


def read_message(message: Message) -> dict[str, Any]:
    """The fields that are given, ready for a model to validate.

    A field that this server does not know appears as `field_<number>`: a model that forbids
    extras refuses it, so that no part of a newer spec is left out in silence.
    """
    fields = [_field(message, field.name) for field in message.DESCRIPTOR.fields]
    data = {
        field.name: _read_field(field, getattr(message, field.name))
        for field in fields
        if _is_given(message, field)
    }
    union = union_of(message.DESCRIPTOR)
    tag = None if union is None else message.WhichOneof(union.name)
    if union is not None and tag is not None:
        data = {union.name: tag, **data[tag]}
    unknown = UnknownFieldSet(message)
    numbers = [unknown[index].field_number for index in range(len(unknown))]
    return data | {f"field_{number}": None for number in numbers}


def _is_given(message: Message, field: FieldDescriptor) -> bool:
    if field.has_presence:
        return message.HasField(field.name)
    if field.is_repeated or field.type in _ZERO_IS_ABSENT:
        return bool(getattr(message, field.name))
    return True


def _read_field(field: FieldDescriptor, value: Any) -> Any:  # noqa: ANN401
    entry = map_value(field)
    if entry is not None:
        return {key: _read_value(entry, item) for key, item in value.items()}
    if not field.is_repeated:
        return _read_value(field, value)
    if field.cpp_type == FieldDescriptor.CPPTYPE_INT64:
        return [None if number == -1 else number for number in value]
    return [_read_value(field, item) for item in value]


def _read_value(field: FieldDescriptor, value: Any) -> Any:  # noqa: ANN401
    if field.enum_type is not None:
        return enum_text(field.enum_type, value)
    if isinstance(value, Timestamp):
        return _read_time(value)
    if isinstance(value, Struct | Value):
        return MessageToDict(value)
    if not isinstance(value, Message):
        return value
    inner = content_of(value.DESCRIPTOR)
    return read_message(value) if inner is None else _read_field(inner, getattr(value, inner.name))


def _read_time(value: Timestamp) -> datetime | str:
    """A time; of one beyond the years 1 to 9999 a text, which the model refuses."""
    try:
        return value.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        return f"{value.seconds} s and {value.nanos} ns after 1970"


@cache
def union_of(descriptor: Descriptor) -> OneofDescriptor | None:
    """The `oneof` that makes up the whole message, if there is one."""
    # protoc puts each `optional` field into a oneof of its own, named with an underscore.
    unions = [oneof for oneof in descriptor.oneofs if not oneof.name.startswith("_")]
    if len(unions) != 1 or len(unions[0].fields) != len(descriptor.fields):
        return None
    return unions[0]


@cache
def content_of(descriptor: Descriptor) -> FieldDescriptor | None:
    """The field of a message that stands for an array or a dict."""
    if len(descriptor.fields) != 1 or not descriptor.name.endswith(("List", "Map")):
        return None
    return descriptor.fields[0]


def map_value(field: FieldDescriptor) -> FieldDescriptor | None:
    """The values of a map; None for a field that is no map."""
    kind = field.message_type
    if kind is None or not kind.GetOptions().map_entry:
        return None
    return kind.fields_by_name["value"]


def enum_prefix(enum: EnumDescriptor) -> str:
    """What the names of its values begin with, e.g. ``JOB_STATE_``."""
    return enum.values_by_number[0].name.removesuffix("UNSPECIFIED")


def enum_number(enum: EnumDescriptor, text: str) -> int:
    """Number of a value from its text on the pydantic side."""
    return enum.values_by_name[enum_prefix(enum) + text.upper()].number


def enum_text(enum: EnumDescriptor, number: int) -> str:
    """Text of a value on the pydantic side; the bare number if this server does not know it."""
    if number not in enum.values_by_number:
        return str(number)
    text = enum.values_by_number[number].name.removeprefix(enum_prefix(enum))
    return text if enum.name.endswith("State") else text.lower()
