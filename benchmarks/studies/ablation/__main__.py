"""Does every term, head and dimension of the default earn its place?

    python -m benchmarks.studies.ablation --data DIR [--budget SECONDS]

Trains every arm on three data sets and writes docs/studies/ablation.md. Finished trainings are
kept in benchmarks/results/ablation.jsonl and not done again. DIR holds yeast_emap.tsv.gz (or
CELLGEBRA_DATA names it); the other two data sets ship with the project.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import torch

from benchmarks.accuracy_rows.tables import MissingDataError
from benchmarks.machine import processor
from benchmarks.studies.ablation.arms import arms
from benchmarks.studies.ablation.campaign import kept, run_all
from benchmarks.studies.ablation.page import Figures, page
from benchmarks.studies.ablation.trials import DATA, SEEDS, Trial

ROOT = Path(__file__).parents[3]
COMMAND = "python -m benchmarks.studies.ablation"


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    given = os.environ.get("CELLGEBRA_DATA")
    parser.add_argument("--data", type=Path, default=given, help="folder of the data files")
    parser.add_argument("--budget", type=float, help="seconds; what is left is done next time")
    parser.add_argument("--seeds", type=int, help="at most so many a data set")
    parser.add_argument("--only", choices=DATA, action="append", help="data sets; all without it")
    parser.add_argument("--keep", type=Path, default=ROOT / "benchmarks/results/ablation.jsonl")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/studies/ablation.md")
    return parser.parse_args(arguments)


def _say(words: str) -> None:
    print(words, flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train what is missing, then write the page."""
    options = parse(arguments)
    torch.set_num_threads(1)
    counts = {data: min(count, options.seeds or count) for data, count in SEEDS.items()}
    trials = [
        Trial(data, seed, arm)
        for seed in range(max(counts.values()))
        for data in options.only or DATA
        for arm in arms()
        if seed < counts[data]
    ]
    try:
        is_whole = run_all(
            trials, options.keep, data=options.data, budget=options.budget, tell=_say
        )
    except MissingDataError as error:
        sys.exit(str(error))
    if not is_whole:
        _say("the budget is spent; run it again to go on")
    wanted = {trial.key for trial in trials}
    outcomes = {key: found for key, found in kept(options.keep).items() if key in wanted}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    date = f"{datetime.now(UTC):%Y-%m-%d}"
    figures = Figures(outcomes, counts)
    options.out.write_text(page(figures, date=date, machine=processor(), command=COMMAND))
    _say(str(options.out))


if __name__ == "__main__":
    main()
