"""Protobuf messages that nobody thought of, made from descriptors alone."""

import math
from functools import partial

from google.protobuf.message_factory import GetMessageClass
from hypothesis import strategies as st

DEPTH = 5
MAX_FIELDS = 6
MAX_ITEMS = 3
INT_BITS = {"int32": (31, True), "int64": (63, True), "uint32": (32, False), "uint64": (64, False)}

ODD_TEXTS = [
    *("", " ", "\0", "a\0b", "\n", "\ufeff", "\u202eabc", "e\u0301", "\U0001f9ec" * 3, "\uffff"),
    *("None", "null", "NaN", "-1", "0", "true", "../../etc/passwd", "%00", "%s%n", "${x}", "'; --"),
    *("a" * 5000, "+" * 300, "PP_0368:knockdown+" * 40, "b0720:deletion@", "=", ":", "@", "model@"),
]
ODD_FLOATS = [
    *(math.nan, math.inf, -math.inf, -0.0, 5e-324, 1.7976931348623157e308, -1e300, 1e-300),
    *(0.0, 0.5, 1.0, -1.0, 1e9, 2.0**53 + 1),
]
# A varint, a text, a group's begin without its end is no message: left to `spoilt`.
UNKNOWN_FIELDS = [
    b"\xf8\x7f\x01",
    b"\xfa\x7f\x03abc",
    b"\xf9\x7f" + bytes(8),
    b"\xf8\xff\xff\xff\x0f\x01",
]

_TEXTS = st.one_of(st.sampled_from(ODD_TEXTS), st.text(max_size=30))
_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.sampled_from(ODD_FLOATS), _TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


def integers(bits, is_signed):
    """The whole range of a type, its ends and small numbers first."""
    low, high = (-(2**bits), 2**bits - 1) if is_signed else (0, 2**bits - 1)
    ends = [value for value in (0, 1, 2, -1, 1000, low, high) if low <= value <= high]
    return st.one_of(st.sampled_from(ends), st.integers(low, high))


def scalars(field, known):
    """Values of a field that is no message; `known` has some that mean something, by its name."""
    if field.enum_type is not None:
        numbers = [value.number for value in field.enum_type.values]
        return st.one_of(st.sampled_from(numbers), integers(31, is_signed=True))
    kinds = {
        field.TYPE_BOOL: st.booleans(),
        field.TYPE_BYTES: st.one_of(
            st.sampled_from(known.get("bytes", [b""])), st.binary(max_size=64)
        ),
        field.TYPE_DOUBLE: st.one_of(st.sampled_from(ODD_FLOATS), st.floats()),
        field.TYPE_FLOAT: st.floats(width=32),
        field.TYPE_INT32: integers(31, is_signed=True),
        field.TYPE_INT64: integers(63, is_signed=True),
        field.TYPE_UINT32: integers(32, is_signed=False),
        field.TYPE_UINT64: integers(64, is_signed=False),
        field.TYPE_STRING: st.one_of(
            st.sampled_from(known.get(field.name, known["texts"])),
            st.sampled_from(known["texts"]),
            _TEXTS,
        ),
    }
    return kinds[field.type]


@st.composite
def messages(draw, descriptor, known, depth=DEPTH):
    """Messages with some of their fields set, to anything that the types allow."""
    message = GetMessageClass(descriptor)()
    _fill(draw, message, known, depth)
    return message


@st.composite
def mutants(draw, seed, known):
    """Copies of a message that means something, changed in one to three places."""
    message = type(seed)()
    message.CopyFrom(seed)
    for _ in range(draw(st.integers(1, 3))):
        _change(draw, message, known, DEPTH)
    return message


def spoilt(content):
    """Bytes of a message, cut off or with some of them changed."""
    places = st.integers(0, max(len(content) - 1, 0))
    cut = places.map(lambda place: content[:place])
    changed = st.tuples(places, st.integers(0, 255)).map(partial(_with_byte, content))
    return st.one_of(cut, changed, st.binary(max_size=30))


def _with_byte(content, change):
    place, value = change
    return content[:place] + bytes([value]) + content[place + 1 :]


def _fill(draw, message, known, depth):
    name = message.DESCRIPTOR.full_name
    if name == "google.protobuf.Struct":
        message.update(draw(st.dictionaries(_TEXTS, _JSON, max_size=3)))
        return
    if name in ("google.protobuf.Value", "google.protobuf.ListValue"):
        return
    fields = list(message.DESCRIPTOR.fields)
    if fields:
        count = min(len(fields), MAX_FIELDS)
        places = draw(st.lists(st.integers(0, len(fields) - 1), max_size=count, unique=True))
        for place in places:
            _set(draw, message, fields[place], known, depth)
    if draw(st.integers(0, 19)) == 19:
        message.MergeFromString(draw(st.sampled_from(UNKNOWN_FIELDS)))


def _set(draw, message, field, known, depth):
    """Set a field to anything. Of a oneof, the last one set stays."""
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        _set_map(draw, getattr(message, field.name), field, known, depth)
    elif field.message_type is not None:
        if depth == 0:
            return
        items = [getattr(message, field.name)]
        if field.is_repeated:
            array = items[0]
            items = [array.add() for _ in range(draw(st.integers(0, MAX_ITEMS)))]
        for item in items:
            item.SetInParent()
            _fill(draw, item, known, depth - 1)
    elif field.is_repeated:
        values = draw(st.lists(scalars(field, known), max_size=MAX_ITEMS))
        getattr(message, field.name).extend(values)
    else:
        setattr(message, field.name, draw(scalars(field, known)))


def _set_map(draw, entries, field, known, depth):
    key, value = (
        field.message_type.fields_by_name["key"],
        field.message_type.fields_by_name["value"],
    )
    for name in draw(st.lists(scalars(key, known), max_size=MAX_ITEMS)):
        if value.message_type is None:
            entries[name] = draw(scalars(value, known))
        elif depth > 0:
            _fill(draw, entries[name], known, depth - 1)


def _change(draw, message, known, depth):
    """Go down along fields that are set; there, clear a field or set it to anything."""
    inside = [item for field, value in message.ListFields() for item in _members(field, value)]
    if inside and depth > 0 and draw(st.booleans()):
        _change(draw, inside[draw(st.integers(0, len(inside) - 1))], known, depth - 1)
        return
    fields = list(message.DESCRIPTOR.fields)
    if not fields:
        message.MergeFromString(draw(st.sampled_from(UNKNOWN_FIELDS)))
        return
    field = fields[draw(st.integers(0, len(fields) - 1))]
    if draw(st.integers(0, 3)) == 0:
        message.ClearField(field.name)
    else:
        _set(draw, message, field, known, 2)


def _members(field, value):
    """Messages that are the value of a field, or its items."""
    if field.message_type is None or field.message_type.GetOptions().map_entry:
        return []
    if field.message_type.full_name.startswith("google.protobuf."):
        return []
    return list(value) if field.is_repeated else [value]
