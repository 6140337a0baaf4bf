"""What was measured, by source, arm and seed, and how sure it is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student_t

from benchmarks.studies.loss_conflict.arms import Arm
from benchmarks.studies.loss_conflict.campaign import Outcomes
from benchmarks.studies.loss_conflict.sources import HELD_OUT_SHARE
from benchmarks.studies.loss_conflict.trials import Outcome, Trial

Floats = NDArray[np.float64]

# Test parts of different seeds overlap in what they were trained on; without this the intervals
# of held-out figures would be too narrow (Nadeau and Bengio 2003, doi:10.1023/A:1024068626366).
_OVERLAP = HELD_OUT_SHARE / (1.0 - HELD_OUT_SHARE)


@dataclass(frozen=True)
class Interval:
    """Mean over seeds and its 95 % interval; `sd` is the spread of the seeds."""

    mean: float
    low: float
    high: float
    sd: float

    @property
    def is_above(self) -> bool:
        """All of it lies above 0."""
        return self.low > 0

    @property
    def is_below(self) -> bool:
        """All of it lies below 0."""
        return self.high < 0

    def text(self, digits: int = 3, *, signed: bool = True) -> str:
        """Mean and bounds."""
        sign = "+" if signed else ""
        if math.isnan(self.mean):
            return "not defined"
        mean, low, high = (f"{x:{sign}.{digits}f}" for x in (self.mean, self.low, self.high))
        return mean if math.isnan(self.low) else f"{mean} ({low} to {high})"


def interval(value_S: Floats, *, held_out: bool = False) -> Interval:
    """Student's interval over seeds; values that are not defined are left out.

    Args:
        value_S: one value a seed; for a comparison the difference of two arms.
        held_out: widen it for the overlap of the training parts.
    """
    known = value_S[np.isfinite(value_S)]
    if len(known) == 0:
        return Interval(*[math.nan] * 4)
    mean = float(known.mean())
    if len(known) < 2:
        return Interval(mean, math.nan, math.nan, math.nan)
    sd = float(known.std(ddof=1))
    variance = sd**2 * (1.0 / len(known) + (_OVERLAP if held_out else 0.0))
    half = float(student_t.ppf(0.975, len(known) - 1)) * math.sqrt(variance)
    return Interval(mean, mean - half, mean + half, sd)


@dataclass(frozen=True)
class Results:
    """The outcomes of a campaign; every array is in the order of the seeds."""

    outcomes: Outcomes
    sources: Sequence[str]
    seeds: Sequence[int]
    epochs: int

    def _each(self, source: str, arm: Arm) -> list[Outcome]:
        return [self.outcomes[Trial(source, seed, arm, self.epochs)] for seed in self.seeds]

    def last(self, source: str, arm: Arm, key: str) -> Floats:
        """A look's value after the last epoch, [S]."""
        each = [outcome.looks[max(outcome.looks)] for outcome in self._each(source, arm)]
        return np.array([look[key] for look in each])

    def start(self, source: str, arm: Arm, key: str) -> Floats:
        """A look's value before the first step, [S]."""
        return np.array([outcome.looks[0][key] for outcome in self._each(source, arm)])

    def course(self, source: str, arm: Arm, key: str) -> tuple[list[int], Floats]:
        """Epochs that were looked at in every seed, and the values there, [E, S]."""
        each = [outcome.looks for outcome in self._each(source, arm)]
        epochs = sorted(set.intersection(*(set(looks) for looks in each)))
        return epochs, np.array([[looks[epoch][key] for looks in each] for epoch in epochs])

    def over_training(self, source: str, arm: Arm, key: str) -> Floats:
        """Mean of a look's value over the epochs, each weighing as long as it lasts, [S]."""
        epochs, value_ES = self.course(source, arm, key)
        known_ES = np.isfinite(value_ES)
        weight_ES = np.gradient(np.array(epochs, dtype=float))[:, None] * known_ES
        total_S = np.where(known_ES, value_ES, 0.0) * weight_ES
        mean_S: Floats = total_S.sum(axis=0) / weight_ES.sum(axis=0)
        return mean_S

    def final(self, source: str, arm: Arm, key: str) -> Floats:
        """A value of the finished member, [S]."""
        return np.array([outcome.final.get(key, math.nan) for outcome in self._each(source, arm)])
