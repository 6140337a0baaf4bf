"""The proofs as pictures: a figure with its interval a line, and curves with bands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.charts import (
    Axis,
    Panel,
    axis_around,
    legend,
    page,
    text,
)
from benchmarks.plots import COLOURS
from benchmarks.proofs.statistics import Interval

_OURS, _NULL = COLOURS[0], COLOURS[7]
_LEFT, _WIDTH, _STEP, _TOP = 190, 300, 24, 44


@dataclass(frozen=True)
class Dots:
    """One panel of figures: a title, the label of the axis, and a figure by name."""

    title: str
    label: str
    figures: Mapping[str, Interval]
    ours: Sequence[str]
    base: float | None = None


def _dots(dots: Dots, left: float, top: float) -> list[str]:
    values = [v for f in dots.figures.values() for v in f.values() if v == v]
    axis = axis_around(values, dots.label, zero=True)
    height = _STEP * len(dots.figures)
    rows = Axis(0.0, float(len(dots.figures)), ())
    panel = Panel(left + _LEFT, top, _WIDTH, height, axis, rows, dots.title)
    parts = panel.frame()
    if dots.base is not None:
        parts += [panel.bar((dots.base, 0.0), (dots.base, rows.high), COLOURS[1])]
    for place, (name, figure) in enumerate(dots.figures.items()):
        y = len(dots.figures) - place - 0.5
        color = _OURS if name in dots.ours else _NULL
        parts += [
            text(left + _LEFT - 8, top + _STEP * (place + 0.7), name, "end"),
            panel.bar((figure["low"], y), (figure["high"], y), color),
            panel.dot((figure["value"], y), color),
        ]
    return parts


def draw_dots(path: Path, title: str, panels: Sequence[Dots]) -> None:
    """Two panels a row; ours is blue, nulls are grey, a base rate is an orange line."""
    width = _LEFT + _WIDTH + 30
    parts: list[str] = []
    top = 0.0
    for first in range(0, len(panels), 2):
        row = panels[first : first + 2]
        for column, dots in enumerate(row):
            parts += _dots(dots, width * column, top + _TOP)
        top += _TOP + _STEP * max(len(dots.figures) for dots in row) + 44
    _write(path, page(2 * width + 10, round(top), title, parts))


def draw_curves(
    path: Path, title: str, campaigns: Mapping[str, Mapping[str, Any]], names: Sequence[str]
) -> None:
    """Regret and share of the best found, by designs asked for; the first is ours, the last lot."""
    parts: list[str] = []
    colors = dict(zip(names, COLOURS, strict=False)) | {names[0]: _OURS, names[-1]: _NULL}
    for row, (name, campaign) in enumerate(campaigns.items()):
        axes = {"regret": f"regret, {campaign['unit']}", "top": "share of the best tenth found"}
        for column, (key, label) in enumerate(axes.items()):
            place = (70.0 + 420 * column, 40.0 + 300 * row)
            parts += _curves(campaign, key, Frame(place, name, label), colors)
    bottom = 40 + 300 * len(campaigns)
    parts += legend(70, bottom, [(n, c, "solid") for n, c in colors.items()])
    _write(path, page(860, bottom + 20 + 17 * len(colors), title, parts))


@dataclass(frozen=True)
class Frame:
    """Where a panel stands, its title, and the label of its ordinate."""

    place: tuple[float, float]
    title: str
    label: str


def _curves(
    campaign: Mapping[str, Any], key: str, frame: Frame, colors: Mapping[str, str]
) -> list[str]:
    curves = {name: campaign["strategies"][name][key] for name in colors}
    values = [point[end] for curve in curves.values() for point in curve for end in point]
    most = campaign["batch"] * campaign["rounds"]
    x = axis_around([0.0, float(most)], "designs asked for")
    panel = Panel(
        *frame.place, 330, 220, x, axis_around(values, frame.label, zero=True), frame.title
    )
    parts = panel.frame()
    for strategy, curve in curves.items():
        at = [float(campaign["batch"] * turn) for turn in range(len(curve))]
        low, high, middle = (
            [(a, point[end]) for a, point in zip(at, curve, strict=True)]
            for end in ("low", "high", "value")
        )
        parts += [panel.band(low, high, colors[strategy]), panel.curve(middle, colors[strategy])]
    return parts


def _write(path: Path, picture: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(picture)
