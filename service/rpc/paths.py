"""Paths of fields: from the pydantic models' way to the request message's."""

import re

from google.protobuf.message import Message

from service.rpc.mapping import content_of, union_of

BODY = "spec"

_PART = re.compile(r"[^.\[\]]+")


def request_path(request: Message, field: str) -> str:
    """Where in `request` the field is that a handler names, as google.rpc.BadRequest wants it.

    The body of a create lies under `spec`, and the member of a oneof has a name of its own:
    ``loss.terms[1].weight`` becomes ``spec.loss.terms[1].dist.weight``.
    """
    parts: list[str] = _PART.findall(field)
    known = request.DESCRIPTOR.fields_by_name
    if parts and parts[0] not in known and BODY in known:
        parts.insert(0, BODY)
    path = ""
    here: object = request
    for part in parts:
        inner = content_of(here.DESCRIPTOR) if isinstance(here, Message) else None
        if inner is not None and part != inner.name:
            path += f".{inner.name}"
            here = getattr(here, inner.name)
        if part.isdigit():
            path += f"[{part}]"
            here = _item(here, int(part))
            continue
        tag = None if here is request and part in known else _tag(here)
        if tag is not None and tag != part:
            path += f".{tag}"
            here = getattr(here, tag)
        path += f".{part}"
        here = getattr(here, part, None)
    return path.removeprefix(".")


def _tag(here: object) -> str | None:
    if not isinstance(here, Message):
        return None
    union = union_of(here.DESCRIPTOR)
    return None if union is None else here.WhichOneof(union.name)


def _item(here: object, index: int) -> object:
    try:
        return here[index]  # type: ignore[index]
    except (TypeError, IndexError):
        return None
