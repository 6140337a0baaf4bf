"""Pictures of a training: loss terms over time, conflict matrix, intervals against truth."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from service.contract.report_diagnostics import EpochPoint, TermConflict
from service.contract.report_parts import Calibration
from worker.training.report_plots import INK, MUTED, SERIES, Picture, draw

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 3
_MOST_NAMED = 6  # members with a colour of their own in a legend


def _panels(points: Sequence[EpochPoint]) -> dict[str, Callable[[EpochPoint], float | None]]:
    names = dict.fromkeys(name for point in points for name in point.terms)
    if len(names) == 2:  # of one term the total says nothing else
        names.pop("total", None)
    panels: dict[str, Callable[[EpochPoint], float | None]] = {}
    if any(point.validation_rmse is not None for point in points):
        panels["held-out RMSE (sd of the label)"] = lambda point: point.validation_rmse
    if any(point.validation_spearman is not None for point in points):
        panels["held-out Spearman"] = lambda point: point.validation_spearman
    for name in names:
        panels[name] = lambda point, name=name: point.terms.get(name)  # type: ignore[misc]
    return panels


def loss_picture(points: Sequence[EpochPoint], name: str) -> Picture | None:
    """Loss terms and held-out figures of every member over the epochs."""
    if not points:
        return None
    panels = _panels(points)
    members = sorted({point.member for point in points})
    rows = -(-len(panels) // _COLUMNS)

    def paint(figure: "Figure") -> None:
        from matplotlib.ticker import MaxNLocator

        grid = figure.subplots(rows, _COLUMNS, squeeze=False, sharex=True)
        grid.flat[0].xaxis.set_major_locator(MaxNLocator(4, integer=True))  # of all: they share x
        for axes in grid.flat[len(panels) :]:
            axes.set_axis_off()
        for place, (axes, (title, value)) in enumerate(
            zip(grid.flat, panels.items(), strict=False)
        ):
            for row, member in enumerate(members):
                own = [point for point in points if point.member == member]
                _line(axes, own, value, row)
            axes.set_title(title)
            if place + _COLUMNS >= len(panels):
                axes.set_xlabel("epoch")
                axes.tick_params(labelbottom=True)
        if len(members) <= _MOST_NAMED:
            handles, labels = grid.flat[0].get_legend_handles_labels()
            figure.legend(handles, labels, loc="outside lower center", ncols=_MOST_NAMED)

    return Picture(
        title="Loss terms over time",
        svg=draw(paint, name=name, height=0.6 + 1.75 * rows),
        alt=f"Line plots over the epochs, one line for each of {len(members)} ensemble members: "
        + ", ".join(panels)
        + ".",
        caption="Terms are means over an epoch of training batches, unweighted, of standardised "
        "labels (so without a unit); total is what was minimised. Held-out figures are over the "
        "inner fold that the member was not trained on, and choose its best epoch; they are not "
        f"of the test part. n = {len(members)} members.",
    )


def _line(
    axes: "Axes", own: Sequence[EpochPoint], value: Callable[[EpochPoint], float | None], row: int
) -> None:
    pairs = [(point.epoch, value(point)) for point in own]
    epochs = [epoch for epoch, found in pairs if found is not None]
    values = [found for _, found in pairs if found is not None]
    styles = ("-", "--", ":", "-.")
    axes.plot(
        epochs,
        values,
        color=SERIES[row % len(SERIES)],
        lw=1.1,
        ls=styles[row % len(styles)],
        marker="o" if len(epochs) < 3 else None,
        ms=3,
        label=f"member {own[0].member + 1}",
    )


def conflict_picture(conflict: TermConflict, name: str) -> Picture:
    """Cosines between the gradients of the terms, as a matrix with numbers."""
    size = len(conflict.terms)
    cosine_TT = np.array([[np.nan if c is None else c for c in row] for row in conflict.cosine])

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        image = axes.imshow(np.nan_to_num(cosine_TT), cmap="RdBu", vmin=-1, vmax=1)
        axes.set_xticks(range(size), conflict.terms, rotation=30, ha="right")
        axes.set_yticks(range(size), conflict.terms)
        axes.grid(visible=False)
        for (row, column), cosine in np.ndenumerate(cosine_TT):
            text = "-" if np.isnan(cosine) else f"{cosine:z.2f}"
            color = "#ffffff" if abs(cosine) > 0.6 else "#000000"
            axes.text(column, row, text, ha="center", va="center", color=color, fontsize=8.5)
        bar = figure.colorbar(image, ax=axes, shrink=0.8)
        bar.set_label("cosine of the gradients")

    worst = [
        f"{conflict.terms[i]} and {conflict.terms[j]} {cosine_TT[i, j]:z.2f}"
        for i in range(size)
        for j in range(i)
        if not np.isnan(cosine_TT[i, j])
    ]
    return Picture(
        title="Conflict matrix of the loss terms",
        svg=draw(paint, name=name, width=5.2, height=1.6 + 0.45 * size),
        alt="Matrix of cosines between gradients of the loss terms: " + ", ".join(worst) + ".",
        caption="Below 0 (red), a step that lowers one term raises the other; 1 (blue), both pull "
        "alike; a dash: the gradient of a term is 0. With respect to all weights of member "
        f"{conflict.member + 1} at its best epoch, over one batch of n = {conflict.row_count:,} "
        "training observations.",
        is_narrow=True,
    )


def calibration_picture(calibration: Calibration, name: str, part_count: int) -> Picture | None:
    """Coverage at levels, and the histogram of the probability integral transform."""
    if not calibration.coverages:
        return None

    def paint(figure: "Figure") -> None:
        left, right = figure.subplots(1, 2)
        _coverage(left, calibration)
        _pit(right, calibration.pit_counts)

    text = ", ".join(f"{c.coverage:.0%} at {c.level:.0%}" for c in calibration.coverages)
    return Picture(
        title="Coverage and PIT",
        svg=draw(paint, name=name, height=3.2),
        alt=f"Left: share of designs inside their intervals against the nominal level ({text}). "
        "Right: histogram of the probability integral transform.",
        caption="Left: on the line, intervals hold what they say; below it they are too narrow. "
        "Bars: 95 % of a bootstrap that draws whole gene sets. Right: PIT, the share of the "
        "predictive distribution below the measured value: flat where the distribution is right, "
        "U-shaped where it is too narrow, hump-shaped where too wide. "
        f"Measured on n = {part_count:,} test designs.",
    )


def _coverage(axes: "Axes", calibration: Calibration) -> None:
    axes.plot([0, 1], [0, 1], color=MUTED, lw=0.9, ls=(0, (4, 3)))
    for found in calibration.coverages:
        if found.coverage_interval is not None:
            ends = [found.coverage_interval.low, found.coverage_interval.high]
            axes.plot([found.level] * 2, ends, color=INK, lw=0.9)
    levels = [found.level for found in calibration.coverages]
    axes.plot(levels, [c.coverage for c in calibration.coverages], "o-", color=SERIES[0], ms=5)
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("nominal level (share)")
    axes.set_ylabel("coverage (share of designs)")


def _pit(axes: "Axes", counts: Sequence[int]) -> None:
    if not counts:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "no predictive distribution", ha="center", va="center")
        return
    width = 1.0 / len(counts)
    middles = (np.arange(len(counts)) + 0.5) * width
    axes.bar(middles, counts, width=0.92 * width, color=SERIES[5], edgecolor=INK, linewidth=0.6)
    axes.axhline(sum(counts) / len(counts), color=MUTED, lw=0.9, ls=(0, (4, 3)))
    axes.set_xlabel("PIT (share, 0 to 1)")
    axes.set_ylabel("designs")
