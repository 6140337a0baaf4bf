"""What a notebook shows of a job, of scores and of a model: HTML with a small SVG, no script."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from math import isfinite
from typing import Any

WIDTH, HEIGHT = 420, 130
SHOWN_DESIGNS = 20
_ROW, _NAMES, _PAD = 18, 210, 8
_COLORS = ("#1f6296", "#c1692f", "#4b8b4b", "#8a4f9e", "#9b7a12", "#b03a5b", "#3a8f93", "#666666")
_FONT = 'font-family="sans-serif" font-size="11" fill="#333"'

Span = tuple[float, float]


def loss_curves(epochs: Iterable[Mapping[str, Any]]) -> str:
    """Each loss term over the epochs of the last member told of, between its least and largest."""
    told = list(epochs)
    own = [epoch for epoch in told if epoch["member"] == told[-1]["member"]]
    curves = {
        name: [float(epoch["terms"].get(name, float("nan"))) for epoch in own]
        for name in (own[-1]["terms"] if own else ())
    }
    if not curves:
        return ""
    parts = [
        part
        for number, (name, values) in enumerate(curves.items())
        for part in _curve(name, values, number)
    ]
    return _svg(WIDTH, HEIGHT + 16 * len(curves), parts, "loss terms by epoch")


def intervals(
    names: Sequence[str], means: Sequence[float], spans: Sequence[Span], unit: str
) -> str:
    """A row a design: its mean as a point, what lies around it as a line."""
    ends = [end for span in spans for end in span if isfinite(end)]
    if not ends:
        return ""
    low, high = min(ends), max(ends)
    place = _scale(low, high, _NAMES, WIDTH + _NAMES - _PAD)
    parts = []
    for number, (name, mean, (left, right)) in enumerate(zip(names, means, spans, strict=True)):
        y = 14 + _ROW * number
        parts.append(_text(_NAMES - 8, y + 4, _short(name), "end"))
        if isfinite(left) and isfinite(right):
            parts.append(_line([(place(left), y), (place(right), y)], "#9bbcd6", 4))
        if isfinite(mean):
            parts.append(f'<circle cx="{place(mean):.1f}" cy="{y}" r="3.5" fill="{_COLORS[0]}"/>')
    bottom = 14 + _ROW * len(names) + 8
    parts.append(_text(_NAMES, bottom, _number(low), "start"))
    parts.append(_text(WIDTH + _NAMES - _PAD, bottom, f"{_number(high)} {unit}", "end"))
    return _svg(WIDTH + _NAMES, bottom + 6, parts, "predictions and their spread")


def bars(rows: Sequence[tuple[str, float | None]], title: str) -> str:
    """A bar a row, the first in another colour: what it is beside what it has to beat."""
    finite = [value for _, value in rows if value is not None and isfinite(value)]
    place = _scale(min([0.0, *finite]), max([0.0, *finite]), _NAMES, WIDTH)
    parts = []
    for number, (name, value) in enumerate(rows):
        y = 4 + _ROW * number
        parts.append(_text(_NAMES - 8, y + 11, _short(name), "end"))
        if value is not None and isfinite(value):
            start, end = sorted((place(0.0), place(value)))
            color = "#b9b9b9" if number else _COLORS[0]
            parts.append(
                f'<rect x="{start:.1f}" y="{y}" width="{end - start:.1f}" height="13" '
                f'fill="{color}"/>'
            )
        parts.append(_text(WIDTH + 6, y + 11, "-" if value is None else f"{value:.3f}", "start"))
    return _svg(WIDTH + 60, 8 + _ROW * len(rows), parts, title)


def table_of(rows: Iterable[Sequence[object]], head: Sequence[str] = ()) -> str:
    """Cells as an HTML table; whatever they hold is text."""
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    lines = ["".join(f"<td>{escape(_cell(cell))}</td>" for cell in row) for row in rows]
    body = "".join(f"<tr>{line}</tr>" for line in ([top] if top else []) + lines)
    return f"<table>{body}</table>"


def titled(title: str, *parts: str) -> str:
    """Parts under a line in bold."""
    return f"<div><strong>{escape(title)}</strong>{''.join(parts)}</div>"


def _curve(name: str, values: Sequence[float], number: int) -> list[str]:
    finite = [value for value in values if isfinite(value)]
    if not finite:
        return []
    color = _COLORS[number % len(_COLORS)]
    across = _scale(0, max(1, len(values) - 1), _PAD, WIDTH - _PAD)
    up = _scale(min(finite), max(finite), HEIGHT - _PAD, _PAD)
    points = [(across(k), up(value)) for k, value in enumerate(values) if isfinite(value)]
    legend = f"{name}: {_number(values[0])} to {_number(values[-1])}"
    return [
        _line(points, color, 1.5),
        _text(_PAD, HEIGHT + 10 + 16 * number, legend, "start", color),
    ]


def _scale(low: float, high: float, start: float, end: float) -> Any:  # noqa: ANN401 - a function
    span = high - low
    return lambda value: start + (end - start) * ((value - low) / span if span else 0.5)


def _line(points: Sequence[Span], color: str, width: float) -> str:
    told = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{told}" fill="none" stroke="{color}" stroke-width="{width}"/>'


def _text(x: float, y: float, words: str, anchor: str, color: str = "#333") -> str:
    style = _FONT.replace("#333", color)
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {style}>{escape(words)}</text>'


def _svg(width: float, height: float, parts: Sequence[str], title: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'role="img" aria-label="{escape(title)}">{"".join(parts)}</svg>'
    )


def _short(name: str) -> str:
    text = name or "reference"
    return text if len(text) <= 32 else f"{text[:29]}..."


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return _number(value) if isinstance(value, float) else str(value)


def _number(value: float) -> str:
    return f"{value:.4g}"
