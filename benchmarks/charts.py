"""Charts as SVG text: panels with axes, lines, bands, points. Equal numbers give equal bytes."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

STYLE = """
  text { font: 12px sans-serif; fill: #222 } .title { font-weight: bold; font-size: 13px }
  .small { font-size: 11px; fill: #555 } .middle { text-anchor: middle } .end { text-anchor: end }
  .frame { stroke: #444; fill: none } .grid { stroke: #e2e2e2 } .zero { stroke: #999 }
"""
DASHES = {"solid": "", "dashed": "6 4", "dotted": "2 3"}

Dash = Literal["solid", "dashed", "dotted"]
Point = tuple[float, float]


@dataclass(frozen=True)
class Axis:
    """A range with its ticks. `sqrt` leaves more room to small values."""

    low: float
    high: float
    ticks: Sequence[float]
    label: str = ""
    scale: Literal["linear", "sqrt", "log"] = "linear"

    def _scaled(self, value: float) -> float:
        if self.scale == "log":
            return math.log(max(value, 1e-12))
        return math.sqrt(max(value, 0.0)) if self.scale == "sqrt" else value

    def share(self, value: float) -> float:
        """Where a value stands between low (0) and high (1); what lies outside is put there."""
        low, high = self._scaled(self.low), self._scaled(self.high)
        return min(1.0, max(0.0, (self._scaled(value) - low) / (high - low)))


def axis_around(
    values: Iterable[float], label: str = "", *, zero: bool = False, count: int = 5
) -> Axis:
    """A linear axis with round ticks that holds all values."""
    known = [value for value in values if math.isfinite(value)] + [0.0] * zero
    low, high = min(known), max(known)
    raw = max(high - low, 1e-9) / count
    unit = 10.0 ** math.floor(math.log10(raw))
    step = next(m * unit for m in (1, 2, 2.5, 5, 10) if m * unit >= raw)
    first, last = math.floor(low / step), math.ceil(high / step)
    ticks = [round(step * k, 10) for k in range(first, last + 1)]
    return Axis(ticks[0], ticks[-1], ticks, label)


@dataclass(frozen=True)
class Panel:
    """A frame with two axes; methods give SVG elements."""

    left: float
    top: float
    width: float
    height: float
    x: Axis
    y: Axis
    title: str = ""

    def at(self, point: Point) -> Point:
        """Place of a point on the page."""
        x, y = point
        return (
            self.left + self.width * self.x.share(x),
            self.top + self.height * (1.0 - self.y.share(y)),
        )

    def frame(self) -> list[str]:
        """Grid, ticks, labels, title."""
        bottom, middle = self.top + self.height, self.left + self.width / 2
        parts = [text(self.left, self.top - 8, self.title, "title")]
        for tick in self.x.ticks:
            x, _ = self.at((tick, self.y.low))
            parts += [line((x, self.top), (x, bottom), "grid")]
            parts += [text(x, bottom + 15, f"{tick:g}", "small middle")]
        for tick in self.y.ticks:
            _, y = self.at((self.x.low, tick))
            kind = "zero" if tick == 0 else "grid"
            parts += [line((self.left, y), (self.left + self.width, y), kind)]
            parts += [text(self.left - 6, y + 4, f"{tick:g}", "small end")]
        parts += [text(middle, bottom + 32, self.x.label, "middle")]
        turned = text(0, 0, self.y.label, "middle")
        where = f"translate({self.left - 44:.1f} {self.top + self.height / 2:.1f}) rotate(-90)"
        parts += [f'<g transform="{where}">{turned}</g>']
        size = f'width="{self.width:.1f}" height="{self.height:.1f}"'
        parts += [f'<rect x="{self.left:.1f}" y="{self.top:.1f}" {size} class="frame"/>']
        return parts

    def curve(self, points: Sequence[Point], color: str, dash: Dash = "solid") -> str:
        """A line through points; those that are not defined are left out."""
        places = [self.at(p) for p in points if all(math.isfinite(v) for v in p)]
        joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        return (
            f'<polyline points="{joined}" fill="none" stroke="{color}" stroke-width="1.8" '
            f'stroke-dasharray="{DASHES[dash]}"/>'
        )

    def band(self, low: Sequence[Point], high: Sequence[Point], color: str) -> str:
        """What lies between two lines."""
        points = [*low, *reversed(high)]
        places = [self.at(p) for p in points if all(math.isfinite(v) for v in p)]
        joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        return f'<polygon points="{joined}" fill="{color}" fill-opacity="0.13"/>'

    def bar(self, start: Point, end: Point, color: str) -> str:
        """A straight line between two points of the axes, e.g. an interval."""
        (x1, y1), (x2, y2) = self.at(start), self.at(end)
        return (
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}" '
            'stroke-width="1.4"/>'
        )

    def dot(self, point: Point, color: str, *, hollow: bool = False) -> str:
        """A point."""
        x, y = self.at(point)
        fill = "#fff" if hollow else color
        circle = f'cx="{x:.1f}" cy="{y:.1f}" r="4"'
        return f'<circle {circle} fill="{fill}" stroke="{color}" stroke-width="1.6"/>'


def text(x: float, y: float, words: str, kind: str = "") -> str:
    """Words at a place."""
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{escape(words)}</text>'


def line(start: Point, end: Point, kind: str) -> str:
    """A line between two places of the page."""
    (x1, y1), (x2, y2) = start, end
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def legend(left: float, top: float, entries: Sequence[tuple[str, str, Dash]]) -> list[str]:
    """Words beside a sample of their line, one entry below the other: words, color, dash."""
    parts = []
    for place, (words, color, dash) in enumerate(entries):
        y = top + 17 * place
        parts += [
            f'<line x1="{left:.1f}" y1="{y - 4:.1f}" x2="{left + 26:.1f}" y2="{y - 4:.1f}" '
            f'stroke="{color}" stroke-width="1.8" stroke-dasharray="{DASHES[dash]}"/>',
            text(left + 32, y, words),
        ]
    return parts


def page(width: int, height: int, label: str, parts: Iterable[str]) -> str:
    """A whole picture; `label` says what it shows to those who cannot see it."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(label)}">\n<style>{STYLE}</style>\n'
        f'<rect width="{width}" height="{height}" fill="#fff"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )
