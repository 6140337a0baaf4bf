"""Every field that can be sent says whether it has to be, or what it is without."""

import re
from pathlib import Path

from service.rpc.services import DESCRIPTORS

PROTO = Path(__file__).parents[3] / "proto" / "cellgebra" / "v1"
OPENS = re.compile(r"(message|enum|oneof|service) (\w+) \{(?!\})")
FIELD = re.compile(r"(?:optional |repeated )?(?:map<.*?>|[\w.]+) (\w+) = \d+")
SAID = re.compile(r"Required|[Dd]efault|Absent:|Either")


def comments():
    """What stands above each field, by (message, field); of a oneof, one of them is enough."""
    found = {}
    for path in PROTO.glob("*.proto"):
        inside, above = [], []
        for line in map(str.strip, path.read_text().splitlines()):
            if line.startswith("//"):
                above.append(line.removeprefix("//").strip())
                continue
            if opened := OPENS.match(line):
                inside.append((opened[1], opened[2]))
            elif line == "}":
                inside.pop()
            elif (field := FIELD.match(line)) and inside[-1][0] == "message":
                found[inside[-1][1], field[1]] = " ".join(above)
            above = []
    return found


def sent():
    """Every message that a request is, or holds."""
    waiting = [method.input_type for service in DESCRIPTORS for method in service.methods]
    found = {}
    while waiting:
        message = waiting.pop()
        if message.full_name.startswith("cellgebra.") and message.full_name not in found:
            found[message.full_name] = message
            waiting += [field.message_type for field in message.fields if field.message_type]
    return [message for message in found.values() if not message.GetOptions().map_entry]


def test_a_field_that_is_sent_has_a_default_or_is_required():
    known = comments()
    messages = sent()
    assert len(messages) > 100
    unsaid = [
        f"{message.name}.{field.name}: {known[message.name, field.name]}"
        for message in messages
        for field in message.fields
        if not _is_of_a_choice(field)
        if not SAID.search(known[message.name, field.name])
    ]
    assert unsaid == []


def _is_of_a_choice(field):
    """Whether it is of a oneof; an optional field is alone in one of its own."""
    return field.containing_oneof is not None and len(field.containing_oneof.fields) > 1
