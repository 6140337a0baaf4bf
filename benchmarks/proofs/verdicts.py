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
    def words(self) -> str:
        """One line."""
        said = "**beaten by a null**" if self.loses else "**a null does as well**"
        if self.beats:
            said = "beats every null"
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
) -> Verdict:
    """Against the null of best value; `own` are further readings of ours, and no nulls."""
    sign = -1.0 if less_is_better else 1.0
    nulls = [name for name in figures if name not in {ours, *own}]
    best = max(nulls, key=lambda name: sign * figures[name]["value"])
    difference = flipped(above[best]) if less_is_better else above[best]
    return Verdict(question, figures[ours], best, figures[best], difference)


def first_line(verdicts: Sequence[Verdict]) -> str:
    """What the page begins with: where the nulls are as good."""
    equal = [v.question for v in verdicts if not v.beats and not v.loses]
    lost = [v.question for v in verdicts if v.loses]
    won = [v.question for v in verdicts if v.beats]
    parts = []
    if lost:
        parts.append(f"**A null is better in: {'; '.join(lost)}.**")
    if equal:
        parts.append(f"**A null does as well in: {'; '.join(equal)}.**")
    if won:
        parts.append(f"Every null is beaten in: {'; '.join(won)}.")
    return " ".join(parts) or "Nothing was measured yet."
