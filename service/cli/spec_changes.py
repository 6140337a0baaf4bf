"""What the command line changes in a spec, and which of its options is to blame for what."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from service.contract.errors import InvalidRequestError

Place = tuple[int | str, ...]


@dataclass(frozen=True)
class Change:
    """A field to set: `told` is the option as it was given."""

    told: str
    place: tuple[str, ...]
    value: Any


def change_of(text: str) -> Change:
    """Of `path.to.field=value`; the value is JSON, or else a text.

    Raises:
        InvalidRequestError: it has no such form.
    """
    path, separator, value = text.partition("=")
    if not separator or not all(path.split(".")):
        raise InvalidRequestError(f"{text!r} is no change: write path.to.field=value")
    told, place = f"--set {text}", tuple(path.split("."))
    try:
        return Change(told, place, json.loads(value))
    except ValueError:
        return Change(told, place, value)


def apply(changes: Iterable[Change], content: dict[str, Any]) -> dict[Place, str]:
    """Set each field, in order; gives the option that each place comes from.

    Raises:
        InvalidRequestError: something on the way to a field is no object.
    """
    blamed: dict[Place, str] = {}
    for change in changes:
        *parents, last = change.place
        inner = content
        for depth, parent in enumerate(parents, start=1):
            if inner.get(parent) is None:
                inner[parent] = {}
                blamed[change.place[:depth]] = change.told
            inner = inner[parent]
            if not isinstance(inner, dict):
                raise InvalidRequestError(f"{change.told}: {parent} is no object")
        inner[last] = change.value
        blamed = {place: told for place, told in blamed.items() if not within(place, change.place)}
        blamed[change.place] = change.told
    return blamed


def within(place: Place, outer: Place) -> bool:
    """Whether a place is another, or lies in it."""
    return place[: len(outer)] == outer
