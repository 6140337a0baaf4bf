"""Specs from files: JSON, YAML or TOML, with the line of everything that is wrong."""

import json
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from service.cli.spec_changes import Change, Place, apply, change_of, within
from service.cli.toml_lines import toml_lines
from service.contract.errors import InvalidRequestError, Offender

M = TypeVar("M", bound=BaseModel)

_DISCRIMINATORS = ("kind", "name", "layout")  # by which the contract tells specs apart


@dataclass(frozen=True)
class SpecFile:
    """What a file holds, and the line of each place in it, as far as the format tells."""

    name: str
    content: dict[str, Any]
    lines: Mapping[Place, int]


def read_spec(model: type[M], path: Path, changes: Sequence[str] = ()) -> M:
    """The spec in a file (`-`: standard input), with `changes` of the form `path.to.field=value`.

    Raises:
        InvalidRequestError: it cannot be read, or is no such spec; each offender has its line, or
            the change that it comes from.
    """
    return spec_of(model, load(path), [change_of(change) for change in changes])


def load(path: Path | None) -> SpecFile:
    """What a file holds (`-`: standard input; None: nothing, so that options say all).

    Raises:
        InvalidRequestError: it cannot be read, is empty, or holds no object.
    """
    if path is None:
        return SpecFile("what the options say", {}, {})
    text = _read(path)
    if not text.strip():
        told = "standard input is empty: send a spec" if str(path) == "-" else f"{path} is empty"
        raise InvalidRequestError(f"{told}; `cellgebra spec init` has one to begin with")
    return SpecFile(str(path), *_parse(text, path))


def spec_of(model: type[M], file: SpecFile, changes: Sequence[Change]) -> M:
    """The spec that a file holds, once it is changed.

    Raises:
        InvalidRequestError: it is no such spec; each offender has its line, or the change that it
            comes from.
    """
    blamed = apply(changes, file.content)
    try:
        return TypeAdapter(model).validate_python(file.content)
    except ValidationError as error:
        raise _refusal(file, error, blamed) from None


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
            return tomllib.loads(text), toml_lines(text)
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
        _note(node, (), lines, set())
    return content, lines


def _note(
    node: Any,  # noqa: ANN401 - yaml's own
    place: Place,
    lines: dict[Place, int],
    seen: set[int],
) -> None:
    """The line of each place; what an alias repeats, which may be itself, is gone through once."""
    import yaml

    lines.setdefault(place, node.start_mark.line + 1)
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            lines[*place, key.value] = key.start_mark.line + 1
            _note(value, (*place, key.value), lines, seen)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            _note(value, (*place, number), lines, seen)


def _refusal(
    file: SpecFile, error: ValidationError, blamed: Mapping[Place, str]
) -> InvalidRequestError:
    lines = {
        place: line
        for place, line in file.lines.items()
        if not any(within(place, changed) for changed in blamed)
    }
    offenders = []
    for problem in error.errors():
        place = problem["loc"]
        if problem["type"] == "union_tag_invalid":  # of the object that has the tag
            place = (*place, problem["ctx"]["discriminator"].strip("'"))
        where = _origin(_place_in_file(place, file.content), file.name, lines, blamed)
        field = ".".join(str(part) for part in problem["loc"])
        message = f"{field}: {problem['msg']}" if field else problem["msg"]
        offenders.append(Offender(field=where, message=message))
    return InvalidRequestError(f"{file.name} is no such spec", offenders)


def _origin(
    place: Place, name: str, lines: Mapping[Place, int], blamed: Mapping[Place, str]
) -> str:
    """The option or the line that a place comes from, or the nearest that it is in."""
    for end in range(len(place), 0, -1):
        if place[:end] in blamed:
            return blamed[place[:end]]
        if place[:end] in lines:
            return f"{name}:{lines[place[:end]]}"
    return name


def _place_in_file(place: Place, content: object) -> Place:
    """A place without the tags of unions on its way: no such key stands in the file."""
    found: list[int | str] = []
    is_tagged = False
    for part in place:
        tags = [content.get(key) for key in _DISCRIMINATORS] if isinstance(content, dict) else []
        if part in tags and not is_tagged:
            is_tagged = True
            continue
        found.append(part)
        content, is_tagged = _inside(content, part), False
    return tuple(found)


def _inside(content: Any, part: int | str) -> object:  # noqa: ANN401 - whatever a file holds
    try:
        return content[part]
    except (IndexError, KeyError, TypeError):
        return None
