"""Specs from files: JSON, YAML or TOML, with the line of everything that is wrong."""

import json
import re
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from service.contract.errors import InvalidRequestError, Offender

M = TypeVar("M", bound=BaseModel)

Place = tuple[int | str, ...]


def read_spec(model: type[M], path: Path, changes: Sequence[str] = ()) -> M:
    """The spec in a file (`-`: standard input), with `changes` of the form `path.to.field=value`.

    Raises:
        InvalidRequestError: it cannot be read, or is no such spec; each offender has its line.
    """
    text = _read(path)
    content, lines = _parse(text, path)
    for change in changes:
        _set(content, change)
    try:
        return TypeAdapter(model).validate_python(content)
    except ValidationError as error:
        raise _refusal(path, error, lines, text) from None


def _read(path: Path) -> str:
    try:
        return sys.stdin.read() if str(path) == "-" else path.read_text()
    except OSError as error:
        raise InvalidRequestError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InvalidRequestError(f"{path} is no text") from None


def _parse(text: str, path: Path) -> tuple[dict[str, Any], Mapping[Place, int]]:
    """Content, and the line of each place in it, as far as the format tells."""
    try:
        if path.suffix == ".toml":
            return tomllib.loads(text), {}
        content, lines = _parse_yaml(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidRequestError(f"{path} is no TOML: {error}") from None
    except ValueError as error:
        raise InvalidRequestError(f"{path} is neither JSON nor YAML: {error}") from None
    if not isinstance(content, dict):
        raise InvalidRequestError(
            f"{path} has to hold an object, and holds {type(content).__name__}"
        )
    return content, lines


def _parse_yaml(text: str) -> tuple[Any, dict[Place, int]]:
    """YAML, of which JSON is a part (but for tabs, which JSON's own parser takes)."""
    import yaml

    try:
        content = json.loads(text)
    except ValueError:
        content = None
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if content is None:
            content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        if content is not None:
            return content, {}
        raise ValueError(str(error).replace("\n", " ")) from None
    lines: dict[Place, int] = {}
    if node is not None:
        _note(node, (), lines)
    return content, lines


def _note(node: Any, place: Place, lines: dict[Place, int]) -> None:  # noqa: ANN401 - yaml's own
    import yaml

    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            lines[*place, key.value] = key.start_mark.line + 1
            _note(value, (*place, key.value), lines)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            _note(value, (*place, number), lines)


def _set(content: dict[str, Any], change: str) -> None:
    """Set `a.b=value`; the value is JSON, or else a text."""
    path, separator, text = change.partition("=")
    if not separator or not all(path.split(".")):
        raise InvalidRequestError(f"{change!r} is no change: write path.to.field=value")
    *parents, last = path.split(".")
    for parent in parents:
        content = content.setdefault(parent, {})
        if not isinstance(content, dict):
            raise InvalidRequestError(f"{path}: {parent} is no object")
    try:
        content[last] = json.loads(text)
    except ValueError:
        content[last] = text


def _refusal(
    path: Path, error: ValidationError, lines: Mapping[Place, int], text: str
) -> InvalidRequestError:
    offenders = []
    for problem in error.errors():
        place = problem["loc"]
        line = _line_of(place, lines, text)
        where = f"{path}:{line}" if line else str(path)
        field = ".".join(str(part) for part in place)
        offenders.append(Offender(field=where, message=f"{field}: {problem['msg']}"))
    return InvalidRequestError(f"{path} is no such spec", offenders)


def _line_of(place: Place, lines: Mapping[Place, int], text: str) -> int | None:
    """Line of a place, or of the nearest that it is in; of TOML, of the last key of that name.

    A place may name the tag of a union on its way: no such key stands in the file.
    """
    keys = {key for known in lines for key in known}
    told = tuple(part for part in place if part in keys)
    for end in range(len(told), 0, -1):
        if told[:end] in lines:
            return lines[told[:end]]
    for part in reversed(place):
        found = re.search(rf"^\s*{re.escape(str(part))}\s*=", text, re.MULTILINE)
        if found:
            return text.count("\n", 0, found.end()) + 1
    return None
