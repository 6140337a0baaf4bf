"""The table as a picture: every null, the best one, ours, and what is to be reached."""

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from benchmarks.accuracy_rows.summary import Standing
from benchmarks.plots import COLOURS, STYLE

_LEFT, _TOP, _WIDTH, _STEP = 330, 70, 480, 46
_OURS, _NULL, _BEST = COLOURS[0], COLOURS[7], COLOURS[1]


def _x(value: float) -> float:
    return _LEFT + _WIDTH * min(1.0, max(0.0, value))


def _circle(x: float, y: float, radius: float, colour: str, title: str) -> str:
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}">'
        f"<title>{escape(title)}</title></circle>"
    )


def _row(standing: Standing, y: float) -> Iterator[str]:
    row = standing.row
    yield f'<text class="end" x="{_LEFT - 14}" y="{y - 2}">{escape(row.data)}</text>'
    words = f"{row.title}, {row.metric}"
    yield f'<text class="end small" x="{_LEFT - 14}" y="{y + 13}">{escape(words)}</text>'
    yield f'<line class="grid" x1="{_LEFT}" x2="{_LEFT + _WIDTH}" y1="{y}" y2="{y}"/>'
    for null in standing.nulls:
        yield _circle(_x(null.median()), y, 3.5, _NULL, f"{null.model} {null.median():.3f}")
    best = standing.best_null
    if best is not None:
        yield _circle(_x(best.median()), y, 5, _BEST, f"{best.model} {best.median():.3f}")
    for target in (row.required, row.stretch):
        if isinstance(target, float):
            at = _x(target)
            yield f'<line class="target" x1="{at:.1f}" x2="{at:.1f}" y1="{y - 11}" y2="{y + 11}"/>'
    if standing.chosen is not None:
        value = standing.chosen.median()
        yield _circle(_x(value), y, 6.5, _OURS, f"{standing.chosen.kind} {value:.4f}")
        shown = f"{value:.{standing.digits}f} {standing.chosen.kind}"
        yield f'<text x="{_LEFT + _WIDTH + 14}" y="{y + 4}">{escape(shown)}</text>'


def _axis(height: float) -> Iterator[str]:
    for tick in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        x = _x(tick)
        yield f'<line class="grid" x1="{x}" x2="{x}" y1="{_TOP - 20}" y2="{height - 30}"/>'
        yield f'<text class="middle" x="{x}" y="{height - 12}">{tick:g}</text>'


def draw(found: Sequence[Standing], path: Path) -> None:
    """One line a row of the table; values below 0 stand at 0."""
    width, height = _LEFT + _WIDTH + 190, _TOP + _STEP * len(found) + 30
    legend = (
        (_OURS, "ours, chosen before the test part was evaluated"),
        (_BEST, "best null"),
        (_NULL, "other nulls and baselines"),
    )
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        'aria-label="Held-out accuracy beside null models">',
        f"<style>{STYLE} .small {{ font-size: 11px; fill: #555 }} "
        ".target { stroke: #222; stroke-width: 2 }</style>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        *_axis(height),
    ]
    x = 20
    for colour, words in legend:
        lines += [
            f'<circle cx="{x}" cy="20" r="5" fill="{colour}"/>',
            f'<text x="{x + 12}" y="24">{words}</text>',
        ]
        x += 40 + 7 * len(words)
    lines += [
        f'<line class="target" x1="{x}" x2="{x}" y1="12" y2="28"/>',
        f'<text x="{x + 12}" y="24">required and stretch</text>',
    ]
    for place, standing in enumerate(found):
        lines += _row(standing, _TOP + _STEP * place + 10)
    path.write_text("\n".join([*lines, "</svg>"]) + "\n")
