"""The section on the oracle."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.accuracy_rows.page import table
from benchmarks.proofs.ecoli import COMPOSED, LEAST_GROWTH, OURS, TOP
from benchmarks.proofs.page_trainings import together, trainings
from benchmarks.proofs.pictures import Dots, draw_dots
from benchmarks.proofs.results import read
from benchmarks.proofs.section import Section, beside, joined, made, words
from benchmarks.proofs.verdicts import number, signed, verdict


def _models(found: Mapping[str, Any]) -> list[str]:
    return [
        OURS,
        COMPOSED,
        *(name for name in found["gap"]["100"]["recall"] if name not in {OURS, COMPOSED}),
    ]


def _proposed(found: Mapping[str, Any]) -> str:
    rows = [
        [name, number(told["truly_grow"]), number(told["mean_product"])]
        for name, told in found["models"].items()
        if "truly_grow" in told
    ]
    head = [
        f"first {TOP} proposals of",
        "share that truly grows",
        "mean product of these, 0 where not",
    ]
    return table(head, rows)


def _coverage(selected: Mapping[str, Any]) -> str:
    rows = []
    for name, told in selected.items():
        for label, figures in told["coverage"].items():
            shown = "drawn at random" if name == "anyhow" else f"{name} proposals"
            inside = number(figures["in_interval"]) if "in_interval" in figures else "-"
            rows.append(
                [
                    shown,
                    label,
                    str(figures["count"]),
                    inside,
                    number(figures["within_sd"]),
                    signed(figures["error"]),
                ]
            )
    head = [
        "triples",
        "label",
        "count",
        "in the 90 % interval",
        "within 1.64 sd",
        "prediction less truth",
    ]
    return table(head, rows)


def _errors(selected: Mapping[str, Any]) -> str:
    rows = []
    for name, told in selected.items():
        errors = told.get("errors", {})
        cells = [
            signed(errors[key]) if key in errors else "-"
            for key in ("compose_mean", "intact_mean", "shrunk_mean")
        ]
        if errors:
            rows.append([f"{name} proposals", *cells, str(errors["dead"])])
    head = [
        "product less its truth, mmol/gDW/h",
        "y_compose (ranked by)",
        "y_intact (checked by)",
        "shrunk",
        "dead",
    ]
    return table(head, rows)


def _strategies(told: Mapping[str, Any]) -> str:
    """Time by strategy, and how far the proposals are the same."""
    rows = []
    for name, arm in told["arms"].items():
        report, (order,) = arm["report"], arm["report"]["orders"]
        rows.append(
            [
                name,
                f"{order['evaluated_count']:,}",
                f"{order['infeasible_count']:,}",
                f"{report['seconds']:.2f}",
                f"{report['designs_per_second']:,.0f}",
                f"{arm['seconds']:.2f}",
                report["kernel"] or "-",
            ]
        )
    head = [
        "strategy", "evaluated", "not feasible", "s through all", "triples/s", "s with the check",
        "kernel",
    ]  # fmt: skip
    said = "; ".join(
        f"of the first {int(k):,} of each {found['shared']:,} are the same, {found['same_rank']:,} "
        f"at the same rank, and no value differs by more than {found['largest_difference']:.1g}"
        for k, found in told["agreement"].items()
    )
    notes = [note for arm in told["arms"].values() for note in arm["report"]["notes"]]
    said = " ".join([said[0].upper() + said[1:] + ".", *dict.fromkeys(notes)])
    return f"{table(head, rows)}\n\n{said}"


def _picture(found: Mapping[str, Any], path: Path) -> None:
    counts = list(found["gap"])
    panels = [
        Dots(
            f"triples below their pairs, first {k}",
            "recall",
            found["gap"][k]["recall"],
            (OURS, COMPOSED),
        )
        for k in counts
    ]
    panels += [
        Dots(f"the best product, first {k}", "recall", found["product"][k]["recall"], (OURS,))
        for k in counts
    ]
    draw_dots(path, "Recall of what is there among all triples of e_coli_core", panels)


def ecoli_section(own: Mapping[str, Any], folder: Path, pictures: str) -> Section:
    """Recall beside nulls, and what was promised of the selected."""
    earlier, seeds = (read(folder, f"ecoli_{name}") for name in ("earlier", "seeds"))
    runs = [run for run in (own, earlier) if run is not None]
    found = together(runs)
    _picture(found, folder / "ecoli.svg")
    names, counts = _models(found), list(found["gap"])
    gap, product = (
        [(f"recall at {int(k):,}", found[key][k]["recall"], found[key][k]["above"]) for k in counts]
        for key in ("gap", "product")
    )
    report = found["models"][OURS]["report"]
    selected = found["models"][OURS]["selected"]
    calibrated = selected["anyhow"]["coverage"]["product"].get("calibrated_on", "nothing")
    text = joined(
        [
            words(
                "ecoli",
                share=100 * found["gaps"] / found["triples"],
                most=min(1.0, 100 / found["gaps"]),
                **_plain(found),
            ),
            f"![recall among all triples]({pictures}ecoli.svg)",
            beside(gap, names, OURS),
            "" if seeds is None else trainings(runs, seeds),
            words(
                "ecoli_product",
                least=LEAST_GROWTH,
                top=TOP,
                strategy=report["strategy"],
                rate=report["designs_per_second"],
                mean_best=found["mean_best_product"],
                highest=found["best_product"],
                most_best=min(1.0, 100 / found["best"]),
                **_plain(found),
            ),
            beside(product, [name for name in names if name != COMPOSED], OURS),
            _proposed(found),
            words("ecoli_strategies"),
            _strategies(found["models"][OURS]["strategies"]),
            words("ecoli_selected", calibrated=calibrated),
            _coverage(selected),
            _errors(selected),
            made(own),
        ]
    )
    verdicts = [
        verdict(
            f"{title} at {int(k):,}",
            found[key][k]["recall"],
            found[key][k]["above"],
            OURS,
            own=(COMPOSED,),
        )
        for key, title in (
            ("gap", "FBA triples below their pairs"),
            ("product", "FBA best product"),
        )
        for k in counts
    ]
    return Section(text, tuple(verdicts))


def _plain(found: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if isinstance(value, int)}
