"""A section of the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.accuracy_rows.page import table
from benchmarks.proofs.statistics import Interval
from benchmarks.proofs.verdicts import Verdict, number, signed

TEXTS = Path(__file__).with_name("texts")


@dataclass(frozen=True)
class Section:
    """What it says, and what it comes to."""

    text: str
    verdicts: tuple[Verdict, ...]


def words(name: str, **fields: object) -> str:
    """A text of this folder, with its figures."""
    return (TEXTS / f"{name}.md").read_text().format(**fields).strip()


def joined(parts: Sequence[str]) -> str:
    """Paragraphs."""
    return "\n\n".join(part.strip() for part in parts if part.strip())


def made(found: Mapping[str, Any]) -> str:
    """Where the figures are from."""
    return f"Measured {found['date']} on {found['machine']}."


def beside(
    figures: Sequence[tuple[str, Mapping[str, Interval], Mapping[str, Interval]]],
    names: Sequence[str],
    ours: str,
    digits: int = 3,
) -> str:
    """A table: for each ranking its figures, and ours less its figure."""
    head = [""]
    for title, _, _ in figures:
        head += [title, "ours less this"]
    rows = []
    for name in names:
        cells = [f"**{name}**" if name == ours else name]
        for _, values, above in figures:
            cells += [number(values[name], digits) if name in values else "-"]
            cells += [signed(above[name], digits) if name in above else "-"]
        rows.append(cells)
    return table(head, rows)
