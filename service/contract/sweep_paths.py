"""Places in a training spec, by path: parts joined by dots; in a list, the element's name."""

import copy
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

# What may be swept. Not the data, the split or the labels: trials have to answer one question.
# Not the seed: the luckiest one would win. Not the size of the ensemble: trials have one member.
SWEPT = ("model", "loss", "optimizer", "epochs", "patience_epochs", "batch_size")

_KIND = ".kind"


def with_values(content: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a spec's JSON with other values.

    A kind that changes takes the defaults of the new kind along.
    """
    changed: dict[str, Any] = copy.deepcopy(dict(content))
    for path in sorted(values, key=lambda path: not path.endswith(_KIND)):
        *parents, last = path.split(".")
        place: Any = changed
        for part in parents:
            place = _step(place, part)
        if path.endswith(_KIND) and place.get("kind") != values[path]:
            place.clear()
        place[last] = values[path]
    return changed


def read(content: Any, path: str) -> Any:  # noqa: ANN401 - JSON
    """The value at a path.

    Raises:
        KeyError: there is none.
    """
    for part in path.split("."):
        content = _step(content, part)
    return content


def _step(place: Any, part: str) -> Any:  # noqa: ANN401 - JSON
    if isinstance(place, list):
        named = {item["name"]: item for item in place if isinstance(item, dict) and "name" in item}
        return named[part]
    if not isinstance(place, dict):
        raise KeyError(part)
    return place[part]


def path_problem(content: Mapping[str, Any], path: str, swept: Sequence[str]) -> str | None:
    """Why a path cannot be swept; None where it can."""
    root = path.partition(".")[0]
    if root not in SWEPT:
        return f"{path} cannot be swept; what can begins with {', '.join(SWEPT)}"
    siblings = f"{path.rpartition('.')[0]}{_KIND}"
    if siblings in swept and not path.endswith(_KIND):
        return f"{path}: another kind may lack it, and {siblings} is swept"
    try:
        value = read(content, path)
    except KeyError:
        similar = get_close_matches(path, [*_leaves(content, "")], n=3)
        advice = f"; did you mean {' or '.join(similar)}?" if similar else ""
        return f"training has no field {path}{advice}"
    if isinstance(value, dict | list):
        return f"{path} is no single value; name one in it"
    return None


def _leaves(content: Any, prefix: str) -> list[str]:  # noqa: ANN401 - JSON
    if isinstance(content, dict):
        items = list(content.items())
    elif isinstance(content, list):
        items = [
            (item["name"], item) for item in content if isinstance(item, dict) and "name" in item
        ]
    else:
        return [prefix.removesuffix(".")]
    return [leaf for name, value in items for leaf in _leaves(value, f"{prefix}{name}.")]
