"""What is known of a gene that a screen has not seen?

    python -m benchmarks.studies.unseen_costanzo --data DIR

Writes docs/studies/unseen_costanzo.md and its picture; what was measured is kept in
benchmarks/results/unseen_costanzo.json and not measured again. DIR (or CELLGEBRA_DATA) holds the
yeast files.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks.accuracy_rows.evaluation import Bench
from benchmarks.accuracy_rows.page import table
from benchmarks.accuracy_rows.rows import ROWS, SEEDS
from benchmarks.accuracy_rows.store import RESULTS, Store
from benchmarks.accuracy_rows.tables import MissingDataError, load
from benchmarks.charts import Axis, Panel, legend, page
from benchmarks.machine import processor
from benchmarks.plots import COLOURS
from benchmarks.studies.kept import Figures, Kept
from benchmarks.studies.unseen_costanzo.figures import COUNTS, CURVES, Point, measure, point
from benchmarks.studies.unseen_costanzo.inner import READERS

ROOT = Path(__file__).parents[3]
COMMAND = "python -m benchmarks.studies.unseen_costanzo"
REQUIRED = 0.39
NETWORK, BOTH = CURVES
_ALL = (*COUNTS, None)


def _curves(found: Mapping[str, Figures]) -> dict[str, list[Point]]:
    return {name: [point(found, name, count) for count in _ALL] for name in CURVES}


def slope(points: Sequence[Point]) -> float:
    """Gain of a doubling of the genes, by least squares."""
    genes = np.log2([p.genes for p in points])
    return float(np.polyfit(genes, [p.mean for p in points], 1)[0])


def _readers(found: Mapping[str, Figures]) -> str:
    rows = []
    for name in READERS:
        own = point(found, name)
        seeds = ", ".join(f"{own.of_seed(seed):.3f}" for seed in SEEDS)
        rows.append([name, f"{own.mean:.3f}", f"{own.error:.3f}", seeds])
    return table(["what is read", "Pearson", "standard error", "seeds 0, 1, 2"], rows)


def _curve(curves: Mapping[str, list[Point]]) -> str:
    rows = [
        [f"{p.genes:.0f}", f"{p.pairs:,.0f}", *(f"{curves[n][k].mean:.3f}" for n in CURVES)]
        for k, p in enumerate(curves[NETWORK])
    ]
    return table(["training genes", "pairs", *CURVES], rows)


def draw(curves: Mapping[str, list[Point]], path: Path) -> None:
    """Pearson by training genes, with two standard errors, and what is required."""
    x = Axis(0, 180, (0, 40, 80, 120, 160), "training genes")
    panel = Panel(
        70, 40, 460, 280, x, Axis(0, 0.5, (0, 0.1, 0.2, 0.3, 0.4, 0.5), "Pearson, unseen pairs")
    )
    parts = panel.frame()
    parts.append(panel.curve([(0, REQUIRED), (180, REQUIRED)], "#000000", "dashed"))
    for (_, points), colour in zip(curves.items(), COLOURS, strict=False):
        parts.append(panel.curve([(p.genes, p.mean) for p in points], colour))
        for p in points:
            low, high = (p.mean + sign * 2 * p.error for sign in (-1, 1))
            parts.append(panel.bar((p.genes, low), (p.genes, high), colour))
            parts.append(panel.dot((p.genes, p.mean), colour))
    named = [(name, colour, "solid") for name, colour in zip(curves, COLOURS, strict=False)]
    parts += legend(330, 268, [*named, ("required", "#000000", "dashed")])  # type: ignore[list-item]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(560, 380, "Learning curves on pairs of unseen genes of Costanzo", parts))


def text(found: Mapping[str, Figures]) -> str:
    """The page."""
    curves = _curves(found)
    first, last = curves[NETWORK][0], curves[NETWORK][-1]
    rise = slope(curves[NETWORK])
    agreement, shared, size, covered = found["agreement"]
    return (
        Path(__file__)
        .with_name("page.md")
        .read_text()
        .format(
            command=COMMAND,
            date=f"{datetime.now(UTC):%Y-%m-%d}",
            machine=processor(),
            slice=int(size),
            covered=int(covered),
            first_genes=f"{first.genes:.0f}",
            last_genes=f"{last.genes:.0f}",
            first_network=f"{first.mean:.3f}",
            last_network=f"{last.mean:.3f}",
            network_slope=f"{rise:.3f}",
            both_slope=f"{slope(curves[BOTH]):.3f}",
            network_need=f"{last.genes * 2 ** ((REQUIRED - last.mean) / rise):,.0f}",
            last_both=f"{curves[BOTH][-1].mean:.3f}",
            strict=f"{point(found, f'{BOTH} without partners of the slice').mean:.3f}",
            parts=len(last.value_F),
            readers=_readers(found),
            curve=_curve(curves),
            shared=int(shared),
            agreement=f"{agreement:.2f}",
        )
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    given = os.environ.get("CELLGEBRA_DATA")
    parser.add_argument("--data", type=Path, default=given, help="folder of the data files")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "accuracy")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs")
    options = parser.parse_args(arguments)
    kept = Kept(ROOT / "benchmarks" / "results" / "unseen_costanzo.json")
    try:
        data = load("costanzo", options.data, options.work)
        store = Store(RESULTS, options.work)
        bench = Bench(ROWS["costanzo_disjoint"], data, store, options.data)
        measure(bench, kept, lambda words: print(words, flush=True))
    except MissingDataError as error:
        sys.exit(str(error))
    draw(_curves(kept.all()), options.docs / "images" / "unseen_costanzo.svg")
    out = options.docs / "studies" / "unseen_costanzo.md"
    out.write_text(text(kept.all()))
    print(out)


if __name__ == "__main__":
    main()
