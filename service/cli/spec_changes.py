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
        InvalidRequestError: something on the way to a field is neither an object nor a list that
            has such an item.
    """
    blamed: dict[Place, str] = {}
    for change in changes:
        inner: Any = content
        place: list[int | str] = []
        *parents, last = change.place
        for parent in parents:
            place.append(_key(change, inner, place, parent))
            if isinstance(inner, dict) and inner.get(parent) is None:
                inner[parent] = {}
                blamed[tuple(place)] = change.told
            inner = inner[place[-1]]
        place.append(_key(change, inner, place, last))
        inner[place[-1]] = change.value
        set_to = tuple(place)
        blamed = {place: told for place, told in blamed.items() if not within(place, set_to)}
        blamed[set_to] = change.told
    return blamed


def _key(change: Change, inner: object, place: list[int | str], part: str) -> int | str:
    """What a part of a path means in an object (a name) or in a list (a number from 0 on)."""
    if isinstance(inner, dict):
        return part
    called = ".".join(map(str, place))
    if not isinstance(inner, list):
        raise InvalidRequestError(f"{change.told}: {called} is no object")
    numbers = {str(number): number for number in range(len(inner))}
    if part not in numbers:
        which = f"name one by its number, 0 to {len(inner) - 1}" if inner else "set all of it"
        raise InvalidRequestError(
            f"{change.told}: {called} is a list of {len(inner)}, which has no item {part}: {which}"
        )
    return numbers[part]


def within(place: Place, outer: Place) -> bool:
    """Whether a place is another, or lies in it."""
    return place[: len(outer)] == outer
