"""All figures of the study, kept as they are measured."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks.accuracy_rows.evaluation import Bench, predictions_of
from benchmarks.accuracy_rows.measures import Floats
from benchmarks.accuracy_rows.rows import SEEDS
from benchmarks.accuracy_rows.specs import Candidate, nulls
from benchmarks.accuracy_rows.store import Key
from benchmarks.studies.isoprenol.curve import ASKED, CURVES, curve
from benchmarks.studies.isoprenol.inner import MODELS, answers
from benchmarks.studies.isoprenol.power import COUNTS, spread
from benchmarks.studies.kept import Figures, Kept
from service.contract.splits import Split
from worker.training.selection_scores import FoldAnswers, compare

AGAINST = ("forest", "saturating")  # nulls that are told apart from on cycles 5-6


class MissingPredictionsError(Exception):
    """What the table's program predicted of a test part is not here."""


@dataclass(frozen=True)
class Inner:
    """Models on the inner folds of one training part: Spearman, and standard error to the best."""

    score: Mapping[str, float]
    error: Mapping[str, float]

    @property
    def best(self) -> str:
        """Of the highest Spearman."""
        return max(self.score, key=lambda name: self.score[name])

    @property
    def simplest(self) -> str:
        """The simplest that is at most one standard error behind the best."""
        top = self.score[self.best]
        return next(n for n in MODELS if n == self.best or top - self.score[n] <= self.error[n])

    @classmethod
    def of(cls, figures: Figures) -> "Inner":
        """From what is kept."""
        half = len(figures) // 2
        pairs = (figures[:half], figures[half:])
        score, error = (dict(zip(MODELS, part, strict=True)) for part in pairs)
        return cls(score, error)


def _compared(folds: list[FoldAnswers]) -> list[float]:
    found = compare(folds, list(MODELS), "spearman", 0)
    if found is None:
        raise ValueError("nothing can be ranked on the inner folds")
    return [*(found.score[n] for n in MODELS), *(found.standard_error[n] for n in MODELS)]


def inner_of_cycles(bench: Bench, kept: Kept) -> dict[str, Inner]:
    """Inside cycles 0-4: forward in time, and by design with three seeds."""
    (split,) = bench.row.splits(0)
    forward = kept.get("cycles 0-4, forward", lambda: _compared(answers(bench, split)))
    found = {"forward in time": Inner.of(forward)}
    for seed in SEEDS:
        drawn = kept.get(
            f"cycles 0-4, by design, seed {seed}",
            lambda s=seed: _compared(answers(bench, split, s, by_design=True)),  # type: ignore[misc]
        )
        found[f"by design, seed {seed}"] = Inner.of(drawn)
    return found


def _parts(bench: Bench) -> list[tuple[int, int, Split]]:
    return [(s, k, split) for s in SEEDS for k, split in enumerate(bench.row.splits(s))]


def inner_of_folds(bench: Bench, kept: Kept, tell: Callable[[str], None]) -> list[Inner]:
    """Inside each training part of the five folds by design, of each seed."""
    found = []
    for seed, place, split in _parts(bench):
        name = f"5 folds, seed {seed}, fold {place}"
        figures = kept.get(name, lambda x=split, s=seed: _compared(answers(bench, x, s)))  # type: ignore[misc]
        found.append(Inner.of(figures))
        tell(name)
    return found


def times(found: list[Inner], which: Callable[[Inner], str]) -> Counter[str]:
    """How often each model is the best, or the simplest of the good."""
    return Counter(which(inner) for inner in found)


def gain(found: list[Inner], model: str, other: str) -> tuple[float, float, int]:
    """Mean difference of two models, its standard error over the parts, and how often it is > 0."""
    values = np.array([inner.score[model] - inner.score[other] for inner in found])
    error = float(values.std(ddof=1) / np.sqrt(len(values)))
    return float(values.mean()), error, int((values > 0).sum())


def learning(
    bench: Bench, kept: Kept, tell: Callable[[str], None]
) -> list[tuple[float, dict[str, float]]]:
    """Mean designs learned from, and mean Spearman of each model, for each share."""
    found = []
    for share in ASKED:
        rows = [
            kept.get(
                f"curve, {share:g} asked, seed {seed}, fold {place}",
                lambda x=split, s=seed, a=share: curve(bench, x, a, s),  # type: ignore[misc]
            )
            for seed, place, split in _parts(bench)
        ]
        tell(f"learning curve, {share:g} asked")
        *scores, count = np.mean(rows, axis=0).tolist()
        found.append((count, dict(zip(CURVES, scores, strict=True))))
    return found


def _kept_predictions(bench: Bench, choice: Candidate) -> tuple[Floats, dict[str, Floats]]:
    key = Key(bench.row.name, choice.name, 0)
    own_K = bench.store.predictions(key, bench.fingerprint(choice, 0))
    known = {null.name: null for null in nulls(bench.row) if null.name in AGAINST}
    others = predictions_of(bench, known, 0)
    if own_K is None or others.keys() != set(AGAINST):
        raise MissingPredictionsError(
            f"what was predicted of {bench.row.name} is not here, and a study evaluates nothing on "
            f"a test part: remove benchmarks/results/accuracy/{bench.row.name}.*.json and run "
            f"python benchmarks/accuracy.py --only {bench.row.name}"
        )
    return own_K, others


def intervals(
    bench: Bench, choice: Candidate, kept: Kept
) -> dict[str, dict[int, tuple[float, float, float]]]:
    """By null and number of designs: the difference on cycles 5-6, and its interval.

    Raises:
        MissingPredictionsError: what is compared was not predicted here.
    """
    tested = bench.tested(0)
    names = {(null, n): f"cycles 5-6, {null}, {n} designs" for null in AGAINST for n in COUNTS}
    if all(name in kept.all() for name in names.values()):
        own_K, others = np.zeros(0), {}
    else:
        own_K, others = _kept_predictions(bench, choice)
    found: dict[str, dict[int, tuple[float, float, float]]] = {null: {} for null in AGAINST}
    for (null, count), name in names.items():
        figures = kept.get(name, lambda n=null, c=count: spread(own_K, others[n], tested, c))  # type: ignore[misc]
        found[null][count] = (figures[0], figures[1], figures[2])
    return found
