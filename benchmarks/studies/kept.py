"""Figures that took long, kept by name in one JSON file, so that a study goes on where it ended."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

Figures = list[float]


@dataclass(frozen=True)
class Kept:
    """Lists of numbers by name; rounded, so that the file is the same from the same figures."""

    path: Path
    digits: int = 4

    def all(self) -> dict[str, Figures]:
        """What is kept."""
        if not self.path.exists():
            return {}
        found: dict[str, Figures] = json.loads(self.path.read_text())
        return found

    def get(self, name: str, measure: Callable[[], Sequence[float]]) -> Figures:
        """The figures of a name, measured where they are not kept."""
        found = self.all()
        if name not in found:
            found[name] = [round(float(value), self.digits) for value in measure()]
            lines = (f"{json.dumps(key)}: {json.dumps(found[key])}" for key in sorted(found))
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
        return found[name]
