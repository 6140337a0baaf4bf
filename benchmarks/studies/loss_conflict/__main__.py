"""Are SupCR and composition in conflict, and does splitting the latent resolve it?

    python -m benchmarks.studies.loss_conflict [--quick] [--out DIR]

Trains every arm on every source and seed, then writes docs/studies/loss_conflict.md and its figures
in docs/images. It takes about ten minutes on two cores; `--quick` shows in seconds that all of it
runs, and its figures mean nothing.
"""

import argparse
import os
import platform
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.studies.loss_conflict import figures
from benchmarks.studies.loss_conflict.arms import factorial
from benchmarks.studies.loss_conflict.campaign import run_all
from benchmarks.studies.loss_conflict.page import Setting, core_minutes, page
from benchmarks.studies.loss_conflict.results import Results
from benchmarks.studies.loss_conflict.sources import FBA_TABLE, ISOPRENOL
from benchmarks.studies.loss_conflict.trials import Trial

DOCS = Path(__file__).parents[3] / "docs"
COMMAND = "python -m benchmarks.studies.loss_conflict"
# The statements of the page were written with seeds 0 to 3 in view: its figures are of others.
FIRST_SEED = 4


def processor() -> str:
    """What the trainings ran on."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    found = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{found[0] if found else platform.machine()}, {os.cpu_count()} cores"


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="two seeds, one epoch")
    parser.add_argument("--out", type=Path, default=DOCS, help="where studies/ and images/ lie")
    parser.add_argument("--seeds", type=int, default=8, help="how many")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument(
        "--fba",
        type=Path,
        default=FBA_TABLE,
        help="another table of computed growth: knockouts, order, growth; one gene a reaction set",
    )
    parser.add_argument(
        "--keep", type=Path, help="file of finished trainings, to go on after a stop"
    )
    options = parser.parse_args(arguments)
    if options.quick:
        options.seeds, options.epochs = 2, 1
    return options


def study(options: argparse.Namespace) -> Results:
    """Train."""
    sources = (ISOPRENOL, str(options.fba))
    seeds = range(FIRST_SEED, FIRST_SEED + options.seeds)
    trials = [
        Trial(source, seed, arm, options.epochs)
        for seed in seeds
        for source in sources
        for arm in factorial()
    ]
    outcomes = run_all(trials, processes=options.processes, kept=options.keep)
    return Results(outcomes, sources, seeds, options.epochs)


def write(results: Results, options: argparse.Namespace) -> Path:
    """Draw and write; returns the page."""
    is_ours = options.fba == FBA_TABLE
    fba = "FBA, E. coli core" if is_ours else f"FBA, {options.fba.name}"
    names = {results.sources[0]: "isoprenol", results.sources[1]: fba}
    setting = Setting(
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        hardware=processor(),
        versions=f"Python {platform.python_version()}, PyTorch {version('torch')}",
        processes=options.processes,
        command=COMMAND,
    )
    pictures = {
        "construction": figures.construction(draws=1 if options.quick else 4),
        "gradients": figures.gradients(results, names),
        "pairs": figures.pairs(results, names),
        "trade_off": figures.trade_off(results, names),
        "ranks": figures.ranks(results, names),
    }
    for folder in ("images", "studies"):
        (options.out / folder).mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        (options.out / "images" / f"loss_conflict_{name}.svg").write_text(picture)
    path: Path = options.out / "studies" / "loss_conflict.md"
    path.write_text(page(results, names, setting))
    return path


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, draw, write."""
    options = parse(arguments)
    # As Ctrl-C does: the processes of the pool end with this one.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        results = study(options)
    except KeyboardInterrupt:
        sys.exit("stopped; with --keep it goes on from there")
    print(f"{core_minutes(results):.1f} core minutes of training")
    print(write(results, options))


if __name__ == "__main__":
    main()
