"""What a perfect prediction would reach, from designs that were built again in other cycles."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.accuracy_rows.evaluation import Bench
from benchmarks.accuracy_rows.measures import Floats
from benchmarks.accuracy_rows.tables import Line
from service.contract.training import TrainingLabel
from worker.training.labels import choose_labels
from worker.training.metrics import spearman

_DRAWS = 400
_NORMAL_MEDIAN = 0.6745  # of the absolute value of a standard normal one
_LIMIT = 20.0  # mg/L: below it a relative error means nothing


@dataclass(frozen=True)
class Recurrence:
    """Designs measured in several cycles, on the learned scale.

    `error` is the sd of one cycle's mean of a design around the design's own, `spread` that of all
    designs' means, `count` how many designs recur, `cycles` the cycles of a design on average, and
    `rank` Spearman of the first and the second cycle of those that recur. `usual` is the sd that
    normal values with the same median difference of two cycles would have.
    """

    error: float
    spread: float
    count: int
    cycles: float
    designs: int
    rank: float
    usual: float

    @property
    def ceiling(self) -> float:
        """Of a prediction that knows each design, not the cycle that it is measured in."""
        return ceiling(self.error / np.sqrt(self.cycles), self.spread, self.designs)

    @property
    def usual_ceiling(self) -> float:
        """The same, were all designs as repeatable as the usual one."""
        return ceiling(self.usual / np.sqrt(self.cycles), self.spread, self.designs)


def ceiling(error: float, spread: float, designs: int) -> float:
    """Spearman of the truth with what is measured of it, mean over draws of normal values.

    Args:
        error: sd of what is measured around the truth.
        spread: sd of what is measured of all designs.
        designs: how many there are.
    """
    rng = np.random.default_rng(0)
    signal = np.sqrt(max(spread**2 - error**2, 0.0))
    truth = rng.normal(0.0, signal, (_DRAWS, designs))
    seen = truth + rng.normal(0.0, error, (_DRAWS, designs))
    return float(np.mean([spearman(t, s) or 0.0 for t, s in zip(truth, seen, strict=True)]))


def error_within_builds(rows: Sequence[Line]) -> float:
    """Root of the mean squared relative error of a build's mean, from the sd of its replicates."""
    squares = [
        (float(row["isoprenol_sd"]) / float(row["isoprenol_mg_l"])) ** 2 / int(row["n_rep"])
        for row in rows
        if row["targets"] and int(row["n_rep"]) > 1 and float(row["isoprenol_mg_l"]) > _LIMIT
    ]
    return float(np.sqrt(np.mean(squares)))


def recurrence(bench: Bench) -> Recurrence:
    """Of all designs with edits; means of the replicates of a design in a cycle are one value."""
    label = TrainingLabel(name=bench.row.label)
    (chosen,) = choose_labels([label], bench.data.labels, bench.table.labels)
    value_N = chosen.apply(bench.table.labels[bench.row.label])
    cycle_N = bench.table.covariates["cycle"].code_N
    found: dict[int, dict[int, list[float]]] = {}
    for design, cycle, value in zip(bench.table.design_N, cycle_N, value_N, strict=True):
        if not np.isnan(value) and bench.table.designs[design].order > 0:
            found.setdefault(int(design), {}).setdefault(int(cycle), []).append(float(value))
    means = [np.array([np.mean(v) for v in cycles.values()]) for cycles in found.values()]
    again: list[Floats] = [m for m in means if len(m) > 1]
    first, second = np.array([m[0] for m in again]), np.array([m[1] for m in again])
    squares = sum(float(((m - m.mean()) ** 2).sum()) for m in again)
    freedom = sum(len(m) - 1 for m in again)
    return Recurrence(
        error=float(np.sqrt(squares / freedom)),
        spread=float(np.std([m.mean() for m in means], ddof=1)),
        count=len(again),
        cycles=float(np.mean([len(m) for m in means])),
        designs=len(means),
        rank=spearman(first, second) or 0.0,
        usual=float(np.median(np.abs(first - second)) / (_NORMAL_MEDIAN * np.sqrt(2))),
    )
