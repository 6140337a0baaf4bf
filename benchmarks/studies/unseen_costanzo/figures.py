"""All figures of the study: what each reader reaches, by how many genes it has learned from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks.accuracy_rows.evaluation import Bench
from benchmarks.accuracy_rows.profiles import mean_scores
from benchmarks.accuracy_rows.rows import SEEDS
from benchmarks.accuracy_rows.tables import find, lines
from benchmarks.studies.kept import Figures, Kept
from benchmarks.studies.unseen_costanzo.inner import (
    FOLDS,
    READERS,
    InnerFold,
    Reader,
    genes_of,
    inner_folds,
    loci_of,
    score,
)
from worker.training.metrics import pearson

COUNTS = (40, 80, 120)  # training genes; then all of them
CURVES = ("network", "network and profiles")
SCREEN = "yeast_emap.tsv.gz"
STUDY = "Collins2007"


@dataclass(frozen=True)
class Point:
    """Pearson of every seed and fold, the training genes, and the pairs learned from."""

    value_F: tuple[float, ...]
    genes: float
    pairs: float

    @property
    def mean(self) -> float:
        """Over seeds and folds."""
        return float(np.mean(self.value_F))

    @property
    def error(self) -> float:
        """Standard error of the mean, as if folds were independent."""
        return float(np.std(self.value_F, ddof=1) / np.sqrt(len(self.value_F)))

    def of_seed(self, seed: int) -> float:
        """Mean over the folds of a seed."""
        return float(np.mean(self.value_F[seed * FOLDS : (seed + 1) * FOLDS]))


def _key(name: str, seed: int, place: int, count: int | None) -> str:
    return f"{name}, seed {seed}, fold {place}, {count or 'all'} genes"


def measure(bench: Bench, kept: Kept, tell: Callable[[str], None]) -> None:
    """Everything that is not kept."""
    for seed in SEEDS:
        for place, fold in enumerate(inner_folds(bench, seed)):
            for name, reader in READERS.items():
                counts = (*COUNTS, None) if name in CURVES else (None,)
                _measure_one(
                    bench, kept, fold, reader, [(_key(name, seed, place, c), c) for c in counts]
                )
            tell(f"seed {seed}, fold {place}")
    kept.get("agreement", lambda: agreement(bench))


def _measure_one(
    bench: Bench,
    kept: Kept,
    fold: InnerFold,
    reader: Reader,
    wanted: list[tuple[str, int | None]],
) -> None:
    if all(key in kept.all() for key, _ in wanted):
        return
    genes = genes_of(bench, fold, reader)
    for key, count in wanted:
        used = min(count or len(fold.kept), len(fold.kept))
        kept.get(key, lambda c=count, u=used: (*score(bench, fold, reader, genes, c), u))  # type: ignore[misc]


def point(found: Mapping[str, Figures], name: str, count: int | None = None) -> Point:
    """One reader with so many training genes."""
    rows = [found[_key(name, seed, place, count)] for seed in SEEDS for place in range(FOLDS)]
    return Point(
        tuple(row[0] for row in rows),
        genes=float(np.mean([row[2] for row in rows])),
        pairs=float(np.mean([row[1] for row in rows])),
    )


def agreement(bench: Bench) -> tuple[float, float, float, float]:
    """Pearson of both screens on training pairs of seed 0 that both have measured, and how many.

    Also the genes of the slice, and how many of them the other screen has.
    """
    (fold,) = bench.folds(0)
    rows = (row for row in lines(find(SCREEN, bench.folder)) if row["source"] == STUDY)
    scores = mean_scores(rows)
    mine, other = [], []
    for place in np.flatnonzero(fold.train_N):
        pair = tuple(sorted(loci_of(bench.table.designs[bench.table.design_N[place]])))
        if pair in scores:
            mine.append(fold.learned_N[place])
            other.append(scores[pair])
    every = {locus for design in bench.table.designs for locus in loci_of(design)}
    known = {gene for pair in scores for gene in pair}
    value = pearson(np.array(mine), np.array(other)) or 0.0
    return value, float(len(mine)), float(len(every)), float(len(every & known))
