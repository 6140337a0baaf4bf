"""What was evaluated: one JSON a row, model and seed; predictions beside them; and the log."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

RESULTS = Path(__file__).parents[1] / "results" / "accuracy"
LOG = "evaluations.jsonl"

Result = dict[str, Any]


@dataclass(frozen=True)
class Key:
    """One evaluation. Data and split are those of the row."""

    row: str
    model: str
    seed: int

    @property
    def stem(self) -> str:
        """Name of its files."""
        return f"{self.row}.{self.model}.{self.seed}"


@dataclass(frozen=True)
class Store:
    """`results` is kept in git; predictions are too large for it and are made again if missing."""

    results: Path
    work: Path

    def result(self, key: Key, fingerprint: str | None = None) -> Result | None:
        """What was found; None if it was not, or of another spec, data or split."""
        path = self.results / f"{key.stem}.json"
        if not path.exists():
            return None
        found: Result = json.loads(path.read_text())
        return found if fingerprint in {None, found["fingerprint"]} else None

    def save(self, key: Key, result: Result) -> None:
        """Write whole or not at all."""
        self.results.mkdir(parents=True, exist_ok=True)
        part = self.results / f"{key.stem}.part"
        part.write_text(json.dumps(result, indent=1, sort_keys=True) + "\n")
        part.replace(self.results / f"{key.stem}.json")

    def log(self, entry: Mapping[str, Any]) -> None:
        """Add a line; none is ever changed."""
        self.results.mkdir(parents=True, exist_ok=True)
        with (self.results / LOG).open("a") as file:
            file.write(json.dumps(entry, sort_keys=True) + "\n")

    def logged(self) -> list[Result]:
        """Every line of the log; one with `logged_afterwards` was made beside this program."""
        path = self.results / LOG
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def _predictions(self, key: Key, fingerprint: str) -> Path:
        return self.work / "predictions" / f"{key.stem}.{fingerprint[:12]}.npy"

    def predictions(self, key: Key, fingerprint: str) -> NDArray[np.float64] | None:
        """Predictions of an evaluation, where they are still here."""
        path = self._predictions(key, fingerprint)
        if not path.exists():
            return None
        found: NDArray[np.float64] = np.load(path)
        return found

    def keep(self, key: Key, fingerprint: str, value_K: NDArray[np.float64]) -> None:
        """Keep predictions for comparisons."""
        path = self._predictions(key, fingerprint)
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, value_K)

    def all(self, row: str) -> list[Result]:
        """Every kept result of a row."""
        paths = sorted(self.results.glob(f"{row}.*.json"))
        return [json.loads(path.read_text()) for path in paths]
