"""What a screen looks for: a rank, what is feasible, and two values to trade off."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from worker.search.tables import Floats


@dataclass(frozen=True)
class RankTerm:
    """weight * mean - |weight| * caution * sd of a label, over members, in its unit.

    A weight below 0 minimises: there the sd counts against a design as well.
    """

    label: int
    weight: float = 1.0
    caution: float = 0.0

    @property
    def penalty(self) -> float:
        """Factor of the sd."""
        return abs(self.weight) * self.caution


@dataclass(frozen=True)
class Limit:
    """P(y >= at_least) >= probability, and P(y <= at_most) >= probability: each by itself.

    y is normal with the mean and the sd of the ensemble; without an sd the mean decides.
    """

    label: int
    at_least: float | None = None
    at_most: float | None = None
    probability: float = 0.9

    @property
    def factor(self) -> float:
        """How many sd the mean has to be away."""
        return NormalDist().inv_cdf(self.probability)

    @property
    def sides(self) -> list[tuple[float, float]]:
        """Sign and least: sign * mean - factor * sd >= least."""
        low = [] if self.at_least is None else [(1.0, self.at_least)]
        return low + ([] if self.at_most is None else [(-1.0, -self.at_most)])


@dataclass(frozen=True)
class ScreenObjective:
    """Designs are ranked by the sum of terms; `has_front` keeps what no design beats in both.

    The two values of the front are the first two terms, each by itself.
    """

    terms: tuple[RankTerm, ...]
    limits: tuple[Limit, ...] = ()
    has_front: bool = False

    def __post_init__(self) -> None:
        """Check that there is something to rank by, and two terms for a front.

        Raises:
            ValueError: there is not.
        """
        if not self.terms or (self.has_front and len(self.terms) < 2):
            raise ValueError("a rank needs a term, and a front needs two")

    def factors(self, label_count: int) -> tuple[Floats, Floats]:
        """Of each label's mean and sd in the rank [Y]."""
        weight_Y, penalty_Y = np.zeros((2, label_count))
        for term in self.terms:
            weight_Y[term.label] += term.weight
            penalty_Y[term.label] += term.penalty
        return weight_Y, penalty_Y

    def values(self, readings_YMB: Floats) -> tuple[Floats, Floats, np.ndarray]:
        """Rank [B], values of each term [T, B] and feasibility [B], of readings in labels' units.

        This is the float64 rule that kernels follow in float32: the caller ranks by it at last.
        """
        mean_YB = readings_YMB.mean(axis=1)
        sd_YB = np.zeros_like(mean_YB)
        if readings_YMB.shape[1] > 1:
            sd_YB = readings_YMB.std(axis=1, ddof=1)
        term_TB = np.stack(
            [t.weight * mean_YB[t.label] - t.penalty * sd_YB[t.label] for t in self.terms]
        )
        is_feasible_B = np.ones(mean_YB.shape[1], dtype=bool)
        for limit in self.limits:
            mean_B, margin_B = mean_YB[limit.label], limit.factor * sd_YB[limit.label]
            for sign, least in limit.sides:
                is_feasible_B &= sign * mean_B - margin_B >= least
        return term_TB.sum(axis=0), term_TB, is_feasible_B
