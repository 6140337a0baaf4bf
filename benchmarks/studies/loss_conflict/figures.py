"""The figures of the page."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from benchmarks.charts import (
    Axis,
    Dash,
    Panel,
    Point,
    axis_around,
    legend,
    page,
    text,
)
from benchmarks.studies.loss_conflict.arms import (
    COSINE,
    CROSSED,
    FORMS,
    MSE,
    NEG_L2,
    Arm,
    Form,
    Terms,
)
from benchmarks.studies.loss_conflict.construction import descent, mean_off_share
from benchmarks.studies.loss_conflict.reader import pair
from benchmarks.studies.loss_conflict.results import Floats, Results, interval

COLORS: dict[Form | None, str] = {COSINE: "#c2571a", NEG_L2: "#1f6296", None: "#666666"}
OFFSETS = (0.0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)
RESIDUALS = (0.0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0)
STEPS = 40
# A trained latent has |z_W| about twice |z_P|.
OFFSET = 2.0

CROSSED_COLOR = "#3c8d4f"

_SHARE = Axis(0.0, 0.6, (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6), "off share of SupCR")
_COSINE = Axis(-1.0, 1.0, (-1, -0.5, 0, 0.5, 1), "cosine")
_BY_FORM: list[tuple[str, str, Dash]] = [(str(form), COLORS[form], "solid") for form in FORMS]


def _curve_of(panel: Panel, points: Mapping[Form, Sequence[Point]]) -> list[str]:
    return panel.frame() + [panel.curve(points[form], COLORS[form]) for form in FORMS]


def construction(draws: int = 4) -> str:
    """What the formulas alone say."""
    by_offset = Axis(0.0, 4.0, (0, 1, 2, 3, 4), "|z_W| / |z_P|, at r = 0")
    by_residual = Axis(0.0, 1.0, (0, 0.25, 0.5, 0.75, 1), f"|r| / |z_P|, at |z_W| = {OFFSET:g}")
    by_step = Axis(0.0, STEPS, (0, 10, 20, 30, 40), "steps down SupCR alone")
    left, middle, right = (Panel(70 + 300 * k, 50, 215, 210, *axes) for k, axes in enumerate((
        (by_offset, _SHARE, "on the composition"),
        (by_residual, _SHARE, "beside it"),
        (by_step, Axis(0.0, 0.5, (0, 0.1, 0.2, 0.3, 0.4, 0.5), "|r| / |z_P|"), "left alone"),
    )))  # fmt: skip
    offset = {
        form: [(x, mean_off_share(form, offset=x, residual=0.0, draws=draws)) for x in OFFSETS]
        for form in FORMS
    }
    residual = {
        form: [(x, mean_off_share(form, offset=OFFSET, residual=x, draws=draws)) for x in RESIDUALS]
        for form in FORMS
    }
    course = {
        form: list(enumerate(descent(form, offset=OFFSET, steps=STEPS, draws=draws)))
        for form in FORMS
    }
    parts = _curve_of(left, offset) + _curve_of(middle, residual) + _curve_of(right, course)
    parts += legend(90, 322, _BY_FORM)
    label = "Share of SupCR's gradient that breaks the composition, for free latents"
    return page(930, 350, label, parts)


def _measured(
    panel: Panel, epochs: Sequence[int], value_ES: Floats, color: str, dash: Dash
) -> list[str]:
    """Mean over seeds, and one sd to either side."""
    with np.errstate(invalid="ignore"):
        mean_E, sd_E = value_ES.mean(axis=1), value_ES.std(axis=1, ddof=1)
    low, high, mean = (
        list(zip(epochs, y_E.tolist(), strict=True))
        for y_E in (mean_E - sd_E, mean_E + sd_E, mean_E)
    )
    return [panel.band(low, high, color), panel.curve(mean, color, dash)]


Row = tuple[str, Axis, Callable[[Form], str]]


def _by_epoch(results: Results, names: Mapping[str, str], rows: Sequence[Row]) -> list[str]:
    """One row of panels a quantity, one column a source, and what the lines are."""
    ticks = [tick for tick in (0, 1, 5, 10, 20, 40, 80) if tick <= results.epochs]
    epoch = Axis(0.0, results.epochs, ticks, "epoch", "sqrt")
    parts: list[str] = []
    for column, source in enumerate(results.sources):
        for row, (title, axis, key_of) in enumerate(rows):
            place_at = (75.0 + 430 * column, 40.0 + 255 * row)
            panel = Panel(*place_at, 350, 190, epoch, axis, f"{names[source]}: {title}")
            parts += panel.frame()
            for form in FORMS:
                lines: list[tuple[Arm, Dash]] = [(MSE, "dashed"), (Arm(Terms.BOTH, form), "solid")]
                for arm, dash in lines:
                    found = results.course(source, arm, key_of(form))
                    parts += _measured(panel, *found, COLORS[form], dash)
    bottom = 50 + 255 * len(rows)
    keys: list[tuple[float, str, Dash]] = [
        (80, "both terms", "solid"),
        (400, "mse alone", "dashed"),
    ]
    for left, words, dash in keys:
        entries = [(f"{form}: trained on {words}", COLORS[form], dash) for form in FORMS]
        parts += legend(left, bottom, entries)
    return parts


def gradients(results: Results, names: Mapping[str, str]) -> str:
    """Cosines between the gradients of SupCR and composition, and the off share, by epoch."""
    narrow = Axis(-0.2, 0.4, (-0.2, 0, 0.2, 0.4), "cosine")
    rows: list[Row] = [
        ("at the latents", narrow, lambda form: f"latent {pair(form)}"),
        ("at the parameters", _COSINE, lambda form: f"parameter {pair(form)}"),
        ("off share", _SHARE, lambda form: f"off share {form}"),
    ]
    label = "Conflict of SupCR and composition over training"
    return page(880, 845, label, _by_epoch(results, names, rows))


def pairs(results: Results, names: Mapping[str, str]) -> str:
    """Cosines between the gradients of mse and those of the other two, by epoch."""
    rows: list[Row] = [
        ("mse, SupCR; latents", _COSINE, lambda form: f"latent cosine mse/{form}"),
        ("mse, SupCR; parameters", _COSINE, lambda form: f"parameter cosine mse/{form}"),
        ("mse, composition; latents", _COSINE, lambda _: "latent cosine mse/composition"),
        ("mse, composition; parameters", _COSINE, lambda _: "parameter cosine mse/composition"),
    ]
    label = "Conflict of mse with SupCR and with composition over training"
    return page(880, 1100, label, _by_epoch(results, names, rows))


# Where a name stands beside its point: which end of it, and how far below.
_BESIDE = {
    "composition": ("end", -6),
    "both": ("", 15),
    "both, pcgrad": ("end", -6),
    "supcr": ("", 15),
}
TRADE: tuple[tuple[str, Terms, dict[str, bool]], ...] = (
    ("mse alone", Terms.NONE, {}),
    ("supcr", Terms.SUPCR, {}),
    ("composition", Terms.COMPOSITION, {}),
    ("both", Terms.BOTH, {}),
    ("both, split", Terms.BOTH, {"is_split": True}),
    ("both, pcgrad", Terms.BOTH, {"is_pcgrad": True}),
)


def trade_arms(form: Form) -> list[tuple[str, Arm]]:
    """The arms of the trade-off with one form of SupCR, by name."""
    return [
        (name, Arm(terms, form if terms in {Terms.SUPCR, Terms.BOTH} else None, **factors))
        for name, terms, factors in TRADE
    ]


def trade_off(results: Results, names: Mapping[str, str]) -> str:
    """SupCR's value beside the composition residual, both over the whole latent."""
    residual = Axis(0.005, 5.0, (0.01, 0.1, 1.0), "|r| / |z_P|", "log")
    parts: list[str] = []
    for column, source in enumerate(results.sources):
        for row, form in enumerate(FORMS):
            points = []
            for name, arm in trade_arms(form):
                x, y = (
                    interval(results.last(source, arm, key))
                    for key in ("residual", f"whole {form}")
                )
                points.append((name, x, y))
            values = [v for _, _, y in points for v in (y.mean - y.sd, y.mean + y.sd)]
            y_axis = axis_around(values, "SupCR, nats")
            panel = Panel(
                75 + 430 * column,
                40 + 265 * row,
                340,
                190,
                residual,
                y_axis,
                f"{names[source]}: {form}",
            )
            parts += panel.frame()
            for name, x, y in points:
                color = COLORS[None] if "alone" in name or name == "composition" else COLORS[form]
                hollow = name in {"both, split", "mse alone"}
                parts += [panel.bar((x.mean, y.mean - y.sd), (x.mean, y.mean + y.sd), color)]
                low = max(x.mean - x.sd, residual.low)
                parts += [panel.bar((low, y.mean), (x.mean + x.sd, y.mean), color)]
                parts += [panel.dot((x.mean, y.mean), color, hollow=hollow)]
                left, top = panel.at((x.mean, y.mean))
                end, below = _BESIDE.get(name, ("", -6))
                end = end if left > panel.left + 90 else ""  # else it would leave the panel
                parts += [text(left + (-7 if end else 7), top + below, name, f"small {end}")]
    label = "What SupCR and composition reach alone and together"
    return page(880, 560, label, parts)


def compared_arms() -> list[tuple[str, Arm]]:
    """The arms whose held-out ranks are compared with mse alone, by name."""
    found = [("composition", Arm(Terms.COMPOSITION))]
    for form in FORMS:
        found += [(f"{name}: {form}", arm) for name, arm in trade_arms(form) if arm.form]
    return found + [(f"supcr: {form}", Arm(Terms.SUPCR, form)) for form in CROSSED]


def _rank_panel(
    results: Results, source: str, when: str, place_at: Point, title: str
) -> tuple[Panel, list[str]]:
    arms = compared_arms()
    found = {
        reading: [
            interval(
                results.final(source, arm, f"{when} {reading}")
                - results.final(source, MSE, f"{when} {reading}"),
                held_out=True,
            )
            for _, arm in arms
        ]
        for reading in ("intact", "compose")
    }
    bounds = [v for each in found.values() for i in each for v in (i.low, i.high)]
    x_axis = axis_around([*bounds, -0.05, 0.05], "difference of Spearman", zero=True, count=4)
    y_axis = Axis(-0.5, len(arms) - 0.5, ())
    panel = Panel(*place_at, 290, 22.0 * len(arms), x_axis, y_axis, title)
    parts = [*panel.frame(), panel.bar((0.0, y_axis.low), (0.0, y_axis.high), "#999")]
    for reading, shift in (("intact", 0.16), ("compose", -0.16)):
        for place, (each, (_, arm)) in enumerate(zip(found[reading], arms, strict=True)):
            height, color = len(arms) - 1.0 - place + shift, COLORS.get(arm.form, CROSSED_COLOR)
            parts += [panel.bar((each.low, height), (each.high, height), color)]
            parts += [panel.dot((each.mean, height), color, hollow=reading == "compose")]
    return panel, parts


def ranks(results: Results, names: Mapping[str, str]) -> str:
    """Held-out Spearman less that of mse alone."""
    arms = compared_arms()
    parts: list[str] = []
    step = 22.0 * len(arms) + 75
    weights = (("kept", "kept weights"), ("last", "last weights"))
    for row, (when, words) in enumerate(weights):
        for column, source in enumerate(results.sources):
            place_at = (200.0 + 330 * column, 40.0 + step * row)
            title = f"{names[source]}: {words}"
            panel, drawn = _rank_panel(results, source, when, place_at, title)
            parts += drawn
        for place, (name, _) in enumerate(arms):
            y = panel.at((0, len(arms) - 1.0 - place))[1] + 4
            parts += [text(190, y, name, "end")]
    bottom = 40 + 2 * step - 10
    parts += [text(200, bottom, "full: y_intact; hollow: y_compose; 95 % intervals", "small")]
    label = "Held-out rank correlation of each arm beside that of mse alone"
    return page(860, round(bottom + 15), label, parts)
