"""E-MAP pairs: average precision of strong interactions of either sign, beside nulls.

Models are those of benchmarks/specs, chosen and committed before; what is new is that suppression
(S >= 2) is looked for, too, and that there are intervals. Predictions are those of the table of
accuracy, made again where they are not at hand; its kept figures of all seeds are quoted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.accuracy_rows.evaluation import Bench, evaluate
from benchmarks.accuracy_rows.measures import Floats
from benchmarks.accuracy_rows.rows import ROWS
from benchmarks.accuracy_rows.specs import Candidate, chosen, nulls
from benchmarks.accuracy_rows.store import RESULTS, Key, Store
from benchmarks.accuracy_rows.tables import load
from benchmarks.proofs.statistics import average_precision, difference, resampled
from benchmarks.proofs.steps import Arrays, Figures, Steps

ROWS_USED: Mapping[str, tuple[str, ...]] = {
    "emap_random": ("low_rank", "profile_knn", "additive", "edit_frequency", "train_mean"),
    "emap_unseen": ("feature_ridge", "constant"),
}
NEGATIVE, POSITIVE = -2.5, 2.0
SEED = 0
STEP_COUNT = sum(len(names) + 2 for names in ROWS_USED.values())


@dataclass(frozen=True)
class Task:
    """A row of the table of accuracy, and what is evaluated on it."""

    bench: Bench
    candidates: tuple[Candidate, ...]

    def predictions(self, candidate: Candidate) -> Floats:
        """Of the test part: kept ones, or made."""
        store = self.bench.store
        key = Key(self.bench.row.name, candidate.name, SEED)
        fingerprint = self.bench.fingerprint(candidate, SEED)
        found = store.predictions(key, fingerprint)
        if found is None:
            evaluate(self.bench, candidate, SEED)
            found = store.predictions(key, fingerprint)
        if found is None:
            raise FileNotFoundError(f"{key.stem}: its predictions were not kept")
        return found


def task_of(name: str, folder: Path | None, work: Path) -> Task:
    """The chosen model first, then its nulls.

    Raises:
        MissingDataError: the screen is not at hand.
    """
    row = ROWS[name]
    bench = Bench(row, load(row.data, folder, work), Store(work / "evaluations", work), folder)
    wanted = [null for null in nulls(row) if null.name in ROWS_USED[name]]
    return Task(bench, (chosen()[name], *wanted))


def _arrays(task: Task, candidate: Candidate) -> Arrays:
    tested = task.bench.tested(SEED)
    value_K = task.predictions(candidate)
    return {"value": value_K, "truth": tested.truth_K, "cluster": tested.cluster_K}


def graded(read: Mapping[str, Arrays], ours: str) -> dict[str, Any]:
    """Average precision of both events by every model, and how much ours lies above each."""
    truth_K, cluster_K = read[ours]["truth"], read[ours]["cluster"]
    events = {"negative": (truth_K <= NEGATIVE, -1.0), "positive": (truth_K >= POSITIVE, 1.0)}
    found: dict[str, Any] = {"designs": len(truth_K), "gene_pairs": len(np.unique(cluster_K))}
    for event, (is_event_K, sign) in events.items():
        figures = {
            name: average_precision(is_event_K, sign * arrays["value"])
            for name, arrays in read.items()
        }
        found[event] = {
            "rate": float(is_event_K.mean()),
            "precision": {name: resampled(f, cluster_K) for name, f in figures.items()},
            "above": {
                name: resampled(difference(figures[ours], f), cluster_K)
                for name, f in figures.items()
                if name != ours
            },
        }
    return found


def kept_over_seeds(row: str, model: str) -> list[float]:
    """Average precision of S <= -2.5 that the table of accuracy keeps, by seed."""
    results = Store(RESULTS, RESULTS).all(row)
    own = sorted((r for r in results if r["model"] == model), key=lambda r: int(r["seed"]))
    return [float(r["metrics"]["average_precision"]) for r in own]


def run_row(steps: Steps, task: Task) -> dict[str, Any]:
    """All figures of a row."""
    row, read = task.bench.row.name, {}
    for candidate in task.candidates:
        said = {"fingerprint": task.bench.fingerprint(candidate, SEED)}
        work = partial(_arrays, task, candidate)
        read[_kind(candidate)] = steps.arrays(f"{row} {candidate.name}", said, work)
    ours = _kind(task.candidates[0])
    return {
        "ours": ours,
        "kept": {_kind(c): kept_over_seeds(row, c.name) for c in task.candidates},
        **steps.figures(f"{row} graded", {"kinds": sorted(read)}, partial(graded, read, ours)),
    }


def _kind(candidate: Candidate) -> str:
    return str(candidate.training.get("model", {}).get("kind", candidate.name))


def run(steps: Steps, folder: Path | None, work: Path) -> Figures:
    """Both rows."""
    return {name: run_row(steps, task_of(name, folder, work)) for name in ROWS_USED}
