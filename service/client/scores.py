"""Scores as they came, as a frame, and as a picture."""

from math import inf, nan

from service.client.frames import PandasFrame, PolarsFrame, pandas_frame, polars_frame
from service.client.pictures import SHOWN_DESIGNS, intervals, titled
from service.contract.inference import LabelScores, ScoreAnswer

_NOT_COLUMNS = frozenset({"name", "unit", "neutral_model", "interval", "gradient"})


class Scores(ScoreAnswer):
    """The answer of a model: columns in the order of the designs asked for."""

    def columns(self) -> dict[str, list[object]]:
        """`genotype`, `LABEL.FIELD` and `support.FIELD`, named as in a table of scores."""
        found: dict[str, list[object]] = {"genotype": list(self.genotypes)}
        for label in self.labels:
            told = {k: v for k, v in label if k not in _NOT_COLUMNS and v is not None}
            if label.interval is not None:
                told |= {"low": label.interval.low, "high": label.interval.high}
            found |= {f"{label.name}.{field}": list(values) for field, values in told.items()}
        for field, values in self.support or ():
            if values is not None:
                found[f"support.{field}"] = list(values)
        return found

    def to_pandas(self) -> PandasFrame:
        """A row a design, as a pandas frame.

        Raises:
            FailedPreconditionError: pandas is not installed.
        """
        return pandas_frame(self.columns())

    def to_polars(self) -> PolarsFrame:
        """A row a design, as a polars frame.

        Raises:
            FailedPreconditionError: polars is not installed.
        """
        return polars_frame(self.columns())

    def _repr_html_(self) -> str:
        called = f"{self.model_name}@{self.model_version}" if self.model_name else self.model_id
        count = len(self.genotypes)
        shown = f", the {SHOWN_DESIGNS} highest" if count > SHOWN_DESIGNS else ""
        parts = [self._picture(label) for label in self.labels if label.mean is not None]
        return titled(f"{count:,} designs scored by {called}{shown}", *parts)

    def _picture(self, label: LabelScores) -> str:
        mean = label.mean or []
        ranked = sorted(range(len(mean)), key=lambda k: -mean[k] if mean[k] == mean[k] else inf)
        best = ranked[:SHOWN_DESIGNS]
        spans = [_span(label, k) for k in best]
        what = "sd over the members"
        if label.interval is not None:
            what = f"{label.interval.level:.0%} interval"
        names = [self.genotypes[k] for k in best]
        picture = intervals(names, [mean[k] for k in best], spans, label.unit)
        return titled(f"{label.name} ({label.unit}): mean and {what}", "<br/>", picture)


def _span(label: LabelScores, number: int) -> tuple[float, float]:
    if label.interval is not None:
        return label.interval.low[number], label.interval.high[number]
    mean = (label.mean or [])[number]
    sd = label.sd[number] if label.sd is not None else 0.0
    return (mean - sd, mean + sd) if mean == mean else (nan, nan)
