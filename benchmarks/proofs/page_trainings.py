"""Ours on the oracle, training by training: how far a recall is that of one training."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.accuracy_rows.page import table
from benchmarks.proofs.ecoli import COMPOSED, OURS, SHORT
from benchmarks.proofs.section import joined, made, words
from benchmarks.proofs.statistics import Interval, around
from benchmarks.proofs.verdicts import number

Kept = Mapping[str, Any]
_QUESTIONS = ("gap", "product")
_COLUMNS = (
    ("below their pairs", "gap", OURS),
    ("the same by y_compose", "gap", COMPOSED),
    ("best product", "product", OURS),
)


def together(runs: Sequence[Kept]) -> dict[str, Any]:
    """The figures of the latest run, where those of ours are the median over all runs.

    Their interval holds the intervals of all, so that ours beats a null where it does in each run.
    """
    latest = runs[0]
    return {**latest} | {
        key: {k: _median([run[key][k] for run in runs]) for k in latest[key]} for key in _QUESTIONS
    }


def _median(figures: Sequence[Kept]) -> dict[str, Any]:
    return {
        told: {name: around([one[told][name] for one in figures]) for name in figures[0][told]}
        for told in ("recall", "above")
    }


def trainings(runs: Sequence[Kept], seeds: Kept) -> str:
    """Recall of each training with its interval; by orbits, and beside the error of growth."""
    sizes, error = seeds["gap_orbit_sizes"], seeds["error"]
    trained = words(
        "ecoli_trainings",
        count=len(seeds["seeds"]),
        runs=len(runs),
        gaps=seeds["gaps"],
        best=seeds["best"],
        **SHORT,
    )
    orbits = words(
        "ecoli_orbits",
        largest=sizes[0],
        orbits=len(sizes),
        three=100 * sum(sizes[:3]) / sum(sizes),
        least=error["minimum of pairs"][0],
        low=min(error[OURS] + error[COMPOSED]),
        high=max(error[OURS] + error[COMPOSED]),
    )
    return joined([trained, _by_training(runs, seeds), orbits, _by_orbit(seeds), made(seeds)])


def _by_training(runs: Sequence[Kept], seeds: Kept) -> str:
    counts = list(seeds["gap"])
    brief = [seeds[key][k]["each"]["recall"][name] for _, key, name in _COLUMNS for k in counts]
    by_seed = list(zip(*brief, strict=True))
    rows = [
        [
            f"every default, {run['machine'].partition(',')[0]}",
            *(number(run[key][k]["recall"][name]) for _, key, name in _COLUMNS for k in counts),
        ]
        for run in runs
    ]
    rows += [
        [f"brief, seed {seed}", *map(number, figures)]
        for seed, figures in zip(seeds["seeds"], by_seed, strict=True)
    ]
    rows.append(["**brief: median (range)**", *map(_spread, brief)])
    head = [f"{title} at {int(k):,}" for title, _, _ in _COLUMNS for k in counts]
    return table(["training", *head], rows)


def _spread(each: Sequence[Interval]) -> str:
    values = sorted(one["value"] for one in each)
    return f"**{median(values):.2f}** ({values[0]:.2f} to {values[-1]:.2f})"


def _by_orbit(seeds: Kept) -> str:
    counts = list(seeds["gap"])
    rows = [
        [
            name,
            *(number(seeds["gap"][k]["clusters"][name], 3) for k in counts),
            f"{median(seeds['error'][name]):.4f}" if name in seeds["error"] else "-",
        ]
        for name in seeds["gap"][counts[0]]["clusters"]
    ]
    return table(["", *(f"orbits at {int(k):,}" for k in counts), "error of growth"], rows)
