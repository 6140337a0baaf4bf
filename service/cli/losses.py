"""The catalogue of losses as lines for a terminal."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from textwrap import wrap

from service.contract.errors import NotFoundError
from service.contract.losses import Loss, LossParameter

_WIDTH = 100


def overview(losses: Sequence[Loss]) -> list[str]:
    """One line a loss, in the order of the catalogue, under what a job may do with it."""
    width = max(len(loss.name) for loss in losses)
    groups = {
        "regression terms, exactly one a job:": [x for x in losses if x.is_regression],
        "further terms:": [x for x in losses if x.is_term and not x.is_regression],
        "not for training jobs:": [x for x in losses if not x.is_term],
    }
    lines = []
    for title, members in groups.items():
        rows = [f"  {loss.name:<{width}}  {_sentence(loss.description)}" for loss in members]
        lines += [title, *rows] if rows else []
    return lines


def chosen(losses: Sequence[Loss], name: str | None) -> list[Loss]:
    """All, or the one of this name.

    Raises:
        NotFoundError: there is no such loss; the message names similar ones.
    """
    if name is None:
        return list(losses)
    by_name = {loss.name: loss for loss in losses}
    if name not in by_name:
        similar = get_close_matches(name, by_name)
        advice = f"; did you mean {' or '.join(similar)}?" if similar else ""
        raise NotFoundError(f"there is no loss {name}{advice}")
    return [by_name[name]]


def details(losses: Sequence[Loss], name: str) -> list[str]:
    """All that the catalogue says of one loss.

    Raises:
        NotFoundError: there is no such loss; the message names similar ones.
    """
    (found,) = chosen(losses, name)
    return list(_lines(found))


def _lines(loss: Loss) -> Iterator[str]:
    yield loss.name
    yield from _wrapped(loss.description)
    yield from _wrapped(f"formula: {loss.formula}")
    if loss.needs:
        yield from _wrapped(f"needs: {', '.join(loss.needs)}")
    for source in loss.source:
        yield from _wrapped(f"source: {source}")
    if loss.refusal:
        yield from _wrapped(f"a training job cannot name it: it {loss.refusal}")
    if loss.parameters:
        yield "  parameters:"
    rows = [(p.name, _value(p.default), _range(p), p.description) for p in loss.parameters]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:3]
    for *cells, description in rows:
        padded = [f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)]
        yield "    " + "  ".join([*padded, description])


def _sentence(text: str) -> str:
    return text.partition(". ")[0].rstrip(".")


def _wrapped(text: str) -> list[str]:
    return wrap(
        text,
        _WIDTH,
        initial_indent="  ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _value(value: float | bool | str | None) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return value if isinstance(value, str) else f"{value:.4g}"


def _range(parameter: LossParameter) -> str:
    """What it may be, in words."""
    if parameter.choices is not None:
        return " | ".join(parameter.choices)
    if parameter.type == "boolean":
        return "true | false"
    bounds = {
        "at least": parameter.minimum,
        "above": parameter.exclusive_minimum,
        "at most": parameter.maximum,
        "below": parameter.exclusive_maximum,
    }
    words = [f"{word} {bound:g}" for word, bound in bounds.items() if bound is not None]
    return ", ".join(words) or "any number"
