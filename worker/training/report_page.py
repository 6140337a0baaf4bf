"""The report as one HTML page: no script, no other file, nothing from the network.

Every name on it comes from a user. The template escapes all of them (autoescape); the only markup
that goes in as it is are the style sheet and the pictures, whose texts matplotlib escapes.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from service.contract.manifests import ModelManifest
from service.contract.report_diagnostics import DesignFigures, ReportDiagnostics
from service.contract.report_parts import Interval, PredictorRow
from service.contract.reports import LabelReport, TrainingReport
from worker.training.report import OF_NULLS
from worker.training.report_plots import Picture
from worker.training.report_plots_designs import (
    neutral_picture,
    reliability_picture,
    residual_picture,
)
from worker.training.report_plots_latent import (
    composition_picture,
    difference_picture,
    latent_picture,
)
from worker.training.report_plots_nulls import nulls_picture
from worker.training.report_plots_training import (
    calibration_picture,
    conflict_picture,
    loss_picture,
)
from worker.training.report_units import has_dimension, titled

_TEMPLATES = Path(__file__).parent / "templates"
_METRICS = {
    "spearman": "Spearman",
    "pearson": "Pearson",
    "r2": "R\u00b2",
    "rmse": "RMSE",
    "spearman_within_groups": "Spearman within groups",
    "average_precision": "average precision",
    "precision_at_k": "precision at k",
}


def number(value: float | None) -> str:
    """Three digits that count; a dash for what could not be measured."""
    if value is None or not math.isfinite(value):
        return "\u2013"
    if value and not 1e-3 <= abs(value) < 1e5:
        text = f"{value:.2e}"
    else:
        digits = 2 if not value else max(0, 2 - math.floor(math.log10(abs(value))))
        text = f"{value:,.{min(digits, 3)}f}"
    return text.replace("-", "\u2212")


def figure(value: float | None) -> str:
    """A correlation, an R2 or a precision: three decimals, and a fourth just below 1."""
    if value is None or not math.isfinite(value) or abs(value) > 9.9995:
        return number(value)
    decimals = 4 if 0.995 <= abs(value) < 1 else 3
    return f"{value:z.{decimals}f}".replace("-", "\u2212")


def percent(value: float | None) -> str:
    """A share as per cent."""
    if value is None:
        return "\u2013"
    text = f"{100 * value:.1f} %" if abs(value) < 1 else f"{100 * value:,.0f} %"
    return text.replace(".0 ", " ").replace("-", "\u2212")


def bracket(interval: Interval | None, kind: str) -> Markup:
    """The ends of an interval, in a line below its number."""
    if interval is None:
        return Markup("")
    show = {"percent": percent, "figure": figure}.get(kind, number)
    ends = f"[{show(interval.low)}, {show(interval.high)}]"
    return Markup('<span class="interval">{}</span>').format(ends)


def picture(drawn: Picture | None, title: str = "", reason: str | None = None) -> Markup:
    """A figure with its title and caption, or why there is none."""
    if drawn is None:
        text = reason or "There is nothing to show: no design of this part has this label."
        return Markup('<h3>{}</h3><p class="note">{}</p>').format(title, text)
    opening = f'<svg role="img" aria-label="{escape(drawn.alt)}"'
    return Markup("<figure{}><h3>{}</h3>{}<figcaption>{}</figcaption></figure>").format(
        Markup(' class="narrow"') if drawn.is_narrow else "",
        drawn.title,
        Markup(drawn.svg.replace("<svg", opening, 1)),  # noqa: S704 - drawn by matplotlib
        drawn.caption.replace(" %", "\u00a0%").replace("n = ", "n\u00a0=\u00a0"),
    )


@dataclass(frozen=True)
class Column:
    """A metric of the table against the nulls: its title, and a cell for each predictor."""

    title: str
    cell: Callable[[PredictorRow], Markup]


def _metric(name: str, title: str) -> Column:
    def cell(row: PredictorRow) -> Markup:
        show, kind = (number, "number") if name == "rmse" else (figure, "figure")
        value = escape(show(getattr(row, name)))
        return value + bracket(getattr(row, f"{name}_interval", None), kind)

    return Column(title, cell)


def _columns(label: LabelReport) -> list[Column]:
    """Metrics that could be measured of any predictor, and what each explains beyond neutral."""
    known = {
        name
        for name in _METRICS
        if any(getattr(row, name, None) is not None for row in label.table)
    }
    if len(label.groups) < 2:
        known.discard("spearman_within_groups")  # the same as overall
    columns = [_metric(name, title) for name, title in _METRICS.items() if name in known]
    explained = label.headline.explained_by_predictor
    if explained:
        cell = lambda row: escape(percent(explained.get(row.predictor)))  # noqa: E731
        columns.append(Column("beyond neutral", cell))
    return columns


def _furthest(figures: DesignFigures) -> list[dict[str, Any]]:
    columns = figures.furthest.model_dump()
    rows = zip(*columns.values(), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _label(label: LabelReport, shown: ReportDiagnostics, place: int) -> dict[str, Any]:
    figures = shown.designs[place]
    calibration = label.calibration
    return {
        "report": label,
        "columns": _columns(label),
        "neutral": neutral_picture(figures, f"neutral-{place}"),
        "differences": nulls_picture(label, f"nulls-{place}"),
        "calibration": calibration
        and calibration_picture(calibration, f"calibration-{place}", label.test_design_count),
        "reliability": reliability_picture(figures, f"reliability-{place}"),
        "residual": residual_picture(figures, f"residual-{place}"),
        "furthest": _furthest(figures),
    }


def _pictures(shown: ReportDiagnostics) -> dict[str, Any]:
    """Pictures of the whole model."""
    return {
        "losses": loss_picture(shown.epochs, "losses"),
        "conflict": shown.conflict and conflict_picture(shown.conflict, "conflict"),
        "composition": shown.composition and composition_picture(shown.composition, "composition"),
        "differences": [
            difference_picture(found, f"difference-{place}", is_named=len(shown.designs) > 1)
            for place, found in enumerate(shown.differences)
        ],
        "latent_map": shown.latent_map and latent_picture(shown.latent_map, "latent"),
        "left_out": {name: shown.left_out.get(name) for name in _SECTIONS},
    }


_SECTIONS = ("epochs", "conflict", "composition", "differences", "latent_map")


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Callable[..., str]] = {
        "number": number,
        "figure": figure,
        "percent": percent,
        "count": lambda value: f"{value:,}",
    }
    environment.filters.update(filters)
    environment.globals.update(
        picture=picture, bracket=bracket, has_dimension=has_dimension, titled=titled
    )
    return environment


def render_page(report: TrainingReport, manifest: ModelManifest) -> str:
    """The page of a report with its diagnostics; the same report gives the same page.

    Raises:
        ValueError: the report has no diagnostics.
    """
    if report.diagnostics is None:
        raise ValueError("a page needs the report's diagnostics")
    of_nulls = [note for note in report.notes if note.startswith(OF_NULLS)]
    style = (_TEMPLATES / "report.css").read_text()
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            manifest=manifest,
            labels=[
                _label(label, report.diagnostics, place)
                for place, label in enumerate(report.labels)
            ],
            of_nulls=of_nulls,
            notes=[note for note in report.notes if note not in of_nulls],
            style=Markup(style),  # noqa: S704 - our own file
            spec=json.dumps(manifest.training_spec, indent=2, ensure_ascii=False),
            **_pictures(report.diagnostics),
        )
    )
