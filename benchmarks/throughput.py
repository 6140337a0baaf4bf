"""Designs per second of every model, beside a bare PyTorch loop over the same network.

    python benchmarks/throughput.py [--quick] [--kinds KIND ...] [--out benchmarks/results]

Training: an epoch of ours (the order of the rows, the schedule, pauses, sums of terms) beside
forward, the same loss, backward, clipping and AdamW on the same batches. Scoring: what an inference
worker does from genotypes to the JSON of an answer, beside the bare members on tensors that are
ready. Ours and the bare one take turns; ratios are medians of the ratios within a round. Models
that read genes are given a table of made-up features and a network. Models that take long are given
fewer designs.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))  # the repository need not be installed

from machine import hardware

from benchmarks.throughput_rows.data import LOCI, MEMBERS, write_table
from benchmarks.throughput_rows.scoring import score_row
from benchmarks.throughput_rows.training import train_row
from service.contract.models import FittedSpec

KINDS: tuple[str, ...] = tuple(spec.model_fields["kind"].default for spec in get_args(FittedSpec))
BATCH_SIZES = (64, 1024)
TRAINED, SCORED = 8192, 10_000
QUICK = 1024
# Designs that models which take long are trained on, and that they score.
FEWER = {"forest": (1024, 1000), "average": (1024, 1000), "set_transformer": (1024, 200)}
NETWORKS = ("perturbation_set", "gene_graph")


def train_lines(rows: int, rounds: int) -> Iterator[str]:
    """The table of training."""
    yield from (
        f"Training one member on {rows:,} designs, beside a bare PyTorch loop over the same "
        "network, loss and batches:",
        "",
        "| model | designs/s | bare loop, designs/s | overhead |",
        "|:--|--:|--:|--:|",
    )
    with tempfile.TemporaryDirectory() as folder:
        path = write_table(Path(folder) / "table.parquet", rows)
        for kind in NETWORKS:
            yield from (train_row(path, kind, size, rounds) for size in BATCH_SIZES)


def score_lines(kinds: Sequence[str], trained: int, scored: int, rounds: int) -> Iterator[str]:
    """The table of scoring."""
    yield from (
        f"Fitting {MEMBERS} members with their calibration (networks: one epoch) and scoring "
        "designs with all of them, from genotypes to the JSON of an answer: with every column "
        "(mean, spread, intervals, neutral expectation, support and so on), and with the mean "
        "alone. Beside it the bare members on tensors that are ready; of a network that is a "
        "PyTorch loop over the same batches, where ours reads tables that are made at load.",
        "",
        "| model | designs: trained, scored | fit, s | every column, designs/s | mean alone, "
        "designs/s | bare members, designs/s | mean over bare | mean - bare, us a design | "
        "every column - mean, us |",
        "|:--|--:|--:|--:|--:|--:|--:|--:|--:|",
    )
    for kind in kinds:
        most_trained, most_scored = FEWER.get(kind, (trained, scored))
        yield score_row(kind, min(trained, most_trained), min(scored, most_scored), rounds)


def lines_of(options: argparse.Namespace) -> Iterator[str]:
    """The page, line by line as it is measured."""
    begin = time.monotonic()
    trained, scored = (QUICK, QUICK) if options.quick else (TRAINED, SCORED)
    yield from (
        "# Designs per second",
        "",
        hardware(),
        f"Designs of one to three of {LOCI} deletions, one label; defaults, but for the loss: mse "
        f"alone. Seconds of one core; medians of {options.rounds} rounds in which both take turns.",
        "",
    )
    yield from train_lines(trained, options.rounds)
    yield ""
    yield from score_lines(options.kinds, trained, scored, options.rounds)
    yield from ("", f"All of it took {time.monotonic() - begin:.0f} s.")


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} designs")
    parser.add_argument("--kinds", nargs="+", default=KINDS, choices=KINDS, help="default: all")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--out", type=Path, help="a folder for the page")
    options = parser.parse_args()
    torch.set_num_threads(1)
    lines = []
    for line in lines_of(options):
        print(line, flush=True)
        lines.append(line)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "throughput.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
