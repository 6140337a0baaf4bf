"""All that is to be evaluated, in turn, within a budget, with progress."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.accuracy_rows.evaluation import Bench, compare, evaluate, predictions_of
from benchmarks.accuracy_rows.rows import SEEDS, Row
from benchmarks.accuracy_rows.specs import Candidate, nulls, require_committed
from benchmarks.accuracy_rows.store import Key, Store
from benchmarks.accuracy_rows.tables import MissingDataError, load
from worker.training.errors import TrainingStoppedError

_FIRST = 2
_DRAWS = frozenset({"forest"})  # nulls that differ by seed where the splits do not


@dataclass(frozen=True)
class Task:
    """One evaluation to do."""

    bench: Bench
    candidate: Candidate
    seed: int

    @property
    def key(self) -> Key:
        """Where its result is kept."""
        return Key(self.bench.row.name, self.candidate.name, self.seed)

    @property
    def fingerprint(self) -> str:
        """Of its result."""
        return self.bench.fingerprint(self.candidate, self.seed)

    @property
    def is_choice(self) -> bool:
        """Whether it is what was chosen, and is compared with every null."""
        return self.candidate.role == "chosen"

    def is_done(self) -> bool:
        """Evaluated before, as it would be now."""
        return self.bench.store.result(self.key, self.fingerprint) is not None


class Clock:
    """What is spent of a budget of seconds; None is no end."""

    def __init__(self, budget: float | None, now: Callable[[], float] = time.monotonic) -> None:
        self._now, self._begin, self.budget = now, now(), budget

    @property
    def spent(self) -> float:
        """Seconds since the start."""
        return self._now() - self._begin

    def has(self, seconds: float) -> bool:
        """Whether so much is left."""
        return self.budget is None or self.spent + seconds <= self.budget

    def is_over(self) -> bool:
        """Nothing is left."""
        return not self.has(0.0)


def _seeds(row: Row, candidate: Candidate) -> Sequence[int]:
    if candidate.is_null and row.is_fixed and candidate.name not in _DRAWS:
        return SEEDS[:1]
    return candidate.seeds


def tasks_of(
    bench: Bench, choice: Candidate | None, others: Sequence[Candidate] = ()
) -> list[Task]:
    """The strongest nulls and the choice with every seed, the other nulls, then other models."""
    known = nulls(bench.row)
    first = [*known[:_FIRST], *([choice] if choice else [])]
    return [
        Task(bench, candidate, seed)
        for candidates in (first, known[_FIRST:], others)
        for seed in SEEDS
        for candidate in candidates
        if seed in _seeds(bench.row, candidate)
    ]


def _to_do(tasks: Sequence[Task], choice: Candidate | None) -> list[Task]:
    """What was not evaluated; and nulls whose predictions a comparison lacks."""
    missing = [task for task in tasks if not task.is_done()]
    kept = [task.bench.store.result(task.key, task.fingerprint) for task in tasks if task.is_choice]
    count = len({task.candidate.name for task in tasks if task.candidate.is_null})
    if choice is None or all(r and len(r.get("differences", {})) == count for r in kept):
        return missing
    return [
        task
        for task in tasks
        if task in missing or task.bench.store.predictions(task.key, task.fingerprint) is None
    ]


def _estimate(task: Task, done: Sequence[float]) -> float:
    """Seconds: as it took before with any seed, else the mean so far."""
    for result in task.bench.store.all(task.bench.row.name):
        if result["model"] == task.candidate.name:
            return float(result["seconds"])
    return sum(done) / len(done) if done else 0.0


def _compare_all(bench: Bench, choice: Candidate) -> None:
    """Compare with every null whose predictions are here, if that is more than before."""
    known = {null.name: null for null in nulls(bench.row)}
    for seed in SEEDS:
        key, fingerprint = Key(bench.row.name, choice.name, seed), bench.fingerprint(choice, seed)
        result = bench.store.result(key, fingerprint)
        if result is None or bench.store.predictions(key, fingerprint) is None:
            continue
        here = predictions_of(bench, known, seed)
        if here.keys() - result.get("differences", {}).keys():
            compare(bench, choice, here, seed)


def _run(tasks: Sequence[Task], clock: Clock, tell: Callable[[str], None]) -> bool:
    """Evaluate one after the other; False when the budget ended first."""
    done: list[float] = []
    for place, task in enumerate(tasks, start=1):
        if not clock.has(_estimate(task, done)):
            return False
        begin = clock.spent
        try:
            result = evaluate(task.bench, task.candidate, task.seed)
        except TrainingStoppedError:
            return False
        done.append(clock.spent - begin)
        left = sum(_estimate(other, done) for other in tasks[place:])
        value = result["metrics"][task.bench.row.metric]
        shown = "-" if value is None else f"{value:.3f}"
        tell(
            f"  {place}/{len(tasks)} {task.candidate.name} seed {task.seed}: {shown} in "
            f"{done[-1]:.1f} s; about {left:.0f} s left in this row"
        )
    return True


def run_row(
    row: Row,
    choice: Candidate | None,
    others: Sequence[Candidate] = (),
    *,
    folder: Path | None,
    store: Store,
    clock: Clock,
    tell: Callable[[str], None],
) -> bool:
    """Evaluate what is missing of a row; False when the budget ended first.

    Raises:
        UncommittedSpecError: the spec of a model is not in git; nothing is evaluated.
        MissingDataError: the row's data is not there.
    """
    data = load(row.data, folder, store.work)
    bench = Bench(row, data, store, folder, should_stop=clock.is_over)
    tasks = _to_do(tasks_of(bench, choice, others), choice)
    for task in tasks:
        require_committed(task.candidate)
    tell(f"{row.name}: {len(tasks)} to evaluate")
    is_whole = _run(tasks, clock, tell)
    if choice is not None:
        _compare_all(bench, choice)
    return is_whole


__all__ = ["Clock", "MissingDataError", "Task", "run_row", "tasks_of"]
