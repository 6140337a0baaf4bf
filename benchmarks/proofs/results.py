"""What is kept of the proofs in git: one JSON a part, with where and when it was found."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.machine import processor
from benchmarks.proofs.steps import Figures

RESULTS = Path(__file__).parents[1] / "results" / "search_proof"
_DIGITS = 6


def rounded(value: Any) -> Any:  # noqa: ANN401
    """Figures with the digits that somebody may read."""
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}")
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return [rounded(item) for item in value] if isinstance(value, list | tuple) else value


def save(folder: Path, part: str, figures: Figures) -> Path:
    """Write a part."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{part}.json"
    said = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "machine": processor(), **figures}
    path.write_text(json.dumps(rounded(said), indent=1) + "\n")
    return path


def read(folder: Path, part: str) -> Figures | None:
    """A part; None if it was not run."""
    path = folder / f"{part}.json"
    if not path.exists():
        return None
    found: Figures = json.loads(path.read_text())
    return found
