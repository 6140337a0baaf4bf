"""benchmarks/results/accuracy.md, from what is kept."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.accuracy_rows.picture import draw
from benchmarks.accuracy_rows.store import LOG, Result, Store
from benchmarks.accuracy_rows.summary import Scored, Standing, standings

NOTES = Path(__file__).with_name("notes.md")
HEAD = Path(__file__).with_name("head.md")


def _cell(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + ":--|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def difference_words(standing: Standing) -> str:
    """Difference to the best null and its interval."""
    found = standing.difference
    if found is None:
        return "-"
    value, low, high = (f"{found[k]:+.{standing.digits}f}" for k in ("difference", "low", "high"))
    return f"{value} [{low}, {high}]"


def reached_words(standing: Standing) -> str:
    """Whether what is required was reached."""
    if standing.is_required_reached is None:
        return "not evaluated" if standing.chosen is None else "open: not compared yet"
    if standing.is_stretch_reached and standing.is_required_reached:
        return "stretch"
    return "yes" if standing.is_required_reached else "**no**"


def ours_words(standing: Standing) -> str:
    """Median, and each seed."""
    if standing.chosen is None:
        return "-"
    values = ", ".join(_cell(v, standing.digits) for v in standing.chosen.values())
    return f"**{_cell(standing.chosen.median(), standing.digits)}** ({values})"


def _main_row(standing: Standing) -> list[str]:
    row, chosen, best = standing.row, standing.chosen, standing.best_null
    return [
        row.data,
        f"{row.title}, {row.metric}",
        row.references,
        f"{row.required_words} / {row.stretch:g}",
        f"`{chosen.kind}`" if chosen else "-",
        ours_words(standing),
        f"`{best.model}` {_cell(best.median(), standing.digits)}" if best else "-",
        difference_words(standing),
        reached_words(standing),
        f"{chosen.seconds:.0f}" if chosen else "-",
    ]


def _figures(result: Result, seeds: str, scored: Scored, digits: int) -> list[str]:
    extra = ["spearman_within_cycles"] if scored.row.cycles else []
    extra += ["r2_beyond_bound"] if "r2_beyond_bound" in result["metrics"] else []
    names = ["spearman", "pearson", "r2", *extra, "average_precision"]
    return [seeds, *(_cell(_median(scored, name), digits) for name in names)]


def _median(scored: Scored, name: str) -> float | None:
    known = [r for r in scored.results if r["metrics"].get(name) is not None]
    return scored.median(name) if known else None


def _detail(standing: Standing) -> str:
    """All figures of a row, of every model."""
    models = [*([standing.chosen] if standing.chosen else []), *standing.others, *standing.nulls]
    if not models:
        return f"## {standing.row.name}\n\nNot evaluated yet."
    first = models[0].results[0]["metrics"]
    head = ["model", "seeds", "Spearman", "Pearson", "R2"]
    head += ["Spearman within cycles"] if standing.row.cycles else []
    head += ["R2 of growth less its bound"] if "r2_beyond_bound" in first else []
    head += ["average precision"]
    rows = []
    for scored in models:
        name = _name(standing, scored)
        seeds = ", ".join(str(result["seed"]) for result in scored.results)
        rows.append([name, *_figures(scored.results[0], seeds, scored, standing.digits)])
        compose = scored.results[0]["metrics"].get("y_compose")
        if compose:
            rows.append([f"{name}, y_compose", *_compose(scored, seeds, standing.digits)])
    sizes = sorted({int(r["metrics"]["design_count"]) for m in models for r in m.results})
    sets = sorted({int(r["metrics"]["gene_set_count"]) for m in models for r in m.results})
    lines = [
        f"## {standing.row.name}",
        f"{standing.row.data}, {standing.row.title}: {_span(sizes)} designs of {_span(sets)} gene "
        f"sets are tested. Average precision finds {standing.row.event.name} (base rate "
        f"{100 * first['base_rate']:.3g} %). Medians over the seeds.",
        table(head, rows),
    ]
    if standing.chosen:
        lines.append(f"Chosen by: {standing.chosen.results[0]['selection']}")
    lines += [_other(scored) for scored in standing.others]
    return "\n\n".join(lines)


def _name(standing: Standing, scored: Scored) -> str:
    if scored is standing.chosen:
        return f"**{scored.kind}** (chosen)"
    return f"`{scored.kind}` (other)" if scored in standing.others else f"`{scored.model}`"


def _other(scored: Scored) -> str:
    """What a model beside the chosen one took, and why it is as it is."""
    first = scored.results[0]
    return (
        f"`{scored.kind}`, measured beside it: {first['seconds']:.0f} s and "
        f"{first['core_seconds']:.0f} core seconds with seed {first['seed']}. {first['selection']}"
    )


def _compose(scored: Scored, seeds: str, digits: int) -> list[str]:
    results = tuple(r | {"metrics": r["metrics"]["y_compose"]} for r in scored.results)
    own = Scored(scored.model, scored.row, results)
    return _figures(results[0], seeds, own, digits)


def _span(counts: Sequence[int]) -> str:
    return f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"


def _made_on(found: Sequence[Standing]) -> str:
    results = [
        r
        for s in found
        for m in (s.chosen, *s.others, *s.nulls)
        if m is not None
        for r in m.results
    ]
    if not results:
        return "Nothing was evaluated yet."
    dates = sorted(str(result["date"])[:10] for result in results)
    machines = ", ".join(sorted({str(result["machine"]) for result in results}))
    core_minutes = sum(float(result["core_seconds"]) for result in results) / 60
    span = dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"
    return f"Evaluated {span} on {machines}, one thread; {core_minutes:.0f} core minutes in all."


def _head(store: Store) -> str:
    logged = store.logged()
    afterwards = sum("logged_afterwards" in entry for entry in logged)
    text = HEAD.read_text().strip()
    return text.format(log=LOG, logged=len(logged), afterwards=afterwards)


def write_page(store: Store) -> Path:
    """Write the page beside the results, and the picture into docs/images; returns the page."""
    found = standings(store)
    head = (
        "data", "held out, metric", "measured references", "required / stretch", "model", "ours",
        "best null", "difference [95 %]", "reached", "s a seed",
    )  # fmt: skip
    parts = [
        _head(store),
        _made_on(found),
        table(head, [_main_row(standing) for standing in found]),
        NOTES.read_text().strip() if NOTES.exists() else "",
        *(_detail(standing) for standing in found),
    ]
    path = store.results.parent / "accuracy.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n\n".join(part for part in parts if part) + "\n")
    draw(found, store.results.parent / "accuracy.svg")
    return path
