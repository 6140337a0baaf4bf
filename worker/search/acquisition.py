"""Which designs to build next: those likely to be good, and those that teach the most.

The utility of a design in the eyes of a member is the weighted, signed sum of its predictions, so
that more is better. Designs of a batch are measured together: each is picked by what it is worth
less its likeness to those picked before (`worker.search.diversity`).

Source: Mockus 1978 and Jones et al. 1998, doi:10.1023/A:1008306431147 (expected improvement);
Srinivas et al. 2010, arXiv 0912.3995 (upper confidence bounds); Thompson 1933, doi:10.2307/2332286,
with members of an ensemble as samples of the posterior (Lakshminarayanan et al. 2017, arXiv
1612.01474).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from service.contract.order_sheets import Acquisition
from worker.search.diversity import Holders, scaled
from worker.search.objective import member_sd

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


class Pick(NamedTuple):
    """The place of a design among the candidates, and what it was worth."""

    place: int
    worth: float


def lower_bound(utility_MC: Floats, caution: float) -> Floats:
    """Mean less caution * sd of the members' utilities [C]."""
    bound_C: Floats = utility_MC.mean(axis=0) - caution * member_sd(utility_MC)
    return bound_C


def expected_improvement(utility_MC: Floats, best: float) -> Floats:
    """E max(u - best, 0) of a normal u with the members' mean and sd [C]; without an sd the excess.

    (mean - best) Phi(s) + sd phi(s), s = (mean - best) / sd.
    """
    above_C = utility_MC.mean(axis=0) - best
    sd_C = member_sd(utility_MC)
    steps_C = np.divide(above_C, sd_C, out=np.zeros_like(above_C), where=sd_C > 0)
    density_C = np.exp(-0.5 * steps_C**2) / np.sqrt(2 * np.pi)
    smooth_C: Floats = above_C * ndtr(steps_C) + sd_C * density_C
    return np.where(sd_C > 0, smooth_C, np.maximum(above_C, 0.0))


def acquisition(
    kind: Acquisition, utility_MC: Floats, *, best: float, optimism: float, seed: int
) -> Callable[[], Floats]:
    """What candidates are worth [C], asked anew for every pick."""
    if kind is Acquisition.THOMPSON:
        rng = np.random.default_rng(seed)
        return lambda: utility_MC[rng.integers(len(utility_MC))]
    if kind is Acquisition.UPPER_CONFIDENCE_BOUND:
        worth_C = lower_bound(utility_MC, -optimism)
    else:
        worth_C = expected_improvement(utility_MC, best)
    return lambda: worth_C


def pick_batch(
    worth: Callable[[], Floats],
    set_CR: Codes,
    count: int,
    *,
    diversity: float,
    penalty_C: Floats,
    begun: Sequence[int] = (),
) -> list[Pick]:
    """Pick designs one by one; `begun` are picked already, and so not picked again.

    The next has the greatest (1 - diversity) w - diversity s - penalty, w its worth scaled to 0..1
    and s its greatest likeness to a picked design. Of equals the first candidate is taken.
    """
    holders = Holders(set_CR)
    alike_C = np.zeros(len(set_CR))
    is_left_C = np.ones(len(set_CR), dtype=bool)
    for place in begun:
        alike_C = np.maximum(alike_C, holders.similarity(place))
        is_left_C[place] = False
    picks: list[Pick] = []
    while len(picks) < count and is_left_C.any():
        worth_C = worth()
        gain_C = (1 - diversity) * scaled(worth_C) - diversity * alike_C - penalty_C
        place = int(np.argmax(np.where(is_left_C, gain_C, -np.inf)))
        picks.append(Pick(place, float(worth_C[place])))
        is_left_C[place] = False
        alike_C = np.maximum(alike_C, holders.similarity(place))
    return picks
