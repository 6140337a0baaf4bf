"""Log-log plots as SVG: small, the same for the same figures, and readable without a program."""

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

Points = Sequence[tuple[float, float]]
# Title, label of the ordinate with its unit, curves by name.
Panel = tuple[str, str, Mapping[str, Points]]

WIDTH, HEIGHT = 430, 300
LEFT, TOP = 62, 34
# Colours that stay apart for colour-blind readers: Okabe and Ito 2008.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000", "#999999")
STYLE = (
    "text { font: 12px sans-serif; fill: #222 } .title { font-weight: bold; font-size: 14px } "
    ".middle { text-anchor: middle } .end { text-anchor: end } .grid { stroke: #ddd } "
    ".axis { stroke: #444; fill: none } .line { fill: none; stroke-width: 2 }"
)


class _Axis:
    """Maps decades to pixels."""

    def __init__(self, values: Sequence[float], first: float, last: float) -> None:
        self._low = math.floor(math.log10(min(values)) + 1e-9)
        self._high = max(math.ceil(math.log10(max(values)) - 1e-9), self._low + 1)
        self._first, self._last = first, last

    def __call__(self, value: float) -> float:
        share = (math.log10(value) - self._low) / (self._high - self._low)
        return self._first + share * (self._last - self._first)

    @property
    def ticks(self) -> list[float]:
        return [10.0**power for power in range(self._low, self._high + 1)]


def _tick(value: float) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def _panel(panel: Panel, x: str, colours: Mapping[str, str], at: int) -> Iterator[str]:
    title, y, curves = panel
    points = [point for curve in curves.values() for point in curve]
    across = _Axis([p[0] for p in points], at + LEFT, at + LEFT + WIDTH)
    up = _Axis([p[1] for p in points], TOP + HEIGHT, TOP)
    yield f'<text class="title" x="{at + LEFT}" y="20">{escape(title)}</text>'
    for tick in across.ticks:
        place = f"{across(tick):.1f}"
        yield f'<line class="grid" x1="{place}" x2="{place}" y1="{TOP}" y2="{TOP + HEIGHT}"/>'
        yield f'<text class="middle" x="{place}" y="{TOP + HEIGHT + 18}">{_tick(tick)}</text>'
    for tick in up.ticks:
        place = f"{up(tick):.1f}"
        right = at + LEFT + WIDTH
        yield f'<line class="grid" x1="{at + LEFT}" x2="{right}" y1="{place}" y2="{place}"/>'
        base = f"{up(tick) + 4:.1f}"
        yield f'<text class="end" x="{at + LEFT - 6}" y="{base}">{_tick(tick)}</text>'
    yield f'<rect class="axis" x="{at + LEFT}" y="{TOP}" width="{WIDTH}" height="{HEIGHT}"/>'
    middle = at + LEFT + WIDTH / 2
    yield f'<text class="middle" x="{middle}" y="{TOP + HEIGHT + 38}">{escape(x)}</text>'
    turn = f"translate({at + 14},{TOP + HEIGHT / 2}) rotate(-90)"
    yield f'<text class="middle" transform="{turn}">{escape(y)}</text>'
    for name, curve in curves.items():
        colour = colours[name]
        path = " ".join(f"{across(a):.1f},{up(b):.1f}" for a, b in sorted(curve))
        yield f'<polyline class="line" stroke="{colour}" points="{path}"/>'
        for a, b in curve:
            yield f'<circle fill="{colour}" cx="{across(a):.1f}" cy="{up(b):.1f}" r="3.5"/>'


def log_log(path: Path, x: str, panels: Sequence[Panel]) -> None:
    """Draw panels side by side, with one legend.

    Args:
        path: where the SVG goes.
        x: label of the abscissa, with its unit.
        panels: all values above 0; the first one has every curve.
    """
    step = LEFT + WIDTH + 20
    names = list(panels[0][2])
    colours = dict(zip(names, COLOURS, strict=False))
    width, height = step * len(panels) + 20, TOP + HEIGHT + 60 + 18 * math.ceil(len(names) / 3)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(panels[0][0])}">',
        f"<style>{STYLE}</style>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for number, panel in enumerate(panels):
        lines += _panel(panel, x, colours, number * step)
    for number, (name, colour) in enumerate(colours.items()):
        left = LEFT + number % 3 * 200
        top = TOP + HEIGHT + 62 + number // 3 * 18
        lines.append(f'<circle fill="{colour}" cx="{left}" cy="{top - 4}" r="5"/>')
        lines.append(f'<text x="{left + 12}" y="{top}">{escape(name)}</text>')
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*lines, "</svg>"]) + "\n")
