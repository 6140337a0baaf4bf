"""What a client was told, beside what it should have been told."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

from benchmarks.serving_rows.paced_client import Exchange

# The order in which a batch adds up differs, and its float64 with it.
RELATIVE = 1e-9


@dataclass
class Ledger:
    """Every request of a run; `means` are the right values by version, one a body.

    The alias that is asked for means version `old`, and from `switch_time` on version `new`. What
    was answered before is by the old one, what is sent after by the new one; what was under way at
    that moment may be by either.
    """

    means: Mapping[int, Sequence[float]]
    old: int
    new: int
    switch_time: float = math.inf
    rows: list[tuple[int, float, float, int, int, float]] = field(default_factory=list)

    def heard(self, exchange: Exchange) -> None:
        """Write an answer down."""
        version, mean = 0, math.nan
        if exchange.status == 200:
            answer = json.loads(exchange.content)
            version, mean = answer["model_version"], answer["labels"][0]["mean"][0]
        self.rows.append(
            (exchange.number, exchange.sent, exchange.answered, exchange.status, version, mean)
        )

    def faults(self) -> Counter[str]:
        """What is wrong, and how often."""
        found: Counter[str] = Counter()
        numbers = [row[0] for row in self.rows]
        found["answered twice"] = len(numbers) - len(set(numbers))
        for number, sent, answered, status, version, mean in self.rows:
            if status != 200:
                found[f"status {status}"] += 1
                continue
            if version not in self._allowed(sent, answered):
                found["wrong version"] += 1
            values = self.means.get(version, ())
            if not values or not math.isclose(mean, values[number % len(values)], rel_tol=RELATIVE):
                found["wrong value"] += 1
        return +found

    def _allowed(self, sent: float, answered: float) -> set[int]:
        if answered < self.switch_time:
            return {self.old}
        return {self.new} if sent > self.switch_time else {self.old, self.new}

    def latencies_ms(self) -> tuple[float, float, float]:
        """Median, 99th percentile and the longest."""
        found = sorted(1e3 * (row[2] - row[1]) for row in self.rows)
        percent = quantiles(found, n=100)
        return percent[49], percent[98], found[-1]

    def count(self, version: int) -> int:
        """How many answers a version has given."""
        return sum(row[4] == version for row in self.rows)

    def write(self, path: Path) -> None:
        """The whole ledger as TSV."""
        names = ("request", "sent", "answered", "status", "version", "mean")
        lines = ["\t".join(map(str, row)) for row in (names, *self.rows)]
        path.write_text("\n".join(lines) + "\n")
