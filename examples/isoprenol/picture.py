"""Draw docs/isoprenol.svg from a running service: `python examples/isoprenol/picture.py [URL]`.

It takes the newest model called `isoprenol`, as `make demo` or the tutorial trains it, scores the
designs of the held-out cycles, and draws them beside what was measured, with the report's table.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from service.cli.demo.run import measured_titers
from service.client.cellgebra import DEFAULT_URL, Cellgebra

OUTPUT = Path(__file__).parents[2] / "docs" / "isoprenol.svg"
LARGEST = 800  # mg/L
NULLS = ("train_mean", "additive", "forest")
LEFT, TOP, SIDE = 70, 50, 330
BARS_LEFT, BARS_WIDTH = 660, 170
STYLE = """
  text { font: 13px sans-serif; fill: #222 } .title { font-weight: bold; font-size: 14px }
  .small { font-size: 12px; fill: #555 } .middle { text-anchor: middle } .end { text-anchor: end }
  .axis { stroke: #444; fill: none } .grid { stroke: #ddd }
  .same { stroke: #999; stroke-dasharray: 5 4 }
  .sd { stroke: #7aa6c9; stroke-width: 1 } .point { fill: #1f6296; fill-opacity: 0.8 }
  .model { fill: #1f6296 } .null { fill: #b9b9b9 }
"""


def main() -> None:
    """Score and draw."""
    titers = measured_titers()
    with Cellgebra(sys.argv[1] if len(sys.argv) > 1 else DEFAULT_URL) as client:
        resource = next(m for m in client.models() if m.resource.name == "isoprenol").resource
        answer = client.model(resource.id).score(list(titers), fields=["mean", "sd"])
    label = answer.labels[0]
    measured = [fmean(titers[genotype]) for genotype in titers]
    parts = [
        *scatter(label.mean or [], label.sd or [], measured),
        *bars(resource.report["labels"][0]["table"]),
    ]
    OUTPUT.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 450" role="img" '
        'aria-label="Predicted and measured isoprenol titres of held-out designs">\n'
        f"<style>{STYLE}</style>\n"
        '<rect width="860" height="450" fill="#fff"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )
    print(OUTPUT)


def x_of(titer: float) -> float:
    """Abscissa of a titre."""
    return LEFT + SIDE * titer / LARGEST


def y_of(titer: float) -> float:
    """Ordinate of a titre."""
    return TOP + SIDE - SIDE * titer / LARGEST


def text(x: float, y: float, words: str, kind: str = "") -> str:
    """Words at a place."""
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{words}</text>'


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """A line."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def scatter(mean: Sequence[float], sd: Sequence[float], measured: Sequence[float]) -> list[str]:
    """Predicted (mean and sd of the ensemble) against measured, in mg/L."""
    parts = [text(LEFT, 24, f"{len(mean)} held-out designs (cycles 5 and 6)", "title")]
    for tick in range(0, LARGEST + 1, 200):
        parts += [line(x_of(tick), TOP, x_of(tick), TOP + SIDE, "grid")]
        parts += [line(LEFT, y_of(tick), LEFT + SIDE, y_of(tick), "grid")]
        parts += [text(x_of(tick), TOP + SIDE + 18, str(tick), "small middle")]
        parts += [text(LEFT - 8, y_of(tick) + 4, str(tick), "small end")]
    parts += [line(x_of(0), y_of(0), x_of(LARGEST), y_of(LARGEST), "same")]
    parts += [f'<rect x="{LEFT}" y="{TOP}" width="{SIDE}" height="{SIDE}" class="axis"/>']
    for center, spread, truth in zip(mean, sd, measured, strict=True):
        x = x_of(truth)
        parts += [line(x, y_of(center - spread), x, y_of(center + spread), "sd")]
        parts += [f'<circle cx="{x:.1f}" cy="{y_of(center):.1f}" r="3" class="point"/>']
    middle = LEFT + SIDE / 2
    parts += [text(middle, TOP + SIDE + 42, "measured isoprenol, mg/L", "middle")]
    turned = text(0, 0, "predicted: mean and sd of 5 members, mg/L", "middle")
    parts += [f'<g transform="translate(22 {TOP + SIDE / 2}) rotate(-90)">{turned}</g>']
    return parts


def bars(table: Sequence[dict[str, Any]]) -> list[str]:
    """Spearman correlation of the model and its nulls."""
    parts = [text(BARS_LEFT, 24, "rank correlation, beside nulls", "title middle")]
    shown_rows = [row for row in table if row["role"] == "model" or row["predictor"] in NULLS]
    for place, row in enumerate(shown_rows):
        y = TOP + 10 + 44 * place
        spearman = row["spearman"]
        kind = row["role"]
        width = BARS_WIDTH * (spearman or 0.0)
        shown = "none: constant" if spearman is None else f"{spearman:.2f}"
        parts += [text(BARS_LEFT - 8, y + 18, row["predictor"], "end")]
        parts += [f'<rect x="{BARS_LEFT}" y="{y}" width="{width:.1f}" height="26" class="{kind}"/>']
        parts += [text(BARS_LEFT + width + 6, y + 18, shown)]
    notes = ("trained on cycles 0-4; blue: the model's two readings,", "grey: what it has to beat")
    for place, words in enumerate(notes):
        parts += [text(BARS_LEFT, TOP + 260 + 18 * place, words, "small middle")]
    return parts


if __name__ == "__main__":
    main()
