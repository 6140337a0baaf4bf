"""The page and its picture, from the figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.accuracy_rows.page import table
from benchmarks.charts import Axis, Panel, legend, page
from benchmarks.plots import COLOURS
from benchmarks.studies.isoprenol.ceiling import Recurrence, ceiling
from benchmarks.studies.isoprenol.figures import Inner, gain, times
from benchmarks.studies.isoprenol.inner import MODELS
from benchmarks.studies.isoprenol.power import needed

TEXT = Path(__file__).with_name("page.md")
Curve = Sequence[tuple[float, Mapping[str, float]]]
Intervals = Mapping[str, Mapping[int, tuple[float, float, float]]]
_TESTED = 114
_REQUIRED = 0.76


@dataclass(frozen=True)
class Found:
    """Everything that the page tells.

    `forward` are the designs of forward chaining, and the difference to `saturating` there with the
    lower end of its interval; `folds_median` is what the row of five folds has.
    """

    cycles: Mapping[str, Inner]
    folds: list[Inner]
    curve: Curve
    recurrence: Recurrence
    within: float
    intervals: Intervals
    forward: tuple[int, float, float]
    folds_median: float


def _inner(found: list[Inner]) -> str:
    best, simplest = (times(found, which) for which in (lambda i: i.best, lambda i: i.simplest))
    rows = []
    for name in MODELS:
        values = [inner.score[name] for inner in found]
        mean, low, high = sum(values) / len(values), min(values), max(values)
        span = f"{low:.3f} to {high:.3f}"
        rows.append([f"`{name}`", f"{mean:.3f}", span, str(best[name]), str(simplest[name])])
    return table(["model", "mean Spearman", "least to most", "best", "simplest"], rows)


def _cycles(found: Mapping[str, Inner]) -> str:
    rows = [
        [name, *(f"{inner.score[m]:.3f}" for m in MODELS), f"`{inner.simplest}`"]
        for name, inner in found.items()
    ]
    return table(["folds", *(f"`{m}`" for m in MODELS), "simplest"], rows)


def _curve(curve: Curve) -> str:
    names = list(curve[0][1])
    rows = [[f"{count:.0f}", *(f"{scores[n]:.3f}" for n in names)] for count, scores in curve]
    return table(["designs", *(f"`{n}`" for n in names)], rows)


def _intervals(found: Intervals) -> str:
    rows = []
    for count in next(iter(found.values())):
        cells = [found[null][count] for null in found]
        rows.append([str(count), *(f"{d:+.3f} [{a:+.3f}, {b:+.3f}]" for d, a, b in cells)])
    return table(["gene sets", *(f"less `{null}`" for null in found)], rows)


def draw(curve: Curve, limit: float, path: Path) -> None:
    """Spearman by the designs learned from, and the ceiling across cycles."""
    names = list(curve[0][1])
    x = Axis(0, 280, (0, 50, 100, 150, 200, 250), "designs learned from")
    panel = Panel(70, 40, 460, 280, x, Axis(0.4, 0.8, (0.4, 0.5, 0.6, 0.7, 0.8), "Spearman"))
    parts = panel.frame()
    parts.append(panel.curve([(0, limit), (280, limit)], "#000000", "dashed"))
    for name, colour in zip(names, COLOURS, strict=False):
        points = [(count, scores[name]) for count, scores in curve]
        parts += [panel.curve(points, colour), *(panel.dot(point, colour) for point in points)]
    said = [(name, colour, "solid") for name, colour in zip(names, COLOURS, strict=False)]
    parts += legend(330, 232, [*said, ("ceiling by the sd of rebuilds", "#000000", "dashed")])  # type: ignore[list-item]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(560, 380, "Learning curves of four models on isoprenol", parts))


def _needs(found: Intervals) -> dict[str, object]:
    said: dict[str, object] = {}
    for null, by_count in found.items():
        value, low, _ = by_count[_TESTED]
        said[f"gap_{null}"] = f"{value:.3f}"
        said[f"need_{null}"] = needed(_TESTED, value, value - low)
        said[f"power_{null}"] = needed(_TESTED, value, value - low, power=True)
    return said


def _need_forward(found: tuple[int, float, float]) -> dict[str, object]:
    count, value, low = found
    return {
        "count_forward": count,
        "gap_forward": f"{value:.3f}",
        "need_forward": needed(count, value, value - low),
        "power_forward": needed(count, value, value - low, power=True),
    }


def text(found: Found, **said: str) -> str:
    """The page."""
    value, error, ahead = gain(found.folds, "average", "gp")
    (first, least), *_, (last, most) = found.curve
    again = found.recurrence
    half = next(scores for count, scores in reversed(found.curve) if count <= 0.6 * last)
    doubling = most["gp"] - half["gp"]
    row_designs = 0.8 * again.designs
    more = row_designs * (2 ** ((_REQUIRED - found.folds_median) / doubling) - 1)
    builds = ceiling(found.within, again.spread, again.designs)
    return TEXT.read_text().format(
        **said,
        **_needs(found.intervals),
        **_need_forward(found.forward),
        parts=len(found.folds),
        gain=f"{value:+.4f}",
        gain_error=f"{error:.4f}",
        ahead=ahead,
        again=again.count,
        usual=again.usual,
        ceiling_usual=f"{again.usual_ceiling:.2f}",
        row_designs=f"{row_designs:.0f}",
        more_designs=f"{more:.0f}",
        rank=f"{again.rank:.2f}",
        ceiling=f"{again.ceiling:.2f}",
        ceiling_builds=f"{builds:.2f}",
        first_designs=f"{first:.0f}",
        last_designs=f"{last:.0f}",
        first_gp=f"{least['gp']:.3f}",
        last_gp=f"{most['gp']:.3f}",
        doubling=f"{doubling:+.3f}",
        inner=_inner(found.folds),
        cycles=_cycles(found.cycles),
        curve=_curve(found.curve),
        intervals=_intervals(found.intervals),
        within=found.within,
        across=again.error,
        spread=again.spread,
        designs=again.designs,
        per_design=again.cycles,
    )
