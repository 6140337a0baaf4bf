"""The sections on measured designs: isoprenol, and the E-MAP."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.accuracy_rows.page import table
from benchmarks.proofs.emap import NEGATIVE, POSITIVE, SEED
from benchmarks.proofs.isoprenol import MAIN, OURS
from benchmarks.proofs.pictures import Dots, draw_dots
from benchmarks.proofs.section import Section, beside, joined, made, words
from benchmarks.proofs.verdicts import verdict

_ROWS = {
    "emap_random": "a random fifth of the pairs",
    "emap_unseen": "both genes unseen: a fifth of the genes",
}


def isoprenol_section(found: Mapping[str, Any], folder: Path, pictures: str) -> Section:
    """Good against bad among later designs, and what a search of all sets proposes."""
    apart = found["apart"]
    panels = [
        Dots(f"{name} ({told['good']} of {told['count']})", "AUROC", told["auroc"], (OURS,), 0.5)
        for name, told in apart.items()
        if name in {MAIN, "the highest quarter of all", "good, cycle 5", "good, cycle 6"}
    ]
    draw_dots(folder / "isoprenol.svg", "AUROC of good against bad among later designs", panels)
    names = list(apart[MAIN]["auroc"])
    rows = [
        [name, f"{told['good']} / {told['count']}", *(_short(told["auroc"][n]) for n in names)]
        for name, told in apart.items()
    ]
    searched, agreement = found["search"], found["agreement"]
    report, titers = searched["report"], searched["built_later_titers"]
    text = joined(
        [
            words(
                "isoprenol",
                **{k: found[k] for k in ("trained", "kind", "threshold", "good", "tested")},
            ),
            f"![AUROC among later designs]({pictures}isoprenol.svg)",
            beside([("AUROC", apart[MAIN]["auroc"], apart[MAIN]["above"])], names, OURS),
            table(["AUROC of", "good / all", *names], rows),
            words(
                "isoprenol_search",
                evaluated=sum(order["evaluated_count"] for order in report["orders"]),
                rate=report["designs_per_second"],
                strategy=report["strategy"],
                combined=searched["combined_edits"],
                new=searched["new_in_top"],
                never=searched["never_combined_in_top"],
                known=searched["trained_in_top"],
                orders=", ".join(f"{n} of {k}" for k, n in searched["orders_in_top"].items()),
                built=searched["built_later"],
                built_mean=sum(titers) / len(titers) if titers else float("nan"),
                tested=found["tested"],
                tested_mean=found["tested_mean"],
                half=100 * agreement["above"][1],
                half_good=100 * agreement["above_good"][1],
                half_bad=100 * agreement["above_bad"][1],
                sample=agreement["sample"],
            ),
            made(found),
        ]
    )
    asked = {
        MAIN: "isoprenol, good against bad of cycles 5-6",
        "the highest quarter of all": "isoprenol, the highest quarter of cycles 5-6",
    }
    verdicts = [verdict(q, apart[n]["auroc"], apart[n]["above"], OURS) for n, q in asked.items()]
    return Section(text, tuple(verdicts))


def _short(figure: Mapping[str, float]) -> str:
    return f"{figure['value']:.2f} [{figure['low']:.2f}, {figure['high']:.2f}]"


def emap_section(found: Mapping[str, Any], folder: Path, pictures: str) -> Section:
    """Average precision of both signs in both splits."""
    parts, panels, verdicts = [], [], []
    parts.append(words("emap", negative=NEGATIVE, positive=POSITIVE, seed=SEED))
    parts.append(f"![average precision of strong interactions]({pictures}emap.svg)")
    for row, title in _ROWS.items():
        told = found[row]
        columns = []
        for event, said in (("negative", f"S <= {NEGATIVE}"), ("positive", f"S >= {POSITIVE:g}")):
            figures, rate = told[event], told[event]["rate"]
            columns.append(
                (f"{said} (base {100 * rate:.1f} %)", figures["precision"], figures["above"])
            )
            panels.append(
                Dots(
                    f"{said}, {title}",
                    "average precision",
                    figures["precision"],
                    (told["ours"],),
                    rate,
                )
            )
            question = f"E-MAP {said}, {title}"
            verdicts.append(verdict(question, figures["precision"], figures["above"], told["ours"]))
        kept = [
            [name, *(f"{value:.3f}" for value in values)]
            for name, values in told["kept"].items()
            if len(values) == 3
        ]
        parts += [
            f"**{title[0].upper()}{title[1:]}**: {told['designs']:,} designs of "
            f"{told['gene_pairs']:,} gene pairs.",
            beside(columns, list(told["negative"]["precision"]), told["ours"]),
            f"S <= {NEGATIVE} in all three splits, as evaluated before for the table of accuracy:",
            table(["average precision", "seed 0", "seed 1", "seed 2"], kept),
        ]
    draw_dots(folder / "emap.svg", "Average precision of strong E-MAP interactions", panels)
    return Section(joined([*parts, made(found)]), tuple(verdicts))
