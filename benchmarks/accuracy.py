"""Accuracy on real and computed designs, beside every null: the table of what is to be reached.

    python benchmarks/accuracy.py [--data DIR] [--only ROW] [--budget SECONDS]

A chosen model (benchmarks/specs) is evaluated on a test part only after its file is committed, and
each evaluation adds a line to benchmarks/results/accuracy/evaluations.jsonl. What was evaluated is
kept and not done again. Of the data, isoprenol ships with the project; the other files are looked
for in `--data` or in the folder that CELLGEBRA_DATA names, and rows without data show kept figures.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # the repository need not be installed

from benchmarks.accuracy_rows.campaign import Clock, run_row  # noqa: E402
from benchmarks.accuracy_rows.page import write_page  # noqa: E402
from benchmarks.accuracy_rows.readme import write_readme  # noqa: E402
from benchmarks.accuracy_rows.rows import ROWS  # noqa: E402
from benchmarks.accuracy_rows.specs import (  # noqa: E402
    SPECS,
    BadSpecError,
    UncommittedSpecError,
    chosen,
    others,
)
from benchmarks.accuracy_rows.store import RESULTS, Store  # noqa: E402
from benchmarks.accuracy_rows.summary import standings  # noqa: E402
from benchmarks.accuracy_rows.tables import MissingDataError  # noqa: E402


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    given = os.environ.get("CELLGEBRA_DATA")
    parser.add_argument("--data", type=Path, default=given, help="folder of the data files")
    parser.add_argument("--only", choices=ROWS, action="append", help="rows; all without it")
    parser.add_argument("--budget", type=float, help="seconds; what is left is done next time")
    parser.add_argument("--nulls", action="store_true", help="leave chosen models alone")
    parser.add_argument("--specs", type=Path, default=SPECS, help="folder of chosen models")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of results")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "accuracy")
    return parser.parse_args(arguments)


def _say(words: str) -> None:
    print(words, flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Evaluate what is missing, then write the page, its picture and the README's table."""
    options = parse(arguments)
    store, clock = Store(options.results, options.work), Clock(options.budget)
    try:
        choices = {} if options.nulls else chosen(options.specs)
        beside = {} if options.nulls else others(options.specs)
        for name in options.only or ROWS:
            try:
                is_whole = run_row(
                    ROWS[name],
                    choices.get(name),
                    beside.get(name, ()),
                    folder=options.data,
                    store=store,
                    clock=clock,
                    tell=_say,
                )
            except MissingDataError as error:
                if options.only:
                    raise
                _say(f"{name}: {error}; kept figures are shown")
                continue
            if not is_whole:
                _say(f"the budget of {options.budget:.0f} s is spent; run it again to go on")
                break
    except (BadSpecError, MissingDataError, UncommittedSpecError) as error:
        sys.exit(str(error))
    _say(str(write_page(store)))
    if store.results == RESULTS:
        write_readme(standings(store), ROOT / "README.md")


if __name__ == "__main__":
    main()
