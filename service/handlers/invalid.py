"""pydantic's complaints in our words: where, what, and what may have been meant."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from service.contract.errors import InvalidRequestError, Offender
from service.handlers.matching import close_matches

M = TypeVar("M", bound=BaseModel)

LISTED_ERRORS = 100
_SHOWN_CHARACTERS = 200

# pydantic's names for what stands where an object should.
NO_OBJECT = frozenset({"model_type", "model_attributes_type", "dict_type"})
_OWN_WORDS = {
    "extra_forbidden": "there is no such field",
    "missing": "the field is required",
    **dict.fromkeys(NO_OBJECT, "should be an object with named fields"),
}


def invalid_request(
    errors: Sequence[Mapping[str, Any]], body: object, *, field: str = ""
) -> InvalidRequestError:
    """An error from pydantic's list of them, with the first `LISTED_ERRORS`.

    Locations start within `body`, which is at `field`.
    """
    errors = [error for error in errors if not _only_follows(error, errors)]
    offenders = [_offender(error, body, field) for error in errors[:LISTED_ERRORS]]
    first = offenders[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    where = f"{first.field}: " if first.field else ""
    return InvalidRequestError(f"{where}{first.message}{more}", offenders)


def parse_json(model: type[M], text: str, *, field: str) -> M:
    """Read a model from JSON text that came in `field`.

    Raises:
        InvalidRequestError: it is not JSON, or not this model.
    """
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        # Only for the path of a field: which parts of a location are keys of the document.
        body = _loads(text)
        raise invalid_request(error.errors(include_url=False), body, field=field) from None


def _only_follows(error: Mapping[str, Any], errors: Sequence[Mapping[str, Any]]) -> bool:
    """Whether an array is called too short only because its items were refused."""
    depth = len(error["loc"])
    return error["type"] == "too_short" and any(
        len(other["loc"]) > depth and other["loc"][:depth] == error["loc"] for other in errors
    )


def _loads(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _offender(error: Mapping[str, Any], body: object, field: str) -> Offender:
    message, suggestions = _message(error)
    is_unread = error["type"] == "json_invalid"  # its location is a character's, not a field's
    return Offender(
        field=_path(() if is_unread else error["loc"], body, field) or None,
        message=message,
        value=_shown(error),
        suggestions=suggestions,
    )


def _message(error: Mapping[str, Any]) -> tuple[str, list[str]]:
    context = error.get("ctx", {})
    if error["type"] == "union_tag_invalid":
        known = [tag.strip("'") for tag in context["expected_tags"].split(", ")]
        name = context["discriminator"].strip("'")
        message = f"unknown {name} {context['tag']!r}; known: {', '.join(known)}"
        return message, close_matches(context["tag"], known)
    if error["type"] == "union_tag_not_found":
        name = context["discriminator"].strip("'")
        return f"{name} is missing: it says which kind of object this is", []
    if error["type"] == "json_invalid":
        return f"invalid JSON: {context['error']}", []
    text = _OWN_WORDS.get(error["type"]) or str(error["msg"]).removeprefix("Value error, ")
    return text[:1].lower() + text[1:], []


def _path(location: Sequence[str | int], body: object, field: str) -> str:
    """`loss.terms[1].weight` from pydantic's location, which also holds the tags of unions."""
    path = field
    here = body
    for position, part in enumerate(location):
        is_last = position == len(location) - 1
        inside = _step(here, part)
        if isinstance(part, int):
            path += f"[{part}]"
        elif inside is _NOTHING and not is_last and isinstance(here, dict):
            continue  # the tag of a discriminated union, not a key
        else:
            path += f".{part}" if path else part
        here = inside
    return path


_NOTHING = object()


def _step(here: object, part: str | int) -> object:
    if isinstance(here, dict):
        return here.get(part, _NOTHING)
    if isinstance(here, list) and isinstance(part, int) and part < len(here):
        return here[part]
    return _NOTHING


def _shown(error: Mapping[str, Any]) -> str | None:
    """The offending value, if it is a plain one."""
    value = error.get("input")
    if error["type"] == "missing" or isinstance(value, (dict, list)) or value is None:
        return None
    return str(value)[:_SHOWN_CHARACTERS]
