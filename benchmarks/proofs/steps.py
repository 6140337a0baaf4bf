"""Pieces of work that are done once: what was found is kept, and a stopped run goes on from there.

A step is a name and what its outcome depends on; another dependence is another step. A step gives
figures (kept as JSON) or arrays (kept as NPZ), and progress says how long the rest may take.
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Figures = dict[str, Any]
Arrays = dict[str, NDArray[Any]]

T = TypeVar("T")

_FORMAT = 1  # raised when code of this folder changes what comes out


def _say(words: str) -> None:
    print(words, flush=True)


@dataclass
class Steps:
    """The steps of one part, of which `total` are expected."""

    folder: Path
    part: str
    total: int
    tell: Callable[[str], None] = _say
    done: int = 0
    spent: list[float] = field(default_factory=list)

    def _path(self, name: str, depends: Mapping[str, Any], suffix: str) -> Path:
        said = json.dumps({"format": _FORMAT, "name": name, **depends}, sort_keys=True)
        digest = hashlib.sha256(said.encode()).hexdigest()[:12]
        return self.folder / self.part / f"{name.replace(' ', '_')}.{digest}{suffix}"

    def figures(
        self, name: str, depends: Mapping[str, Any], work: Callable[[], Figures]
    ) -> Figures:
        """The figures of a step."""
        path = self._path(name, depends, ".json")
        if not path.exists():
            found = self._timed(name, work)
            self._save(path, json.dumps(found).encode())
        else:
            self._passed(name)
        kept: Figures = json.loads(path.read_text())
        return kept

    def arrays(self, name: str, depends: Mapping[str, Any], work: Callable[[], Arrays]) -> Arrays:
        """The arrays of a step."""
        path = self._path(name, depends, ".npz")
        if not path.exists():
            found = self._timed(name, work)
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part.npz")
            np.savez(part, **found)  # type: ignore[arg-type]
            part.replace(path)
        else:
            self._passed(name)
        with np.load(path, allow_pickle=False) as kept:
            return {key: kept[key] for key in kept.files}

    def _save(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_bytes(content)
        part.replace(path)

    def _timed(self, name: str, work: Callable[[], T]) -> T:
        begin = time.monotonic()
        found = work()
        self.done += 1
        self.spent.append(time.monotonic() - begin)
        left = max(0, self.total - self.done) * sum(self.spent) / len(self.spent)
        self.tell(
            f"{self.part} {self.done}/{self.total}: {name}, {self.spent[-1]:.1f} s; "
            f"at most about {left:.0f} s left"
        )
        return found

    def _passed(self, name: str) -> None:
        self.done += 1
        self.tell(f"{self.part} {self.done}/{self.total}: {name}, kept")
