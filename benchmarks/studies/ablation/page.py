"""docs/studies/ablation.md, with every figure from what is kept."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.studies.ablation.arms import DEFAULT, Arm, arms
from benchmarks.studies.ablation.campaign import Outcomes
from benchmarks.studies.ablation.trials import DATA, TITLES, Trial
from benchmarks.studies.loss_conflict.results import Interval, interval

Floats = NDArray[np.float64]
TEXT = Path(__file__).with_name("page.md")
READINGS = {"intact": "y_intact", "compose": "y_compose"}


@dataclass(frozen=True)
class Figures:
    """Outcomes by data set and arm, in the order of the seeds; how many each data set has."""

    outcomes: Outcomes
    seeds: Mapping[str, int]

    def each(self, data: str, arm: Arm, key: str) -> Floats:
        """A value of every seed; NaN where a trial or value is missing."""
        found = [
            self.outcomes.get(Trial(data, seed, arm).key, {}) for seed in range(self.seeds[data])
        ]
        return np.array([one.get(key, np.nan) for one in found])

    def difference(self, data: str, arm: Arm, key: str) -> Interval:
        """The arm less the default, paired by seed."""
        default = arms()[0]
        paired_S = self.each(data, arm, key) - self.each(data, default, key)
        return interval(paired_S, held_out=True)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|:--|" + "--:|" * (len(head) - 1)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def _mean(value_S: Floats) -> str:
    return f"{np.nanmean(value_S):.3f}" if np.isfinite(value_S).any() else "-"


def _keys(figures: Figures, data: str) -> Mapping[str, str]:
    """Columns of a data set: readings, and designs of a higher order than any trained on."""
    keys = {
        f"{when} {r}": f"{name}, {when}"
        for when in ("kept", "last")
        for r, name in READINGS.items()
    }
    for reading, name in READINGS.items():
        key = f"kept {reading} up"
        if np.isfinite(figures.each(data, arms()[0], key)).any():
            keys[key] = f"{name}, kept, triples"
    return keys


def table(figures: Figures, data: str) -> str:
    """Means of the default, then paired differences with their intervals."""
    keys = _keys(figures, data)
    rows = []
    for arm in arms():
        if arm.name == DEFAULT:
            cells = [_mean(figures.each(data, arm, key)) for key in keys]
        else:
            cells = [_marked(figures.difference(data, arm, key)) for key in keys]
        best_S = figures.each(data, arm, "best epoch")
        moved = f"{int(np.nansum(best_S > 0))} of {int(np.isfinite(best_S).sum())}"
        rows.append([arm.name, *cells, moved])
    return _table(["", *keys.values(), "left its start"], rows)


def _marked(found: Interval) -> str:
    """Bold where the interval leaves out 0."""
    return f"**{found.text()}**" if found.is_above or found.is_below else found.text()


def _sizes(figures: Figures) -> str:
    default = arms()[0]
    parts = []
    for data in DATA:
        trained, tested = (figures.each(data, default, key) for key in ("trained", "tested"))
        if np.isfinite(trained).any():
            counts = f"{np.nanmean(trained):.0f} trained on, {np.nanmean(tested):.0f} held out"
            parts.append(f"{TITLES[data]}: {counts}")
    return "; ".join(parts)


def _comparisons(figures: Figures) -> int:
    """How many intervals the tables show."""
    return sum(len(_keys(figures, data)) * (len(arms()) - 1) for data in DATA)


def page(figures: Figures, *, date: str, machine: str, command: str) -> str:
    """The whole page; the conclusion is written by hand, its figures are in the tables."""
    minutes = sum(one.get("core seconds", 0.0) for one in figures.outcomes.values()) / 60
    tables = [f"**{TITLES[data]}**\n\n{table(figures, data)}" for data in DATA]
    return TEXT.read_text().format(
        date=date,
        machine=machine,
        command=command,
        seeds=", ".join(f"{TITLES[data]}: {figures.seeds[data]}" for data in DATA),
        trainings=len(figures.outcomes),
        minutes=f"{minutes:.0f}",
        sizes=_sizes(figures),
        comparisons=(count := _comparisons(figures)),
        by_chance=round(0.05 * count),
        tables="\n\n".join(tables),
    )
