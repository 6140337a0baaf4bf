"""What a design is worth: one formula for every strategy, and for the check.

value = sum over objectives o of weight_o (sign_o mean_o - caution sd_o), mean and sd (ddof = 1; 0
of one member) over the members, in the label's unit; sign is -1 for a label to minimize, so that
the bound lies on the unlucky side of both. A design is feasible if for every limit
mean - z sd >= at_least and mean + z sd <= at_most, with z the quantile of the probability asked
for: P(y >= at_least) >= probability of a normal y.

Laws: permuting members changes nothing; a weight scales its term; with one member, or without
caution, the value is the weighted sum of means.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.contract.search import Direction, RankBy, SearchSpec

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Rounding differs with the shape of a batch: values that are equal in 12 digits are equal.
_MANTISSA_BITS = 40


class Goal(NamedTuple):
    """An objective: the label's place in the manifest, and its weight with the sign."""

    label: int
    sign: float
    weight: float


class Limit(NamedTuple):
    """A feasibility: the ends are infinite where there is none."""

    label: int
    at_least: float
    at_most: float
    quantile: float


class Judged(NamedTuple):
    """Worth of designs [B], its terms [B, O], and whether they are good enough [B].

    `value_B` of a design that is not, or that is no finite number, is -inf; `score_B` is what it
    would be worth.
    """

    value_B: Floats
    score_B: Floats
    term_BO: Floats
    feasible_B: Flags


@dataclass(frozen=True)
class Ranking:
    """What designs are ranked by; `caution` 0 ranks by the mean."""

    goals: tuple[Goal, ...]
    limits: tuple[Limit, ...]
    caution: float

    @classmethod
    def of(cls, spec: SearchSpec, labels: Sequence[str]) -> "Ranking":
        """The ranking of a spec whose labels are among those of the model."""
        return cls(
            goals=tuple(
                Goal(
                    labels.index(goal.label),
                    -1.0 if goal.direction is Direction.MINIMIZE else 1.0,
                    goal.weight,
                )
                for goal in spec.objectives
            ),
            limits=tuple(
                Limit(
                    labels.index(limit.label),
                    -np.inf if limit.at_least is None else limit.at_least,
                    np.inf if limit.at_most is None else limit.at_most,
                    NormalDist().inv_cdf(limit.probability),
                )
                for limit in spec.feasibility
            ),
            caution=0.0 if spec.rank_by is RankBy.MEAN else spec.caution,
        )

    @property
    def labels(self) -> tuple[int, ...]:
        """Places of all labels that are read."""
        read = {goal.label for goal in self.goals} | {limit.label for limit in self.limits}
        return tuple(sorted(read))

    def judge(self, read: Mapping[int, Floats]) -> Judged:
        """Judge designs by the members' predictions [M, B] of each label, in its unit."""
        mean_B = {y: read[y].mean(axis=0) for y in self.labels}
        sd_B = {y: member_sd(read[y]) for y in self.labels}
        with np.errstate(invalid="ignore", over="ignore"):  # a level far out of range: infeasible
            terms = [
                g.weight * (g.sign * mean_B[g.label] - self.caution * sd_B[g.label])
                for g in self.goals
            ]
            term_BO = _in_twelve_digits(np.stack(terms, axis=1))
            score_B = _in_twelve_digits(term_BO.sum(axis=1))
            feasible_B = np.isfinite(score_B)
            for limit in self.limits:
                reach_B = limit.quantile * sd_B[limit.label]
                feasible_B &= mean_B[limit.label] - reach_B >= limit.at_least
                feasible_B &= mean_B[limit.label] + reach_B <= limit.at_most
        return Judged(np.where(feasible_B, score_B, -np.inf), score_B, term_BO, feasible_B)


def member_sd(member_MB: Floats) -> Floats:
    """Standard deviation over the members (ddof = 1), 0 of one [B]."""
    if len(member_MB) < 2:
        return np.zeros(member_MB.shape[1])
    with np.errstate(invalid="ignore", over="ignore"):
        sd_B: Floats = member_MB.std(axis=0, ddof=1)
    return sd_B


def _in_twelve_digits(value: Floats) -> Floats:
    mantissa, exponent = np.frexp(value)
    unit = float(1 << _MANTISSA_BITS)
    rounded: Floats = np.ldexp(np.rint(mantissa * unit) / unit, exponent)
    return rounded
