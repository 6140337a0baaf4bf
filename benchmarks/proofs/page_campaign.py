"""The section on campaigns."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.accuracy_rows.page import table
from benchmarks.proofs.campaign import OURS
from benchmarks.proofs.pictures import draw_curves
from benchmarks.proofs.section import Section, joined, made, words
from benchmarks.proofs.verdicts import Verdict, number, signed, verdict

# Key, words, whether less is better, digits.
_MEASURES = (("regret", "regret", True, 2), ("top", "best tenth found", False, 3))


def _played(campaign: Mapping[str, Any]) -> str:
    low, high = campaign["pool"]
    size = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    turns = f"{campaign['rounds']} rounds of {campaign['batch']}, {campaign['seeds']} seeds"
    return f"{size} designs, {turns}"


def _rows(campaign: Mapping[str, Any]) -> list[list[str]]:
    rows = []
    for name, curves in campaign["strategies"].items():
        against = campaign["against"].get(name)
        rows.append(
            [
                f"**{name}**" if name == OURS else name,
                *(number(curves["regret"][turn], 1) for turn in (1, 3, -1)),
                number(curves["top"][-1], 3),
                signed(against["regret"], 1) if against else "-",
                signed(against["top"], 3) if against else "-",
            ]
        )
    return rows


def _verdicts(name: str, campaign: Mapping[str, Any]) -> list[Verdict]:
    """Means over the rounds."""
    found = []
    for key, said, less, digits in _MEASURES:
        figures = {n: _mean(curves[key][1:]) for n, curves in campaign["strategies"].items()}
        above = {n: against[key] for n, against in campaign["against"].items()}
        question = f"campaign on {name}, {said}"
        found.append(verdict(question, figures, above, OURS, less_is_better=less, digits=digits))
    return found


def _mean(curve: list[dict[str, float]]) -> dict[str, float]:
    return {
        end: sum(point[end] for point in curve) / len(curve) for end in ("value", "low", "high")
    }


def campaign_section(found: Mapping[str, Any], folder: Path, pictures: str) -> Section:
    """Curves, what is left at the end, and differences of the same seeds."""
    campaigns = {name: found[name] for name in ("isoprenol", "oracle")}
    draw_curves(folder / "campaign.svg", "Regret of campaigns by strategy", campaigns)
    head = [
        "strategy", "regret after 1 round", "after 3", "at the end", "best tenth found at the end",
        "regret of ours less this, mean of rounds", "best tenth of ours less this",
    ]  # fmt: skip
    parts = [
        words("campaign", **{name: _played(campaign) for name, campaign in campaigns.items()}),
        f"![regret of campaigns]({pictures}campaign.svg)",
    ]
    for name, campaign in campaigns.items():
        parts += [f"**{name}**, regret in {campaign['unit']}:", table(head, _rows(campaign))]
    verdicts = [v for name, campaign in campaigns.items() for v in _verdicts(name, campaign)]
    return Section(joined([*parts, made(found)]), tuple(verdicts))
