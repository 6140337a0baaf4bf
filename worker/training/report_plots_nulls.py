"""Picture of the paired differences between a model and its null models."""

from typing import TYPE_CHECKING

from service.contract.reports import LabelReport
from worker.training.report_plots import INK, MUTED, SERIES, Picture, draw

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def nulls_picture(label: LabelReport, name: str) -> Picture | None:
    """Spearman of the model less that of each null, with paired intervals."""
    found = sorted(label.spearman_differences, key=lambda row: row.difference)
    if not found:
        return None
    model = label.table[0].predictor

    def paint(figure: "Figure") -> None:
        axes = figure.subplots()
        axes.axvline(0, color=MUTED, lw=0.9, ls=(0, (4, 3)))
        for place, row in enumerate(found):
            axes.plot([row.low, row.high], [place, place], color=INK, lw=1.2)
            beats = row.low > 0
            color = SERIES[0] if beats else SERIES[1] if row.high < 0 else MUTED
            marker = "o" if beats else "s" if row.high < 0 else "D"
            axes.plot([row.difference], [place], marker, color=color, ms=7)
        axes.set_yticks(range(len(found)), [row.null for row in found])
        axes.set_ylim(-0.6, len(found) - 0.4)
        axes.set_xlabel("Spearman of the model - Spearman of the null (no unit)")

    return Picture(
        title=f"How far {model} is from each null model",
        svg=draw(paint, name=name, height=0.9 + 0.3 * len(found)),
        alt="Differences in Spearman with 95 % intervals: "
        + ", ".join(f"{r.null} {r.difference:+z.2f} [{r.low:+z.2f}, {r.high:+z.2f}]" for r in found)
        + ".",
        caption="Right of the line the model is better. Bars: 95 % of a paired bootstrap that "
        "draws whole gene sets; circle: better than the null, square: worse, diamond: cannot be "
        "told apart. A null that says the same of every design counts as 0. "
        f"Measured on the {label.test_design_count:,} test designs with this label.",
    )
