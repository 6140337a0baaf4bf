"""The section on campaigns."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.accuracy_rows.page import table
from benchmarks.proofs.campaign import NETWORK, NULLS, OURS, SHEET, SHEETS
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


def _rows(campaign: Mapping[str, Any], names: Sequence[str], ours: str) -> list[list[str]]:
    rows = []
    for name in names:
        curves, against = campaign["strategies"][name], campaign["against"][ours].get(name)
        rows.append(
            [
                f"**{name}**" if name == ours else name,
                *(number(curves["regret"][turn], 1) for turn in (1, 3, -1)),
                number(curves["top"][-1], 3),
                signed(against["regret"], 1) if against else "-",
                signed(against["top"], 3) if against else "-",
            ]
        )
    return rows


def _added(campaign: Mapping[str, Any]) -> list[list[str]]:
    """Each sheet less the highest means of the same kind of model."""
    rows = []
    for name in SHEETS:
        greedy = OURS if name.startswith(OURS) else NETWORK
        against = campaign["against"][name][greedy]
        seeds = min(campaign["strategies"][one]["seeds"] for one in (name, greedy))
        rows.append(
            [name, greedy, str(seeds), signed(against["regret"], 1), signed(against["top"], 3)]
        )
    return rows


def _verdicts(name: str, campaign: Mapping[str, Any], ours: str, said: str) -> list[Verdict]:
    """Means over the rounds, beside nulls: no model of ours is one."""
    own = [other for other in campaign["strategies"] if other not in NULLS and other != ours]
    found = []
    for key, measure, less, digits in _MEASURES:
        figures = {n: _mean(curves[key][1:]) for n, curves in campaign["strategies"].items()}
        above = {n: against[key] for n, against in campaign["against"][ours].items()}
        question = f"campaign on {name}{said}, {measure}"
        found.append(
            verdict(question, figures, above, ours, own=own, less_is_better=less, digits=digits)
        )
    return found


def _mean(curve: list[dict[str, float]]) -> dict[str, float]:
    return {
        end: sum(point[end] for point in curve) / len(curve) for end in ("value", "low", "high")
    }


_HEAD = [
    "strategy", "regret after 1 round", "after 3", "at the end", "best tenth found at the end",
    "regret of ours less this, mean of rounds", "best tenth of ours less this",
]  # fmt: skip
_ADDED = [
    "order sheet", "less the highest means of", "seeds", "regret, mean of rounds",
    "best tenth found",
]  # fmt: skip


def _tables(campaigns: Mapping[str, Mapping[str, Any]], names: Sequence[str], ours: str) -> str:
    parts = []
    for name, campaign in campaigns.items():
        parts.append(f"**{name}**, regret in {campaign['unit']}:")
        parts.append(table(_HEAD, _rows(campaign, names, ours)))
    return joined(parts)


def campaign_section(found: Mapping[str, Any], folder: Path, pictures: str) -> Section:
    """Curves, what is left at the end, and differences of the same seeds."""
    campaigns = {name: found[name] for name in ("isoprenol", "oracle")}
    greedy, sheets = [OURS, *NULLS], [SHEET, *(n for n in SHEETS if n != SHEET), NETWORK, *NULLS]
    draw_curves(folder / "campaign.svg", "Regret of campaigns by strategy", campaigns, greedy)
    draw_curves(
        folder / "campaign_sheets.svg",
        "Regret of campaigns that fill order sheets",
        campaigns,
        [name for name in sheets if name not in {"ridge", "edit frequency"}],
    )
    few = min(campaign["strategies"][SHEET]["seeds"] for campaign in campaigns.values())
    parts = [
        words("campaign", **{name: _played(campaign) for name, campaign in campaigns.items()}),
        f"![regret of campaigns]({pictures}campaign.svg)",
        _tables(campaigns, greedy, OURS),
        words("campaign_sheets", few=few),
        f"![regret of campaigns that fill order sheets]({pictures}campaign_sheets.svg)",
        _tables(campaigns, sheets, SHEET),
        words("campaign_added"),
    ]
    for name, campaign in campaigns.items():
        parts += [f"**{name}**, regret in {campaign['unit']}:", table(_ADDED, _added(campaign))]
    verdicts = [
        v
        for ours, said in ((OURS, ""), (SHEET, " by order sheets"))
        for name, campaign in campaigns.items()
        for v in _verdicts(name, campaign, ours, said)
    ]
    return Section(joined([*parts, made(found)]), tuple(verdicts))
