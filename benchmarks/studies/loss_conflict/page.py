"""docs/studies/loss_conflict.md, with every figure from the run."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.studies.loss_conflict.arms import (
    CROSSED,
    FORMS,
    MSE,
    Arm,
    Form,
    Terms,
    factorial,
)
from benchmarks.studies.loss_conflict.claims import Claim, all_claims
from benchmarks.studies.loss_conflict.figures import compared_arms
from benchmarks.studies.loss_conflict.reader import Reader, pair
from benchmarks.studies.loss_conflict.results import Floats, Results, interval

TEXT = Path(__file__).with_name("page.md")


@dataclass(frozen=True)
class Setting:
    """What the page says of its run: when, on what, how long."""

    date: str
    hardware: str
    versions: str
    processes: int
    command: str


def _spread(value_S: Floats, digits: int = 3) -> str:
    """Mean +- sd over the seeds that have a value."""
    found = interval(value_S)
    if np.isnan(found.mean):
        return "-"
    spread = "" if np.isnan(found.sd) else f" +- {found.sd:.{digits}f}"
    return f"{found.mean:.{digits}f}{spread}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + ":--|" + "--:|" * (len(head) - 1)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def _claims(claims: Sequence[Claim]) -> str:
    parts = []
    for place, claim in enumerate(claims, start=1):
        verdict = "Holds." if claim.holds else "**Does not hold in this run.**"
        lines = [f"{place}. {claim.sentence} {verdict}"]
        lines += [f"   * {figure}" for figure in claim.figures]
        parts.append("\n".join(lines))
    return "\n".join(parts)


def _for_each_source(
    results: Results, names: Mapping[str, str], table: Callable[[str], str]
) -> str:
    return "\n\n".join(f"**{names[source]}**\n\n{table(source)}" for source in results.sources)


def _gradient_rows(results: Results, source: str) -> Iterable[Sequence[str]]:
    for form in FORMS:
        arms = (
            MSE,
            Arm(Terms.SUPCR, form),
            Arm(Terms.BOTH, form),
            Arm(Terms.BOTH, form, is_split=True),
            Arm(Terms.BOTH, form, is_pcgrad=True),
        )
        for arm in arms:
            cosines = [
                _spread(results.over_training(source, arm, f"{place} {pair(form)}"), 2)
                for place in ("latent", "parameter")
            ]
            cosines += [
                _spread(results.over_training(source, arm, f"latent cosine mse/{other}"), 2)
                for other in (form, "composition")
            ]
            lasts = [f"off share {form}", f"added share {form}"]
            lasts += [f"latent norm {name}" for name in ("mse", str(form), "composition")]
            found = [_spread(results.last(source, arm, key)) for key in lasts]
            yield [f"{arm}" + (f" (looked at: {form})" if arm is MSE else ""), *cosines, *found]


def gradient_tables(results: Results, names: Mapping[str, str]) -> str:
    """Cosines between SupCR and composition, the off share, and norms."""
    head = (
        "trained on mse and", "supcr/composition, latents", "supcr/composition, parameters",
        "mse/supcr, latents", "mse/composition, latents", "off share", "share for r", "norm mse",
        "norm supcr", "norm composition",
    )  # fmt: skip
    return _for_each_source(
        results, names, lambda source: _table(head, _gradient_rows(results, source))
    )


def _value_row(results: Results, source: str, arm: Arm) -> Sequence[str]:
    shown: Form | None = arm.form
    keys = ["value mse", f"value {shown}" if shown else "", f"whole {shown}" if shown else ""]
    keys += ["value composition", "residual", "shift length"]
    return [str(arm), *(_spread(results.last(source, arm, key)) if key else "-" for key in keys)]


def value_tables(results: Results, names: Mapping[str, str]) -> str:
    """Final values of every loss, and the residual."""
    head = (
        "trained on mse and", "mse", "supcr", "supcr, whole latent", "composition",
        "residual over z_P", "length of z_P",
    )  # fmt: skip
    return _for_each_source(
        results,
        names,
        lambda source: _table(head, [_value_row(results, source, arm) for arm in factorial()]),
    )


def _rank_row(results: Results, source: str, arm: Arm, *, has_up: bool) -> Sequence[str]:
    keys = [f"{when} {reading}" for when in ("kept", "last") for reading in ("intact", "compose")]
    keys += ["kept intact up", "kept compose up"] * has_up + ["last agreement"]
    kept_S = results.final(source, arm, "best epoch")
    moved = f"{int((kept_S > 0).sum())} of {len(kept_S)}"
    return [str(arm), *(_spread(results.final(source, arm, key)) for key in keys), moved]


def rank_tables(results: Results, names: Mapping[str, str]) -> str:
    """Held-out Spearman of both readings."""

    def table(source: str) -> str:
        start_S = results.final(source, MSE, "start intact")
        has_up = bool(np.isfinite(results.final(source, MSE, "kept intact up")).any())
        head = ["trained on mse and", "y_intact kept", "y_compose kept", "y_intact last"]
        head += ["y_compose last"]
        head += ["y_intact kept, triples", "y_compose kept, triples"] * has_up
        head += ["agreement last", "left its start"]
        rows = [_rank_row(results, source, arm, has_up=has_up) for arm in factorial()]
        return f"Additive start (ridge): {_spread(start_S)}.\n\n{_table(head, rows)}"

    return _for_each_source(results, names, table)


def _sizes(results: Results, names: Mapping[str, str]) -> str:
    lines = []
    for source in results.sources:
        counts = [int(results.final(source, MSE, key)[0]) for key in ("trained", "tested")]
        lines.append(f"{names[source]} {counts[0]} designs trained on and {counts[1]} held out")
    return "; ".join(lines)


def yielded_table(results: Results, names: Mapping[str, str]) -> str:
    """Share of SupCR's gain that composition takes away, by source and form."""
    reader = Reader(results, names)
    rows = [
        [str(form)]
        + [
            interval(reader.yielded(source, form)).text(2, signed=False)
            for source in results.sources
        ]
        for form in (*FORMS, *CROSSED)
    ]
    return _table(["supcr", *(names[source] for source in results.sources)], rows)


def beyond(results: Results, names: Mapping[str, str]) -> str:
    """Held-out differences from mse alone whose intervals exclude 0, of the weights kept."""
    reader = Reader(results, names)
    found = []
    for source in results.sources:
        for name, arm in compared_arms():
            for reading in ("intact", "compose"):
                each = reader.rank(source, arm, MSE, f"kept {reading}")
                if each.low > 0 or each.high < 0:
                    found.append(f"{names[source]}, {name}, y_{reading} {each.text()}")
    return "; ".join(found) or "none"


def core_minutes(results: Results) -> float:
    """Processor time of all trainings."""
    return sum(o.final["core seconds"] for o in results.outcomes.values()) / 60.0


def page(results: Results, names: Mapping[str, str], setting: Setting) -> str:
    """The whole page. Braces of the text are filled; it has no others."""
    claims = all_claims(Reader(results, names))
    collapsed = sum(o.final["collapsed"] for o in results.outcomes.values())
    return TEXT.read_text().format(
        date=setting.date,
        hardware=setting.hardware,
        versions=setting.versions,
        processes=setting.processes,
        command=setting.command,
        core_minutes=f"{core_minutes(results):.0f}",
        trainings=len(results.outcomes),
        collapsed=int(collapsed),
        arms=len(factorial()),
        epochs=results.epochs,
        seeds=", ".join(str(seed) for seed in results.seeds),
        seed_count=len(results.seeds),
        sizes=_sizes(results, names),
        held=sum(claim.holds for claim in claims),
        claim_count=len(claims),
        claims=_claims(claims),
        gradient_tables=gradient_tables(results, names),
        value_tables=value_tables(results, names),
        yielded=yielded_table(results, names),
        beyond=beyond(results, names),
        rank_tables=rank_tables(results, names),
    )
