"""Pictures of designs: against the neutral expectation, against the prediction, by order."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from service.contract.report_diagnostics import DesignFigures, Quantiles
from worker.training.report_plots import (
    INK,
    MUTED,
    SERIES,
    Picture,
    designs_of,
    draw,
    log_ticks,
    plain,
    same_limits,
    scatter,
)
from worker.training.report_units import titled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

_BINS = 8
_LEAST_IN_BIN = 10


def measured_on(figures: DesignFigures) -> str:
    """Which designs a picture shows, in words."""
    shown = len(figures.shown.order)
    drawn = f"; {shown:,} of them shown, drawn at random" if shown < figures.design_count else ""
    return f"Measured on {designs_of(figures.part, figures.design_count)}{drawn}."


def _columns(figures: DesignFigures) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    shown = figures.shown
    sd_N = [np.nan if sd is None else sd for sd in shown.measured_sd]
    columns = (shown.measured, sd_N, shown.predicted, shown.predicted_sd, shown.expected_neutral)
    measured, sd, predicted, predicted_sd, neutral = (np.asarray(c, dtype=float) for c in columns)
    return measured, sd, predicted, predicted_sd, neutral


def _log_columns(columns: Sequence[Floats], *, wanted: bool) -> bool:
    return wanted and all(bool((column > 0).all()) for column in columns)


def _error_bars(figures: DesignFigures) -> str:
    if not figures.sd_source:
        return " No error of the measurements is known: no error bars."
    return f" Error bars: one standard error of a design's mean, from {figures.sd_source}."


def neutral_picture(figures: DesignFigures, name: str) -> Picture | None:
    """Measured against neutral expectation, and what is beyond it against the model."""
    if not figures.shown.order:
        return None
    has_neutral = figures.neutral_model != "zero"
    columns = _columns(figures)
    is_log = _log_columns((columns[0], columns[2], columns[4]), wanted=figures.is_log)

    def paint(figure: "Figure") -> None:
        axes = figure.subplots(1, 2 if has_neutral else 1, squeeze=False)[0]
        if has_neutral:
            _against_neutral(axes[0], figures, is_log=is_log)
        _beyond(axes[-1], figures, is_log=is_log)
        handles, labels = axes[-1].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4)

    beyond = "log2 of the ratio" if is_log else "the difference"
    left = (
        f"Left: measured against what independent edits would give ({figures.neutral_model} "
        "neutral model). On the line, the edits are independent. "
        if has_neutral
        else "An interaction score is 0 without interaction: all of it is beyond the neutral "
        "expectation. "
    )
    right = f"{'Right: measured' if has_neutral else 'Measured'} beyond neutral ({beyond}) against "
    return Picture(
        title="Measured against the neutral expectation",
        svg=draw(paint, name=name, height=3.9 if has_neutral else 4.4),
        alt=f"Scatter plot of {len(figures.shown.order)} designs: measured values against their "
        "neutral expectation, and what lies beyond it against what the model predicts.",
        caption=left
        + right
        + "what the model predicts of it. On the line, the model is right. "
        + measured_on(figures)
        + _error_bars(figures),
    )


def _against_neutral(axes: "Axes", figures: DesignFigures, *, is_log: bool) -> None:
    measured, sd, _, _, neutral = _columns(figures)
    if is_log:  # an error bar below 0 has no place on a log axis
        sd = np.minimum(sd, 0.9 * measured)
    same_limits(axes, neutral, measured, is_log=is_log)
    if is_log:
        log_ticks(axes, "x", "y")
    scatter(axes, neutral, measured, figures.shown.order, sd)
    axes.set_xlabel(titled("expected from independent edits", plain(figures.unit)))
    axes.set_ylabel(titled("measured", plain(figures.unit)))


def _beyond(axes: "Axes", figures: DesignFigures, *, is_log: bool) -> None:
    measured, sd, predicted, _, neutral = _columns(figures)
    unit = "log2 ratio" if is_log else plain(figures.unit)
    if is_log:
        y, x = np.log2(measured / neutral), np.log2(predicted / neutral)
        sd = sd / measured / np.log(2)  # to first order
    else:
        y, x = measured - neutral, predicted - neutral
    same_limits(axes, x, y)
    axes.axhline(0, color=MUTED, lw=0.6)
    axes.axvline(0, color=MUTED, lw=0.6)
    scatter(axes, x, y, figures.shown.order, sd)
    axes.set_xlabel(titled("predicted beyond neutral", unit))
    axes.set_ylabel(titled("measured beyond neutral", unit))


def reliability_picture(figures: DesignFigures, name: str) -> Picture | None:
    """Measured against predicted, with means of bins of like prediction."""
    if not figures.shown.order:
        return None
    measured, _, predicted, _, _ = _columns(figures)
    is_log = _log_columns((measured, predicted), wanted=figures.is_log)

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        same_limits(axes, predicted, measured, is_log=is_log)
        if is_log:
            log_ticks(axes, "x", "y")
        scatter(axes, predicted, measured, figures.shown.order)
        x, y = _bin_means(predicted, measured, is_log=is_log)
        axes.plot(x, y, color=INK, marker="o", ms=5, lw=1.4, mfc="none", label="mean of a bin")
        axes.set_xlabel(titled("predicted", plain(figures.unit)))
        axes.set_ylabel(titled("measured", plain(figures.unit)))
        axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5))

    kind = "geometric means" if is_log else "means"
    return Picture(
        title="Reliability: measured against predicted",
        svg=draw(paint, name=name, height=3.8),
        alt=f"Scatter plot of {len(predicted)} designs, measured against predicted values, with "
        "the mean of bins of like prediction.",
        caption="Where predictions can be taken at their word, the line of bins follows the "
        f"diagonal; flatter means too extreme. Bins hold equally many designs ({kind}). "
        + measured_on(figures),
    )


def _bin_means(x_N: Floats, y_N: Floats, *, is_log: bool) -> tuple[Floats, Floats]:
    bins = max(1, min(_BINS, len(x_N) // _LEAST_IN_BIN))
    order = np.argsort(x_N, kind="stable")
    pair = [np.log(v) if is_log else v for v in (x_N[order], y_N[order])]
    x, y = (np.array([part.mean() for part in np.array_split(v, bins)]) for v in pair)
    return (np.exp(x), np.exp(y)) if is_log else (x, y)


def order_boxes(axes: "Axes", boxes: Sequence[Quantiles], color: str) -> None:
    """One box an order: quartiles, median, and whiskers from 5 % to 95 %."""
    stats = [
        {
            "label": f"{box.order}\nn = {box.count:,}",
            "whislo": box.low,
            "q1": box.quarter,
            "med": box.median,
            "q3": box.three_quarters,
            "whishi": box.high,
        }
        for box in boxes
    ]
    axes.bxp(
        stats,
        showfliers=False,
        patch_artist=True,
        widths=0.5,
        boxprops={"facecolor": color, "edgecolor": INK, "linewidth": 0.8, "alpha": 0.55},
        medianprops={"color": INK, "linewidth": 1.6},
        whiskerprops={"color": INK, "linewidth": 0.8},
        capprops={"color": INK, "linewidth": 0.8},
    )
    axes.grid(visible=False, axis="x")
    axes.set_xlabel("order (edits in the design)")


def residual_picture(figures: DesignFigures, name: str) -> Picture | None:
    """Residuals by order."""
    if not figures.residual_by_order:
        return None

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        axes.axhline(0, color=MUTED, lw=0.9, ls=(0, (4, 3)))
        order_boxes(axes, figures.residual_by_order, SERIES[0])
        axes.set_ylabel(titled("measured - predicted", plain(figures.unit)))

    return Picture(
        title="Residual against order",
        svg=draw(paint, name=name, height=3.2),
        alt="Box plot of measured less predicted by the number of edits: medians "
        + ", ".join(f"{b.median:.3g} at order {b.order}" for b in figures.residual_by_order)
        + ".",
        caption="Boxes: quartiles and median; whiskers: 5 % to 95 % of the designs. A box that "
        "drifts from 0 with the order means effects that the model does not add up right. "
        f"Measured on {designs_of(figures.part, figures.design_count)}.",
    )
