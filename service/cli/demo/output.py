"""What the demo prints: profile, progress, report and ranking, as plain text."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from statistics import fmean
from typing import Any

from service.contract.inference import LabelScores, NeutralSource, ScoreAnswer
from service.contract.jobs import EventType, JobEvent
from service.contract.resources import Dataset

SHOWN = 15


def number(value: float | None, digits: int = 1) -> str:
    """A number for a table; a dash where there is none."""
    return "-" if value is None else f"{value:.{digits}f}"


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as they need; the first to the left, the others to the right."""
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    for row in (header, *rows):
        cells = [f"{row[0]:<{widths[0]}}"]
        cells += [f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True)]
        print("  " + "  ".join(cells))


def print_profile(file_name: str, dataset: Dataset) -> None:
    """What ingest found in the table."""
    profile = dataset.profile
    if profile is None:
        return
    orders = ", ".join(
        f"{count} with {order}" for order, count in sorted(profile.designs_per_order.items())
    )
    print(f"\n{file_name} is {dataset.id}")
    print(f"  {profile.row_count} rows ({profile.control_row_count} of controls)")
    print(f"  {profile.design_count} designs over {profile.locus_count} loci; edits: {orders}")
    for label in profile.labels:
        span = f"{number(label.min)} to {number(label.max)} {label.unit}"
        print(
            f"  {label.name}: {label.count} values, {span}, median {number(label.median)}, "
            f"{label.censored_count} below the detection limit"
        )


# ---------------------------------------------------------------- progress


@contextmanager
def progress_shown() -> Iterator[Callable[[JobEvent], None]]:
    """A live bar on a terminal with rich, else a line for every tenth of the work."""
    bar = _rich_bar() if sys.stdout.isatty() else None
    if bar is None:
        yield _Lines()
        return
    with bar:
        yield _Bar(bar)


def _rich_bar() -> Any | None:  # noqa: ANN401 - rich may be missing
    try:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
    except ModuleNotFoundError:
        return None
    text = TextColumn("{task.description}")
    return Progress(text, BarColumn(), TextColumn("{task.percentage:3.0f}%"), TimeRemainingColumn())


class _Bar:
    """Events on a bar of rich."""

    def __init__(self, bar: Any) -> None:  # noqa: ANN401 - rich may be missing
        self._bar = bar
        self._task = bar.add_task("QUEUED", total=1.0)

    def __call__(self, event: JobEvent) -> None:
        if event.type is EventType.STATE:
            self._bar.update(self._task, description=event.data["state"])
        elif event.type is EventType.EPOCH:
            self._bar.update(self._task, description=_loss(event.data))
        elif event.type is EventType.PROGRESS:
            self._bar.update(self._task, completed=event.data["fraction"])


class _Lines:
    """Events as lines that a log can keep."""

    def __init__(self) -> None:
        self._tenth = 0
        self._doing = ""

    def __call__(self, event: JobEvent) -> None:
        if event.type is EventType.STATE:
            print(f"  {event.data['state']}", flush=True)
        elif event.type is EventType.EPOCH:
            self._doing = _loss(event.data)
        elif event.type is EventType.PROGRESS:
            self._doing = event.data.get("message", self._doing)
            self._tell(event.data["fraction"])

    def _tell(self, fraction: float) -> None:
        if fraction * 10 >= self._tenth + 1:
            self._tenth = int(fraction * 10)
            print(f"  {fraction:4.0%}  {self._doing}", flush=True)


def _loss(data: dict[str, Any]) -> str:
    terms = "  ".join(f"{name} {value:.3f}" for name, value in data["terms"].items())
    return f"member {data['member'] + 1} epoch {data['epoch']:>3}  {terms}"


# ---------------------------------------------------------------- selection


def print_selection(selection: dict[str, Any]) -> None:
    """The models that were compared inside the training part, and which of them was trained."""
    print(f"\nmodels, the simplest first, on folds inside cycles 0-4 ({selection['folds']})")
    header = ("model", selection["criterion"], "behind best", "standard error", "seconds")
    rows = [
        (
            row["kind"] + (" *" if row["is_chosen"] else ""),
            number(row["score"], 3),
            number(row["behind_best"], 3),
            number(row["standard_error"], 3),
            number(row["seconds"]),
        )
        for row in selection["candidates"]
        if row["left_out"] is None
    ]
    print_table(header, rows)
    print(f"  * {selection['reason']}")


# ---------------------------------------------------------------- report


def print_report(report: dict[str, Any]) -> None:
    """The held-out figures beside those of the null models, and what they were measured on."""
    split = report["split"]
    for label in report["labels"]:
        unit = label["unit"]
        print(f"\nheld out: {split['description']}")
        print(
            f"  {label['test_design_count']} designs that were not trained on "
            f"({label['train_design_count']} were), metrics in {unit} where they have a unit"
        )
        header = ("predictor", "Spearman", "Pearson", f"RMSE {unit}", f"MAE {unit}", "R2")
        rows = [
            (
                row["predictor"],
                number(row["spearman"], 3),
                number(row["pearson"], 3),
                number(row["rmse"]),
                number(row["mae"]),
                number(row["r2"], 3),
            )
            for row in label["table"]
        ]
        print_table(header, rows)
        print(f"  {label['verdict']}")
    for name, count in split["left_out"].items():
        print(f"  left out of the test part: {name.replace('_', ' ')} {count}")


# ---------------------------------------------------------------- ranking


def print_ranking(answer: ScoreAnswer, measured: Sequence[Sequence[float]]) -> None:
    """Designs by predicted titre, with how far the members disagree and what was measured."""
    label = answer.labels[0]
    mean = label.mean or []
    order = sorted(range(len(mean)), key=lambda i: -mean[i])
    print(
        f"\nthe {min(SHOWN, len(order))} designs of highest predicted {label.name} among "
        f"{len(order)} of cycles 5-6, in {label.unit}"
    )
    header = ["rank  design", "mean", "sd", "min-max", "neutral", "interaction"]
    header += ["designs seen", "rarest edit", "measured"]
    rows = [
        (
            f"{rank:>4}  {_short(answer.genotypes[i])}",
            *_scores(label, i),
            *_support(answer, i),
            number(fmean(measured[i])),
        )
        for rank, i in enumerate(order[:SHOWN], start=1)
    ]
    print_table(header, rows)
    print(
        "  designs are sets of knock-downs; mean, sd and min-max are over the members of the "
        "ensemble\n"
        f"  neutral: expected without interaction ({label.neutral_model} model), * from measured "
        "single edits, else fitted\n"
        "  interaction: mean less neutral\n"
        "  designs seen: training rows of this very design; rarest edit: of its least seen edit\n"
        "  measured: mean titre in cycles 5-6; no value of these cycles was trained on"
    )
    print_enrichment(order, measured, label.unit)


def print_enrichment(order: Sequence[int], measured: Sequence[Sequence[float]], unit: str) -> None:
    """Whether the top of the ranking is better than a design taken at random."""
    top = fmean(fmean(measured[i]) for i in order[:SHOWN])
    everyone = fmean(fmean(values) for values in measured)
    print(f"  measured mean of these: {top:.1f} {unit}; of all {len(order)}: {everyone:.1f} {unit}")


def _short(genotype: str) -> str:
    return genotype.replace(":knockdown", "").replace("+", " + ")


def _scores(label: LabelScores, i: int) -> tuple[str, ...]:
    low, high = (label.min or [])[i], (label.max or [])[i]
    return (
        number((label.mean or [])[i]),
        number((label.sd or [])[i]),
        f"{low:.0f}-{high:.0f}",
        _neutral(label, i),
        f"{(label.interaction or [])[i]:+.1f}",
    )


def _neutral(label: LabelScores, i: int) -> str:
    is_measured = (label.neutral_source or [])[i] is NeutralSource.MEASURED
    return number((label.expected_neutral or [])[i]) + ("*" if is_measured else " ")


def _support(answer: ScoreAnswer, i: int) -> tuple[str, str]:
    if answer.support is None:
        return "-", "-"
    rarest = answer.support.edit_count_min[i]
    return str(answer.support.design_count[i]), "-" if rarest is None else str(rarest)
