"""Isoprenol: from cycles 0-4, every set of up to four knock-downs, beside what was built later.

The model is the one that benchmarks/specs chose inside cycles 0-4. `good` is a titre in the upper
quarter of the designs of cycles 0-4, so that the threshold, too, is of the training part alone.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import comb
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.accuracy_rows.parts import Fold, fold_of
from benchmarks.accuracy_rows.rows import ROWS, Row
from benchmarks.accuracy_rows.specs import SPECS
from benchmarks.accuracy_rows.tables import Data, load
from benchmarks.proofs.fitting import Fields, fit_data, one_member
from benchmarks.proofs.oracle import Codes, Floats
from benchmarks.proofs.statistics import Figure, Flags, auroc, difference, resampled
from benchmarks.proofs.steps import Arrays, Figures, Steps
from service.contract.designs import Design
from service.contract.search import Objective, SearchSpec
from worker.data.table import DesignTable, read_table
from worker.inference.predictor import Predictor
from worker.search.plan import plan_search
from worker.search.run import search

SPEC = "isoprenol"
OURS, MAIN = "ours", "good"
RIDGE, FREQUENCY = "ridge", "edit frequency"
NULLS: Mapping[str, Fields] = {
    RIDGE: one_member("additive"),
    FREQUENCY: one_member("edit_frequency"),
    "forest": one_member("forest"),
    "nearest design": one_member("nearest_design"),
}
STEP_COUNT = len(NULLS) + 3

GOOD_SHARE = 0.25
MAX_ORDER = 4
PROPOSALS = 1000
TOP = 100
_SAMPLE = 200_000
_BATCH = 8192


def chosen_training(name: str) -> Fields:
    """The fields that a file of benchmarks/specs chose."""
    fields: Fields = json.loads((SPECS / f"{name}.json").read_text())["training"]
    return fields


@dataclass(frozen=True)
class Task:
    """The designs of cycles 0-4 and those of 5-6."""

    data: Data
    ours: Fields
    max_order: int = MAX_ORDER
    sample: int = _SAMPLE

    @property
    def row(self) -> Row:
        """The row of the table of accuracy that has this split."""
        return ROWS["isoprenol_cycles"]

    @cached_property
    def table(self) -> DesignTable:
        """All designs."""
        return read_table(self.data.table)

    @cached_property
    def fold(self) -> Fold:
        """What was built later."""
        (split,) = self.row.splits(0)
        return fold_of(self.row, self.data, self.table, split)

    @cached_property
    def trained(self) -> tuple[list[Design], Floats]:
        """Designs of cycles 0-4 that have an edit, and their mean titres in mg/L."""
        rows = np.flatnonzero(self.fold.train_N)
        kept, design_R = np.unique(self.table.design_N[rows], return_inverse=True)
        total = np.bincount(design_R.reshape(-1), weights=self.table.labels[self.row.label][rows])
        mean_K = total / np.bincount(design_R.reshape(-1))
        designs = [self.table.designs[k] for k in kept]
        has_edit = np.array([design.order > 0 for design in designs])
        return [d for d in designs if d.order], mean_K[has_edit]

    @property
    def threshold(self) -> float:
        """What is good, in mg/L."""
        return float(np.quantile(self.trained[1], 1.0 - GOOD_SHARE))

    def fit(self, training: Fields) -> Predictor:
        """Train on cycles 0-4."""
        return fit_data(self.data, self.row.label, training, self.fold.split)


def _scores(task: Task, predictor: Predictor) -> Arrays:
    """What a model expects of the later designs [K]."""
    (read,) = predictor.readings(task.fold.designs)
    return {"score": read.intact_MBY.mean(axis=0)}


@dataclass(frozen=True)
class Question:
    """Good against bad, among some observations or designs."""

    is_good_K: Flags
    design_K: Codes
    cluster_K: Codes

    def figure(self, score_D: Floats) -> Figure:
        """AUROC of scores of all later designs."""
        return auroc(self.is_good_K, score_D[self.design_K])


def questions(task: Task) -> dict[str, Question]:
    """The main one, then others: the highest quarter, each order, each cycle by itself."""
    tested = task.fold.tested
    truth_K, every_K = tested.truth_K, np.arange(len(tested))
    order_K = np.array([design.order for design in task.fold.designs])
    highest = np.quantile(truth_K, 1.0 - GOOD_SHARE)
    found = {
        MAIN: Question(truth_K >= task.threshold, every_K, tested.cluster_K),
        "the highest quarter of all": Question(truth_K >= highest, every_K, tested.cluster_K),
    }
    for order in np.unique(order_K).tolist():
        own_K = np.flatnonzero(order_K == order)
        found[f"good, {order} edits"] = Question(
            truth_K[own_K] >= task.threshold, own_K, tested.cluster_K[own_K]
        )
    for code in np.unique(tested.cycle_N).tolist():
        rows = tested.cycle_N == code
        own_K = tested.design_N[rows]
        found[f"good, cycle {task.table.covariates['cycle'].values[code]}"] = Question(
            np.exp(tested.truth_N[rows]) >= task.threshold, own_K, tested.cluster_K[own_K]
        )
    return found


def _told_apart(asked: Question, scores: Mapping[str, Floats]) -> dict[str, Any]:
    """AUROC of every model, and how much ours lies above each other."""
    figures = {name: asked.figure(score_D) for name, score_D in scores.items()}
    return {
        "count": len(asked.is_good_K),
        "good": int(asked.is_good_K.sum()),
        "auroc": {name: resampled(figure, asked.cluster_K) for name, figure in figures.items()},
        "above": {
            name: resampled(difference(figures[OURS], figure), asked.cluster_K)
            for name, figure in figures.items()
            if name != OURS
        },
    }


def spec_of(task: Task) -> SearchSpec:
    """The search for titre among all sets."""
    return SearchSpec(
        model_id="proof",
        objectives=(Objective(label=task.row.label),),
        max_order=task.max_order,
        proposal_count=PROPOSALS,
    )


def _searched(task: Task, predictor: Predictor) -> Figures:
    """Proposals among all sets, and which of them nobody ever combined."""
    report, proposals = search(spec_of(task), predictor)
    combined = {str(e) for d in task.trained[0] if d.order > 1 for e in d.edits}
    later = {design.genotype: k for k, design in enumerate(task.fold.designs)}
    first = proposals[:TOP]
    built = [later[p.genotype] for p in proposals if p.genotype in later]
    return {
        "report": report.model_dump(mode="json"),
        "combined_edits": len(combined),
        "new_in_top": sum(p.is_new_combination for p in first),
        "never_combined_in_top": sum(not set(p.genotype.split("+")) <= combined for p in first),
        "trained_in_top": sum(p.design_support > 0 for p in first),
        "orders_in_top": {
            str(order): sum(p.order == order for p in first) for order in range(1, 5)
        },
        "built_later": len(built),
        "built_later_titers": task.fold.tested.truth_K[built].tolist(),
        "first": [
            {
                "genotype": p.genotype,
                "mean": p.labels[0].compose_mean,
                "is_new_combination": p.is_new_combination,
            }
            for p in proposals[:10]
        ],
    }


def task_count(task: Task, edits: int) -> int:
    """Sets of up to `max_order` of the edits."""
    return sum(comb(edits, order) for order in range(1, task.max_order + 1))


def _drawn(task: Task, edits: int) -> list[Codes]:
    """Sets drawn evenly from all sets of up to `max_order` edits, by order."""
    rng = np.random.default_rng(0)
    counts = np.array([comb(edits, order) for order in range(1, task.max_order + 1)])
    shares = rng.multinomial(task.sample, counts / counts.sum())
    return [
        np.sort(np.argsort(rng.random((count, edits)), axis=1)[:, :order], axis=1)
        for order, count in enumerate(shares.tolist(), start=1)
        if count
    ]


def _agreement(task: Task, predictor: Predictor) -> Figures:
    """Share of all sets that stand above each later design, from a sample of them.

    Later designs were put forward by a recommender that had seen cycles 0-4 as well: how high they
    stand tells how far we agree with it, and nothing of who is right.
    """
    pool = plan_search(spec_of(task), predictor).pool
    parts = [
        predictor.composed(pool.batch(set_BR[first : first + _BATCH]), [0])[0].mean(axis=0)
        for set_BR in _drawn(task, len(pool))
        for first in range(0, len(set_BR), _BATCH)
    ]
    sample = np.sort(np.concatenate(parts))
    (read,) = predictor.readings(task.fold.designs)
    above_K = 1.0 - np.searchsorted(sample, read.compose_MBY.mean(axis=0)) / len(sample)
    good_K = task.fold.tested.truth_K >= task.threshold
    quartiles = (0.25, 0.5, 0.75)
    return {
        "sample": len(sample),
        "designs": task_count(task, len(pool)),
        "above": np.quantile(above_K, quartiles).tolist(),
        "above_good": np.quantile(above_K[good_K], quartiles).tolist(),
        "above_bad": np.quantile(above_K[~good_K], quartiles).tolist(),
    }


def run(steps: Steps, task: Task) -> Figures:
    """All figures of this proof."""
    models = {OURS: task.ours, **NULLS}
    said = {"data": task.data.sha256, "ours": dict(task.ours), "max_order": task.max_order}
    scores = {
        name: steps.arrays(
            f"later designs by {name}",
            said | {"training": dict(training)},
            lambda training=training: _scores(task, task.fit(training)),  # type: ignore[misc]
        )["score"]
        for name, training in models.items()
    }
    tested = task.fold.tested
    return {
        "kind": task.ours["model"]["kind"],
        "trained": len(task.trained[0]),
        "tested": len(tested),
        "tested_mean": float(tested.truth_K.mean()),
        "threshold": task.threshold,
        "good": int((tested.truth_K >= task.threshold).sum()),
        "apart": {name: _told_apart(asked, scores) for name, asked in questions(task).items()},
        "search": steps.figures("all sets", said, lambda: _searched(task, task.fit(task.ours))),
        "agreement": steps.figures(
            "agreement",
            said | {"sample": task.sample},
            lambda: _agreement(task, task.fit(task.ours)),
        ),
    }


def task_of(folder: Path | None, work: Path) -> Task:
    """The whole of it."""
    return Task(load("isoprenol", folder, work), chosen_training(SPEC))
