"""The short table of the README, between two marks."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.accuracy_rows.page import difference_words, reached_words, table
from benchmarks.accuracy_rows.summary import Standing

BEGIN, END = "<!-- accuracy: begin -->", "<!-- accuracy: end -->"


def _row(standing: Standing) -> list[str]:
    row, chosen, best = standing.row, standing.chosen, standing.best_null
    digits = standing.digits
    return [
        f"{row.data}: {row.title}",
        row.metric,
        f"{chosen.median():.{digits}f} `{chosen.kind}`" if chosen else "not evaluated",
        f"{best.median():.{digits}f} `{best.model}`" if best else "-",
        difference_words(standing),
        row.required_words,
        reached_words(standing) if chosen else "-",
    ]


def short_table(found: Sequence[Standing]) -> str:
    """One line a row."""
    head = ("data: held out", "metric", "ours", "best null", "difference [95 %]")
    return table((*head, "required", "reached"), [_row(standing) for standing in found])


def write_readme(found: Sequence[Standing], path: Path) -> None:
    """Put the table between its marks; a page without them is left alone."""
    text = path.read_text()
    if BEGIN not in text or END not in text:
        return
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(f"{before}{BEGIN}\n{short_table(found)}\n{END}{after}")
