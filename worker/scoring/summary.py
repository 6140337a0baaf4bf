"""What is kept of scores for a report while they go by: mergeable, whatever the parts are.

Law: joined summaries of parts are the summary of all rows. (Sums are of floats: a mean may differ
in its last digits.)
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from service.contract.errors import Offender
from service.contract.scoring_jobs import (
    LISTED_ROWS,
    TOP_DESIGNS,
    ScoredLabel,
    ScoredOrder,
    TopDesign,
)
from worker.scoring.histogram import Histogram

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Extremes:
    """The designs with the highest means (or the lowest), ties in the order of their rows."""

    is_highest: bool
    mean_K: Floats = field(default_factory=lambda: np.zeros(0))
    row_K: Codes = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    genotypes: tuple[str, ...] = ()

    def candidates(self, mean_B: Floats) -> Codes:
        """Places of the values that may be among them beside those known: few, most of the time."""
        sign = -1.0 if self.is_highest else 1.0
        value_B = sign * mean_B
        if len(self.mean_K) == TOP_DESIGNS:
            place_C = np.flatnonzero(value_B < sign * self.mean_K[-1])
        else:
            place_C = np.arange(len(mean_B))
        if len(place_C) > TOP_DESIGNS:
            # Of equal values the first have to stay, so all that equal the last are taken.
            last = np.partition(value_B[place_C], TOP_DESIGNS - 1)[TOP_DESIGNS - 1]
            place_C = place_C[value_B[place_C] <= last]
            order_C = np.argsort(value_B[place_C], kind="stable")[:TOP_DESIGNS]
            place_C = np.sort(place_C[order_C])
        return place_C

    def joined(self, mean_C: Floats, row_C: Codes, genotypes: Sequence[str]) -> "Extremes":
        """With further designs, of later rows or of earlier ones."""
        mean, row = np.concatenate([self.mean_K, mean_C]), np.concatenate([self.row_K, row_C])
        text = (*self.genotypes, *genotypes)
        order = np.lexsort((row, -mean if self.is_highest else mean))[:TOP_DESIGNS]
        return Extremes(
            self.is_highest, mean[order], row[order], tuple(text[i] for i in order.tolist())
        )

    def stored(self) -> list[Any]:
        """As JSON; `read` is the inverse."""
        return [self.is_highest, self.mean_K.tolist(), self.row_K.tolist(), list(self.genotypes)]

    @classmethod
    def read(cls, stored: Sequence[Any]) -> Self:
        """What `stored` gave."""
        is_highest, means, rows, genotypes = stored
        row_K = np.array(rows, dtype=np.int64)
        return cls(is_highest, np.array(means, dtype=np.float64), row_K, tuple(genotypes))

    def shown(self, first_row: int) -> tuple[TopDesign, ...]:
        """As a report has them; `first_row` is the number of row 0."""
        columns = zip(self.row_K.tolist(), self.genotypes, self.mean_K.tolist(), strict=True)
        return tuple(TopDesign(row=r + first_row, genotype=g, mean=m) for r, g, m in columns)


@dataclass
class LabelSummary:
    """One label's means."""

    total: float = 0.0
    count: int = 0
    low: float = np.inf
    high: float = -np.inf
    histogram: Histogram = field(default_factory=Histogram)
    highest: Extremes = field(default_factory=lambda: Extremes(is_highest=True))
    lowest: Extremes = field(default_factory=lambda: Extremes(is_highest=False))

    def add(self, mean_B: Floats) -> tuple[Codes, Codes]:
        """Count values; returns the places of those that `highest` and `lowest` may want."""
        if len(mean_B):
            self.total += float(mean_B.sum())
            self.count += len(mean_B)
            self.low = min(self.low, float(mean_B.min()))
            self.high = max(self.high, float(mean_B.max()))
            self.histogram = self.histogram.joined(Histogram.of(mean_B))
        return self.highest.candidates(mean_B), self.lowest.candidates(mean_B)

    def join(self, other: "LabelSummary", row_offset: int) -> None:
        """Take another part's rows, whose first is `row_offset`."""
        self.total += other.total
        self.count += other.count
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)
        self.histogram = self.histogram.joined(other.histogram)
        self.highest, self.lowest = (
            mine.joined(theirs.mean_K, theirs.row_K + row_offset, theirs.genotypes)
            for mine, theirs in ((self.highest, other.highest), (self.lowest, other.lowest))
        )

    def stored(self) -> dict[str, Any]:
        """As JSON; `read` is the inverse."""
        return {
            "total": self.total,
            "count": self.count,
            "low": self.low if self.count else None,
            "high": self.high if self.count else None,
            "histogram": self.histogram.stored(),
            "highest": self.highest.stored(),
            "lowest": self.lowest.stored(),
        }

    @classmethod
    def read(cls, stored: dict[str, Any]) -> Self:
        """What `stored` gave."""
        return cls(
            total=stored["total"],
            count=stored["count"],
            low=stored["low"] if stored["count"] else np.inf,
            high=stored["high"] if stored["count"] else -np.inf,
            histogram=Histogram.read(stored["histogram"]),
            highest=Extremes.read(stored["highest"]),
            lowest=Extremes.read(stored["lowest"]),
        )

    def shown(self, name: str, unit: str) -> ScoredLabel:
        """As a report has it."""
        has_any = self.count > 0
        return ScoredLabel(
            name=name,
            unit=unit,
            min=self.low if has_any else None,
            max=self.high if has_any else None,
            mean=self.total / self.count if has_any else None,
            histogram=self.histogram.shown(),
            highest=self.highest.shown(first_row=1),
            lowest=self.lowest.shown(first_row=1),
        )


@dataclass
class Summary:
    """All labels of a part, and what its designs are. None of `extrapolated` is: nobody knows.

    `peak_bytes` is the most memory that a worker held.
    """

    labels: list[LabelSummary]
    row_count: int = 0
    scored_count: int = 0
    orders: Counter[int] = field(default_factory=Counter)
    extrapolated: int | None = 0
    higher_order: int | None = 0
    bad_rows: list[Offender] = field(default_factory=list)
    peak_bytes: int = 0

    @classmethod
    def of_labels(cls, count: int) -> Self:
        """Of nothing yet."""
        return cls([LabelSummary() for _ in range(count)])

    def list_bad(self, offenders: Sequence[Offender]) -> None:
        """Note rows that stand with nulls: the first of all."""
        self.bad_rows += offenders[: LISTED_ROWS - len(self.bad_rows)]

    def add_flagged(self, extrapolated: int | None, higher_order: int | None) -> None:
        """Count designs that are further out than training went."""
        self.extrapolated = _sum(self.extrapolated, extrapolated)
        self.higher_order = _sum(self.higher_order, higher_order)

    def join(self, other: "Summary") -> None:
        """Take the part behind this one."""
        for mine, theirs in zip(self.labels, other.labels, strict=True):
            mine.join(theirs, self.row_count)
        self.row_count += other.row_count
        self.scored_count += other.scored_count
        self.orders += other.orders
        self.add_flagged(other.extrapolated, other.higher_order)
        self.list_bad(other.bad_rows)
        self.peak_bytes = max(self.peak_bytes, other.peak_bytes)

    def shown_orders(self) -> tuple[ScoredOrder, ...]:
        """How many designs of each order were scored."""
        return tuple(ScoredOrder(order=o, count=n) for o, n in sorted(self.orders.items()))

    def to_bytes(self) -> bytes:
        """As a shard's result; `from_bytes` is the inverse."""
        return json.dumps(
            {
                "labels": [label.stored() for label in self.labels],
                "row_count": self.row_count,
                "scored_count": self.scored_count,
                "orders": sorted(self.orders.items()),
                "extrapolated": self.extrapolated,
                "higher_order": self.higher_order,
                "peak_bytes": self.peak_bytes,
                "bad_rows": [o.model_dump(exclude_defaults=True) for o in self.bad_rows],
            }
        ).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """What `to_bytes` gave."""
        stored = json.loads(content)
        return cls(
            labels=[LabelSummary.read(label) for label in stored["labels"]],
            row_count=stored["row_count"],
            scored_count=stored["scored_count"],
            orders=Counter(dict(stored["orders"])),
            extrapolated=stored["extrapolated"],
            higher_order=stored["higher_order"],
            peak_bytes=stored["peak_bytes"],
            bad_rows=[Offender.model_validate(one) for one in stored["bad_rows"]],
        )


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other
