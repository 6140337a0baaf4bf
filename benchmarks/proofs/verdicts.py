"""Whether ours beats the best null, in words, decided by the paired interval."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.proofs.statistics import Interval


@dataclass(frozen=True)
class Verdict:
    """One question: figures of ours and of the best null, and the paired difference."""

    question: str
    ours: Interval
    null: str
    best: Interval
    above: Interval
    digits: int = 2

    @property
    def beats(self) -> bool:
        """The whole interval is on our side."""
        return self.above["low"] > 0

    @property
    def loses(self) -> bool:
        """The whole interval is on the null's side."""
        return self.above["high"] < 0

    @property
    def is_ahead(self) -> bool:
        """Ours is better by the figure itself, whatever its interval."""
        return self.above["value"] > 0

    @property
    def words(self) -> str:
        """One line."""
        said = "**a null does as well**"
        if self.beats:
            said = "beats every null"
        elif self.loses:
            said = "**beaten by a null**"
        elif self.is_ahead:
            said = "**not told apart from a null**"
        return (
            f"{self.question}: {said}: {number(self.ours, self.digits)}, best null `{self.null}` "
            f"{number(self.best, self.digits)}, difference {signed(self.above, self.digits)}"
        )


def number(found: Interval, digits: int = 2) -> str:
    """A figure and its interval."""
    value, low, high = (f"{found[key]:.{digits}f}" for key in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def signed(found: Interval, digits: int = 2) -> str:
    """A difference and its interval."""
    value, low, high = (f"{found[key]:+.{digits}f}" for key in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def flipped(found: Interval) -> Interval:
    """Of what is better the less there is."""
    return {"value": -found["value"], "low": -found["high"], "high": -found["low"]}


def verdict(
    question: str,
    figures: Mapping[str, Interval],
    above: Mapping[str, Interval],
    ours: str,
    *,
    own: Sequence[str] = (),
    less_is_better: bool = False,
    digits: int = 2,
) -> Verdict:
    """Against the null of best value; `own` are further readings of ours, and no nulls."""
    sign = -1.0 if less_is_better else 1.0
    nulls = [name for name in figures if name not in {ours, *own}]
    best = max(nulls, key=lambda name: sign * figures[name]["value"])
    difference = flipped(above[best]) if less_is_better else above[best]
    return Verdict(question, figures[ours], best, figures[best], difference, digits)


def first_line(verdicts: Sequence[Verdict]) -> str:
    """What the page begins with: where the nulls are as good."""
    open_ = [v for v in verdicts if not v.beats and not v.loses]
    groups = {
        "**A null is better in: {}.**": [v for v in verdicts if v.loses],
        "**A null does as well in: {}.**": [v for v in open_ if not v.is_ahead],
        "**Ahead, but not told apart from a null, in: {}.**": [v for v in open_ if v.is_ahead],
        "Every null is beaten in: {}.": [v for v in verdicts if v.beats],
    }
    parts = [
        words.format("; ".join(v.question for v in group))
        for words, group in groups.items()
        if group
    ]
    return " ".join(parts) or "Nothing was measured yet."
