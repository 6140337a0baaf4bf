"""Pictures of the latent space: composition residual, difference of the readings, map of z_I."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from service.contract.report_diagnostics import CompositionFigures, DifferenceFigures, LatentMap
from worker.training.report_plots import (
    GRID,
    INK,
    MARKERS,
    MUTED,
    SERIES,
    Picture,
    designs_of,
    draw,
    plain,
)
from worker.training.report_plots_designs import order_boxes
from worker.training.report_units import quantity, titled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap, Normalize
    from matplotlib.figure import Figure


Floats = NDArray[np.float64]


def composition_picture(figures: CompositionFigures, name: str) -> Picture:
    """Composition residual by order."""

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        order_boxes(axes, figures.by_order, SERIES[2])
        axes.set_ylim(bottom=0)
        axes.set_ylabel("|z_I - z_W - z_P| / |z_P|")

    return Picture(
        title="Composition residual",
        svg=draw(paint, name=name, height=3.0),
        alt="Box plot of the composition residual by the number of edits: medians "
        + ", ".join(f"{b.median:.3g} at order {b.order}" for b in figures.by_order)
        + ".",
        caption="How far the intact state is from the sum of its shifts, relative to their length "
        "(no unit; it depends on how the latent space happens to be scaled and turned). 0: the "
        "edits add up in the latent space. Boxes: quartiles and median; whiskers: 5 % to 95 %. "
        f"Median over {figures.member_count} members, on "
        f"{designs_of(figures.part, figures.design_count)}.",
    )


def difference_picture(figures: DifferenceFigures, name: str, *, is_named: bool) -> Picture:
    """y_intact - y_compose by order, and whether the members agree on it."""
    test = figures.agreement

    def paint(figure: "Figure") -> None:
        ratios = [3, 2] if test else [1]
        axes = figure.subplots(1, len(ratios), squeeze=False, width_ratios=ratios)[0]
        axes[0].axhline(0, color=MUTED, lw=0.9, ls=(0, (4, 3)))
        order_boxes(axes[0], figures.by_order, SERIES[3])
        axes[0].set_ylabel(titled("y_intact - y_compose", plain(figures.unit)))
        if test is not None:
            axes[1].plot([1, 1], [test.null_low, test.null_high], color=INK, lw=1.2)
            axes[1].plot([1], [test.null_median], "s", color=MUTED, ms=6)
            axes[1].plot([0], [test.value], "o", color=SERIES[3], ms=7)
            axes[1].set_xticks([0, 1], ["members\nas trained", "designs\npermuted"])
            axes[1].set_xlim(-0.6, 1.6)
            axes[1].set_ylim(0, 1.15 * max(test.value, test.null_high))
            axes[1].set_ylabel(titled("RMS of the mean", plain(figures.unit)))

    return Picture(
        title="Where the two readings part: y_intact - y_compose"
        + (f" ({plain(figures.label)})" if is_named else ""),
        svg=draw(paint, name=name, height=3.2),
        alt="Box plot of y_intact less y_compose by the number of edits; root mean square "
        f"{figures.root_mean_square:.3g}.",
        caption="What the model says beyond the composition of shifts. "
        + _agreement(figures)
        + f" Measured on {designs_of(figures.part, figures.design_count)} of two edits or more.",
    )


def _agreement(figures: DifferenceFigures) -> str:
    unit = plain(figures.unit)
    text = f"Root mean square {quantity(f'{figures.root_mean_square:.3g}', unit)}"
    if figures.member_sd is not None and figures.beyond_two_sd_share is not None:
        text += (
            "; median spread (sd) over the members "
            f"{quantity(f'{figures.member_sd:.3g}', unit)}; the difference is beyond two sd in "
            f"{100 * figures.beyond_two_sd_share:.0f} % of the designs"
        )
    test = figures.agreement
    if test is None:
        return text + "."
    agree = (
        "that left their start agree"
        if test.p_value < 0.05
        else "that left their start do not agree"
    )
    return (
        f"{text}. The members {agree} which designs deviate (right): the root mean square of "
        f"their mean is {quantity(f'{test.value:.3g}', unit)}, and {test.null_low:.3g} to "
        f"{test.null_high:.3g} when each member's differences go to other designs of the same "
        f"order (95 % of {test.permutation_count} permutations, p = {test.p_value:.2g})."
    )


def latent_picture(latent: LatentMap, name: str) -> Picture:
    """z_I in two dimensions, by label and by order."""
    first, second = _axes(latent)

    def paint(figure: "Figure") -> None:
        left, right = figure.subplots(1, 2, sharex=True, sharey=True)
        _by_value(figure, left, latent)
        _by_order(right, latent)
        handles, labels = right.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4)
        for axes in (left, right):
            axes.set_xlabel(first)
        left.set_ylabel(second)

    shown = len(latent.order)
    drawn = f"{shown:,} of {latent.design_count:,} designs, drawn at random"
    return Picture(
        title="Latent map",
        svg=draw(paint, name=name, height=4.0),
        alt=f"Two scatter plots of {shown} designs in two dimensions of the intact state, by "
        f"{'principal components' if latent.share else 'UMAP'}: coloured by label, and by number "
        "of edits.",
        caption=f"{_method_words(latent)} Left: by measured {plain(latent.label)}; right: by "
        "order. The cross is the reference z_W; filled: training designs, open: test designs. n = "
        + (drawn if shown < latent.design_count else f"{shown:,} designs")
        + ", of both parts.",
    )


def _axes(latent: LatentMap) -> tuple[str, str]:
    if latent.share is None:
        return "UMAP 1", "UMAP 2"
    first, second = (f"{100 * share:.0f} %" for share in latent.share)
    return f"component 1 ({first} of the variance)", f"component 2 ({second})"


def _method_words(latent: LatentMap) -> str:
    if latent.share is None:
        return (
            "UMAP of z_I of the first member alone: what is near is alike; axes, distances between "
            "groups and their sizes mean nothing."
        )
    return (
        "Principal components of z_I (no unit) of the first member alone; other members have other "
        "axes."
    )


def _scale(latent: LatentMap) -> tuple["Colormap", "Normalize", bool]:
    import matplotlib as mpl
    from matplotlib.colors import LogNorm, Normalize

    known = [value for value in latent.value if value is not None]
    low, high = np.quantile(known, [0.02, 0.98]).tolist() if known else (0.0, 1.0)
    is_log = latent.is_log and low > 0
    return mpl.colormaps["cividis"], (LogNorm if is_log else Normalize)(low, high), is_log


def _by_value(figure: "Figure", axes: "Axes", latent: LatentMap) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    colors, norm, is_log = _scale(latent)
    known_N = np.array([value is not None for value in latent.value])
    x_N, y_N = np.array(latent.first), np.array(latent.second)
    value_N = np.array([np.nan if value is None else value for value in latent.value])
    axes.plot(x_N[~known_N], y_N[~known_N], ".", color=GRID, ms=3)
    # A few steps of colour keep the picture small: points of one step share their style.
    steps = 16
    place_N = np.clip((np.asarray(norm(value_N)) * steps), 0, steps - 1)
    for is_test in (False, True):
        for step in range(steps):
            own_N = known_N & (np.array(latent.is_test) == is_test)
            own_N[own_N] = place_N[own_N].astype(int) == step
            color = colors((step + 0.5) / steps)
            _points(axes, x_N[own_N], y_N[own_N], color, "o", is_test=is_test)
    axes.plot(*latent.reference, "+", color=INK, ms=11, mew=1.6)
    bar = figure.colorbar(ScalarMappable(norm, colors), ax=axes, location="top", shrink=0.9)
    bar.set_label(titled("measured", plain(latent.unit)))
    if is_log:
        bar.ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        bar.ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        bar.ax.xaxis.set_minor_formatter(NullFormatter())


def _by_order(axes: "Axes", latent: LatentMap) -> None:
    order_N, is_test_N = np.array(latent.order), np.array(latent.is_test)
    x_N, y_N = np.array(latent.first), np.array(latent.second)
    for place, order in enumerate(np.unique(order_N).tolist()):
        marker, color = MARKERS[place % len(MARKERS)], SERIES[place % len(SERIES)]
        own_N = order_N == order
        for is_test in (False, True):
            both_N = own_N & (is_test_N == is_test)
            label = f"{order} edit{'' if order == 1 else 's'} (n = {own_N.sum():,})"
            _points(
                axes,
                x_N[both_N],
                y_N[both_N],
                color,
                marker,
                is_test=is_test,
                label=None if is_test and (own_N & ~is_test_N).any() else label,
            )
    axes.plot(*latent.reference, "+", color=INK, ms=11, mew=1.6)


def _points(
    axes: "Axes",
    x_N: Floats,
    y_N: Floats,
    color: str | tuple[float, float, float, float],
    marker: str,
    *,
    is_test: bool,
    label: str | None = None,
) -> None:
    if not len(x_N):
        return
    axes.plot(
        x_N,
        y_N,
        linestyle="none",
        marker=marker,
        ms=3.8,
        color=color,
        mfc="none" if is_test else color,
        mew=0.9 if is_test else 0,
        label=label,
    )
