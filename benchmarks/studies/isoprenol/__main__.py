"""What keeps the isoprenol rows from more?

    python -m benchmarks.studies.isoprenol

Writes docs/studies/isoprenol.md and its picture; what was measured is kept in
benchmarks/results/isoprenol_study.json and not measured again. The data ships with the project.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.accuracy_rows.evaluation import Bench
from benchmarks.accuracy_rows.rows import ROWS, Row
from benchmarks.accuracy_rows.specs import chosen
from benchmarks.accuracy_rows.store import RESULTS, Store
from benchmarks.accuracy_rows.summary import Scored, standing
from benchmarks.accuracy_rows.tables import SOURCES, find, lines, load
from benchmarks.machine import processor
from benchmarks.studies.isoprenol.ceiling import error_within_builds, recurrence
from benchmarks.studies.isoprenol.figures import (
    MissingPredictionsError,
    inner_of_cycles,
    inner_of_folds,
    intervals,
    learning,
)
from benchmarks.studies.isoprenol.page import Found, draw, text
from benchmarks.studies.kept import Kept

ROOT = Path(__file__).parents[3]
COMMAND = "python -m benchmarks.studies.isoprenol"


def _chosen(row: Row, store: Store) -> Scored:
    found = standing(row, store).chosen
    if found is None:
        sys.exit(f"{row.name} was not evaluated: run python benchmarks/accuracy.py")
    return found


def _forward(store: Store) -> tuple[int, float, float]:
    """Of the kept evaluation: designs, difference to ridge with sizes, its lower end."""
    found = _chosen(ROWS["isoprenol_forward"], store).middle
    difference = found["differences"]["saturating"]
    count = int(found["metrics"]["design_count"])
    return count, float(difference["difference"]), float(difference["low"])


def measure(work: Path, kept: Kept) -> Found:
    """All figures; those that are not kept are measured.

    Raises:
        MissingPredictionsError: intervals are not kept, and predictions of cycles 5-6 not here.
    """
    store = Store(RESULTS, work)
    data = load("isoprenol", None, work)
    later, folds = (Bench(ROWS[n], data, store) for n in ("isoprenol_cycles", "isoprenol_folds"))
    tell = lambda words: print(words, flush=True)  # noqa: E731  # one line, used twice
    return Found(
        intervals=intervals(later, chosen()[later.row.name], kept),
        cycles=inner_of_cycles(later, kept),
        folds=inner_of_folds(folds, kept, tell),
        curve=learning(folds, kept, tell),
        recurrence=recurrence(folds),
        forward=_forward(store),
        folds_median=_chosen(folds.row, store).median(),
        within=error_within_builds(lines(find(SOURCES["isoprenol"].file, None))),
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "accuracy")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs")
    options = parser.parse_args(arguments)
    try:
        found = measure(options.work, Kept(ROOT / "benchmarks/results/isoprenol_study.json", 3))
    except MissingPredictionsError as error:
        sys.exit(str(error))
    draw(found.curve, found.recurrence.ceiling, options.docs / "images" / "isoprenol_learning.svg")
    out = options.docs / "studies" / "isoprenol.md"
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    out.write_text(text(found, command=COMMAND, date=today, machine=processor()))
    print(out)


if __name__ == "__main__":
    main()
