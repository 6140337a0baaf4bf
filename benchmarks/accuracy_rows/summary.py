"""A row in figures: the chosen model over its seeds, beside the best null."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.accuracy_rows.rows import ROWS, Row
from benchmarks.accuracy_rows.specs import nulls
from benchmarks.accuracy_rows.store import Result, Store


@dataclass(frozen=True)
class Scored:
    """One model of a row: its results by seed."""

    model: str
    row: Row
    results: tuple[Result, ...]

    def values(self, metric: str | None = None) -> list[float]:
        """A metric of each seed; what is not defined counts as 0, as a constant's correlation."""
        name = metric or self.row.metric
        return [float(result["metrics"].get(name) or 0.0) for result in self.results]

    def median(self, metric: str | None = None) -> float:
        """Over the seeds."""
        return median(self.values(metric))

    @property
    def middle(self) -> Result:
        """The result of the median seed (of two, the lower)."""
        order = sorted(self.results, key=lambda r: float(r["metrics"][self.row.metric] or 0.0))
        return order[(len(order) - 1) // 2]

    @property
    def kind(self) -> str:
        """The model as a reader knows it."""
        model = self.results[0]["training"].get("model", {})
        return str(model.get("kind", "auto"))

    @property
    def seconds(self) -> float:
        """Of one seed, in the median."""
        return median(float(result["seconds"]) for result in self.results)


@dataclass(frozen=True)
class Standing:
    """A row with what is known of it."""

    row: Row
    chosen: Scored | None
    nulls: tuple[Scored, ...]
    others: tuple[Scored, ...] = ()

    @property
    def best_null(self) -> Scored | None:
        """The null with the best median on the test part: the hardest to beat."""
        return max(self.nulls, key=Scored.median, default=None)

    @property
    def difference(self) -> dict[str, float] | None:
        """Of the median seed to the best null, with its interval."""
        if self.chosen is None or self.best_null is None:
            return None
        found: dict[str, Any] = self.chosen.middle.get("differences", {})
        return found.get(self.best_null.model)

    @property
    def beats_null(self) -> bool | None:
        """Whether the interval of the difference lies above 0; None where it is not known."""
        return None if self.difference is None else self.difference["low"] > 0

    @property
    def is_required_reached(self) -> bool | None:
        """None where it is not known."""
        if self.chosen is None:
            return None
        if isinstance(self.row.required, str):
            return self.beats_null
        return round(self.chosen.median(), self.digits) >= self.row.required

    @property
    def is_stretch_reached(self) -> bool | None:
        """None where no model was chosen."""
        return None if self.chosen is None else self.chosen.median() >= self.row.stretch

    @property
    def digits(self) -> int:
        """Digits that tell the row's figures apart."""
        return 4 if self.row.metric == "r2" else 3


def _scored(row: Row, results: Sequence[Result], model: str) -> Scored:
    own = sorted((r for r in results if r["model"] == model), key=lambda r: int(r["seed"]))
    return Scored(model, row, tuple(own))


def standing(row: Row, store: Store) -> Standing:
    """What the store knows of a row; of chosen models that of the latest evaluation."""
    results = store.all(row.name)
    names = [null.name for null in nulls(row)]
    found = [_scored(row, results, name) for name in names]
    choices = [r for r in results if r["role"] == "chosen"]
    latest = max(choices, key=lambda r: str(r["date"]), default=None)
    return Standing(
        row,
        None if latest is None else _scored(row, choices, latest["model"]),
        tuple(scored for scored in found if scored.results),
        tuple(
            _scored(row, results, name)
            for name in sorted({r["model"] for r in results if r["role"] == "other"})
        ),
    )


def standings(store: Store) -> list[Standing]:
    """All rows, in their order."""
    return [standing(row, store) for row in ROWS.values()]
