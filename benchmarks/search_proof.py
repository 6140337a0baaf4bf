"""Does a search find what is there? Four proofs, each beside its nulls, good or bad.

    python benchmarks/search_proof.py [--data DIR] [--only PART]

Writes benchmarks/results/search_proof.md and its pictures. A run that is stopped goes on where it
was. Of the data, isoprenol and the computed oracle ship with the project (`compute_oracle.py` in
benchmarks/proofs makes it again); the E-MAP is looked for in `--data` or in the folder that
CELLGEBRA_DATA names, and parts without data show kept figures.
"""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # the repository need not be installed

from benchmarks.accuracy_rows.tables import MissingDataError  # noqa: E402
from benchmarks.proofs import campaign, ecoli, emap, isoprenol, pools  # noqa: E402
from benchmarks.proofs.page import write_page  # noqa: E402
from benchmarks.proofs.results import RESULTS, save  # noqa: E402
from benchmarks.proofs.steps import Figures, Steps  # noqa: E402

Run = Callable[[Path | None, Path], Figures]


def _ecoli(_: Path | None, work: Path) -> Figures:
    return ecoli.run(Steps(work, "ecoli", ecoli.STEP_COUNT))


def _ecoli_seeds(_: Path | None, work: Path) -> Figures:
    return ecoli.over_seeds(Steps(work, "ecoli_seeds", ecoli.SEEDS_STEP_COUNT))


def _isoprenol(folder: Path | None, work: Path) -> Figures:
    steps = Steps(work, "isoprenol", isoprenol.STEP_COUNT)
    return isoprenol.run(steps, isoprenol.task_of(folder, work))


def _campaign(folder: Path | None, work: Path) -> Figures:
    plans = pools.plans(folder, work)
    steps = Steps(work, "campaign", sum(plan.step_count for plan in plans))
    return {plan.name: campaign.run(steps, plan) for plan in plans}


def _emap(folder: Path | None, work: Path) -> Figures:
    return emap.run(Steps(work, "emap", emap.STEP_COUNT), folder, work)


PARTS: Mapping[str, Run] = {
    "ecoli": _ecoli,
    "ecoli_seeds": _ecoli_seeds,
    "isoprenol": _isoprenol,
    "campaign": _campaign,
    "emap": _emap,
}


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    given = os.environ.get("CELLGEBRA_DATA")
    parser.add_argument("--data", type=Path, default=given, help="folder of the data files")
    parser.add_argument("--only", choices=PARTS, action="append", help="parts; all without it")
    parser.add_argument("--page", action="store_true", help="write the page from kept figures")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of results")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "search_proof")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what is missing, then write the page and its pictures."""
    options = parse(arguments)
    for name in () if options.page else options.only or PARTS:
        try:
            print(save(options.results, name, PARTS[name](options.data, options.work)), flush=True)
        except MissingDataError as error:
            if options.only:
                sys.exit(str(error))
            print(f"{name}: {error}; kept figures are shown", flush=True)
    print(write_page(options.results))


if __name__ == "__main__":
    main()
