"""Pictures as SVG text: the house style, without a global figure and without a random id.

Colours that have to follow the page (text, grid, series) are written as CSS variables with a
fallback, so that one picture serves a light and a dark page. Matplotlib is imported when the
first picture is drawn: a training must not wait for it.
"""

import io
import re
import unicodedata
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

INK, MUTED, GRID = "#101114", "#5a5d66", "#d7d9df"
# Okabe and Ito 2008: told apart by colour-blind readers; markers differ as well.
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
MARKERS = ("o", "s", "^", "D", "v", "P")
_VARIABLES = {
    INK: "ink",
    MUTED: "muted",
    GRID: "grid",
    **{color: f"series-{place}" for place, color in enumerate(SERIES, start=1)},
}
_COLOR = re.compile("|".join(_VARIABLES))
_DROPPED = re.compile(r"<metadata>.*?</metadata>|<!--.*?-->", re.DOTALL)
_ID = re.compile(r' id="([^"]*)"')
_POINTER = re.compile(r'(xlink:href="#|url\(#)([^")]*)')
_FONT = re.compile(r"font-family: [^;\"]*(?:; )?")  # the page's own
_USES = re.compile(r'<g([^>]*)>\s*((?:<use [^>]*style="[^"]*"/>\s*)+)</g>')
_STYLE_OF_USE = re.compile(r' style="([^"]*)"')
_TAG = re.compile(r"<[^>]*>")
_DIGITS = re.compile(r"(\.\d\d)\d+")  # a hundredth of a point is enough
_LONGEST = 40
_LEAST_SPAN_SHARE = 0.2


@dataclass(frozen=True)
class Picture:
    """A drawn figure: `alt` says in words what it shows, `caption` on what it was measured."""

    title: str
    svg: str
    alt: str
    caption: str
    is_narrow: bool = False


def plain(text: str, most: int = _LONGEST) -> str:
    """A user's text for a picture: no control or direction characters, of bounded length."""
    shown = "".join(c for c in text if unicodedata.category(c)[0] != "C")
    return shown if len(shown) <= most else shown[: most - 3] + "..."


def designs_of(part: str, count: int) -> str:
    """How many designs of which part, in words."""
    if part == "test":
        return f"{count:,} test designs"
    return f"{count:,} training designs (nothing was held out)"


def draw(
    paint: Callable[["Figure"], None], *, name: str, width: float = 7.2, height: float = 3.4
) -> str:
    """SVG of a figure of so many inches, as a part of an HTML page.

    Args:
        paint: draws on an empty figure.
        name: begins the ids inside the picture; another one for each picture of a page.
        width: in inches; the page scales it to its column.
        height: in inches.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    buffer = io.StringIO()
    with mpl.rc_context(cast(Any, {**_STYLE, "svg.hashsalt": name})), warnings.catch_warnings():
        # The page's own font draws the text: what matplotlib's font lacks does not matter.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure = Figure(figsize=(width, height), layout="constrained", facecolor="none")
        paint(figure)
        for axes in figure.axes:
            axes.patch.set_facecolor("none")
        # Not `savefig`, which draws all of it once more, to begin with, for the layout alone.
        cast(Any, FigureCanvasSVG(figure)).print_svg(buffer, metadata={"Date": None})
    return _page_part(buffer.getvalue(), name)


def _page_part(svg: str, name: str) -> str:
    part = _with_ids_of(name, _DROPPED.sub("", svg[svg.index("<svg") :]))
    # Of coordinates alone: a number that is read has all of its digits.
    part = _TAG.sub(lambda tag: _DIGITS.sub(r"\1", tag[0]), part)
    part = _USES.sub(_share_style, _FONT.sub("", part))
    part = _COLOR.sub(lambda match: f"var(--{_VARIABLES[match[0]]}, {match[0]})", part)
    return re.sub(r"\n\s*", "\n", part).strip()


def _with_ids_of(name: str, svg: str) -> str:
    """Ids that something points to, made different from those of the page's other pictures."""
    used = {pointer for _, pointer in _POINTER.findall(svg)}
    svg = _ID.sub(lambda match: f' id="{name}-{match[1]}"' if match[1] in used else "", svg)
    return _POINTER.sub(rf"\g<1>{name}-\g<2>", svg)


def _share_style(match: re.Match[str]) -> str:
    """Say the style of a group of like points once."""
    styles = set(_STYLE_OF_USE.findall(match[2]))
    if len(styles) != 1:
        return match[0]
    return f'<g{match[1]} style="{styles.pop()}">{_STYLE_OF_USE.sub("", match[2])}</g>'


_STYLE: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": MUTED,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 9,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlesize": 9.5,
    "font.size": 9,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "path.simplify": True,
    "svg.fonttype": "none",
    "text.color": INK,
    "text.parse_math": False,  # a dollar sign in a unit is a dollar sign
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 8.5,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 8.5,
}


def log_ticks(axes: "Axes", *names: str) -> None:
    """Log axes whose ticks are plain numbers."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    for name in names:
        axis = axes.xaxis if name == "x" else axes.yaxis
        (axes.set_xscale if name == "x" else axes.set_yscale)("log")
        low, high = axis.get_view_interval()
        wide = high / max(low, 1e-300) > 300
        axis.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())


def scatter(
    axes: "Axes",
    x_N: Floats,
    y_N: Floats,
    order_N: Sequence[int],
    sd_N: Floats | None = None,
    *,
    is_named: bool = True,
) -> None:
    """Designs as points, colour and marker by order; error bars (one sd) as one path an order."""
    orders = np.asarray(order_N)
    for place, order in enumerate(np.unique(orders).tolist()):
        own_N = orders == order
        color = SERIES[place % len(SERIES)]
        if sd_N is not None and not np.isnan(sd_N[own_N]).all():
            axes.plot(*_bars(x_N[own_N], y_N[own_N], sd_N[own_N]), color=MUTED, lw=0.5, alpha=0.6)
        axes.plot(
            x_N[own_N],
            y_N[own_N],
            linestyle="none",
            marker=MARKERS[place % len(MARKERS)],
            markersize=3.2 if len(orders) > 400 else 4.5,
            color=color,
            markeredgewidth=0,
            alpha=0.45 if len(orders) > 400 else 0.75,
            label=_orders(order, int(own_N.sum())) if is_named else None,
        )


def _orders(order: int, count: int) -> str:
    return f"{order} edit{'' if order == 1 else 's'} (n = {count:,})"


def _bars(x_N: Floats, y_N: Floats, sd_N: Floats) -> tuple[Floats, Floats]:
    """Vertical lines, parted by NaN."""
    gap_N = np.full_like(x_N, np.nan)
    down_N, up_N = y_N - sd_N, y_N + sd_N
    return (
        np.stack([x_N, x_N, gap_N], axis=1).ravel(),
        np.stack([down_N, up_N, gap_N], axis=1).ravel(),
    )


def same_limits(axes: "Axes", x_N: Floats, y_N: Floats, *, is_log: bool = False) -> None:
    """One range on both axes, with the diagonal.

    Where x varies far less than y (predictions that are all but constant), x has a range of its
    own, and the picture says so: on one scale there would be a vertical line to see.
    """
    joined = np.concatenate([x_N, y_N])
    low, high = float(np.nanmin(joined)), float(np.nanmax(joined))
    if is_log:
        low, high = low / 1.15, high * 1.15
    else:
        margin = 0.05 * (high - low) or 1.0
        low, high = low - margin, high + margin
    axes.plot([low, high], [low, high], color=MUTED, lw=0.9, ls=(0, (4, 3)), zorder=0.9)
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    span = float(np.ptp(x_N))
    if not is_log and 0 < span < _LEAST_SPAN_SHARE * (high - low):
        axes.set_xlim(float(x_N.min()) - 0.1 * span, float(x_N.max()) + 0.1 * span)
        axes.set_title("the axes have different scales", color=MUTED, fontsize=8.5)
