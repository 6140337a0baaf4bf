"""Evolutionary: designs that are changed, crossed and selected, for any model and any order.

Each order has a population of its own, so that small designs do not push out large ones or the
other way round. A generation makes as many children as there are parents: a tournament of two picks
a parent, and one or two of its edits are exchanged, or two parents are crossed (edits drawn from
both together), or a design of the order beside it takes one edit more, or gives one away. The best
of parents and children live on. Edits are drawn among those that may stand beside the others, so
that every design is allowed. No design is scored twice. Where the best have not changed for
`patience` generations, everything begins anew from random designs; where `restarts` of these in a
row have found nothing, or the budget is spent, it ends.

One generator draws everything, in one process: the same spec finds the same on every machine.

Source: (mu + lambda) selection, Schwefel 1981; tournaments, Goldberg and Deb 1991; here on sets.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from worker.inference.predictor import Predictor
from worker.search.batched import score_order
from worker.search.breeding import changed, crossed, grown, random_sets, shrunk
from worker.search.objective import Judged
from worker.search.parts import OrderPart
from worker.search.plan import SearchPlan
from worker.search.recall import part_with_recall
from worker.search.tally import Tally, Watch

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]

_CROSSED, _MOVED = 0.25, 0.15  # shares of the children; the rest is changed


def search_by_evolution(
    plan: SearchPlan, predictor: Predictor, watch: Watch
) -> tuple[OrderPart, ...]:
    """All orders of a plan together.

    Raises:
        SearchStoppedError: `watch` said so.
    """
    niches = [_Niche(Tally(plan, order, predictor)) for order in plan.orders if order.size]
    _Evolution(plan, niches, watch).run()
    found = {niche.tally.order.order: part_with_recall(niche.tally, watch) for niche in niches}
    return tuple(
        found[order.order]
        if order.size
        else score_order(plan, order, plan.shards[0], predictor, watch)
        for order in plan.orders
    )


@dataclass
class _Niche:
    """The designs of one order that live, best first: those that are good enough come before."""

    tally: Tally
    set_PR: Codes = field(init=False)
    score_P: Floats = field(init=False)
    good_P: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        self.clear()

    @property
    def size(self) -> int:
        """Edits of the pool in each design."""
        return self.tally.order.size

    def clear(self) -> None:
        """Nothing lives; what was found stays in the tally."""
        self.set_PR = np.zeros((0, self.size), dtype=np.int64)
        self.score_P, self.good_P = np.zeros(0), np.zeros(0, dtype=bool)

    def add(self, set_BR: Codes, judged: Judged, most: int) -> None:
        """Children; of all, the best live on."""
        score_C = np.concatenate([self.score_P, np.nan_to_num(judged.score_B, nan=-np.inf)])
        good_C = np.concatenate([self.good_P, judged.feasible_B])
        set_CR = np.concatenate([self.set_PR, set_BR])
        kept = np.lexsort((*set_CR.T[::-1], -score_C, ~good_C))[:most]
        self.set_PR, self.score_P, self.good_P = set_CR[kept], score_C[kept], good_C[kept]

    def parents(self, count: int, rng: np.random.Generator) -> Codes:
        """The better of two, for each place: they are in order."""
        place_B = rng.integers(len(self.set_PR), size=(count, 2)).min(axis=1)
        chosen_BR: Codes = self.set_PR[place_B]
        return chosen_BR


class _Evolution:
    """Generations, until there is no budget left or nothing is found any more."""

    def __init__(self, plan: SearchPlan, niches: Sequence[_Niche], watch: Watch) -> None:
        self._plan, self._niches, self._watch = plan, niches, watch
        self._spec = plan.spec.evolution
        self._left = self._spec.designs
        self._rng = np.random.default_rng(self._spec.seed)
        # Keys of sets are sums of these: two sets have one key with a chance of 2^-63.
        self._key_N = np.random.default_rng(0).integers(2**62, size=len(plan.pool), dtype=np.int64)
        self._seen: set[int] = set()

    def run(self) -> None:
        """Begin, and begin anew, as long as that finds something."""
        barren = 0
        while self._left > 0 and barren <= self._spec.restarts:
            before = self._best()
            self._live()
            barren = barren + 1 if self._best() == before else 0

    def _live(self) -> None:
        """From random designs until nothing better has come for a while."""
        for niche in self._niches:
            niche.clear()
            first = random_sets(self._plan.pool, self._spec.population, niche.size, self._rng)
            self._score(niche, first)
        stale, best = 0, self._best()
        while self._left > 0 and stale < self._spec.patience:
            for place, niche in enumerate(self._niches):
                self._score(niche, self._children(place))
            found = self._best()
            stale = stale + 1 if found == best else 0
            best = found
            self._watch.passed(0)

    def _best(self) -> list[list[float]]:
        count = self._plan.spec.proposal_count
        return [niche.tally.best.value_K[:count].tolist() for niche in self._niches]

    def _score(self, niche: _Niche, set_BR: Codes) -> None:
        """Score what was not seen before, as far as the budget goes."""
        key_B = self._key_N[set_BR].sum(axis=1).tolist()
        new: list[int] = []
        for row, key in enumerate(key_B):
            if key not in self._seen and len(new) < self._left:
                self._seen.add(key)
                new.append(row)
        if new:
            judged = niche.tally.add(set_BR[new])
            niche.add(set_BR[new], judged, self._spec.population)
            self._left -= len(new)
            self._watch.passed(len(new))

    def _children(self, place: int) -> Codes:
        """As many as may live of one order; fewer where nothing can be drawn."""
        niche, pool, rng = self._niches[place], self._plan.pool, self._rng
        count = self._spec.population
        by_size = {other.size: other for other in self._niches if len(other.set_PR)}
        smaller, larger = by_size.get(niche.size - 1), by_size.get(niche.size + 1)
        moved = round(_MOVED * count)
        parts = []
        if smaller is not None:
            parts.append(grown(pool, smaller.parents(moved, rng), rng))
        if larger is not None:
            parts.append(shrunk(larger.parents(moved, rng), rng))
        if len(niche.set_PR):
            both = round(_CROSSED * count)
            parts.append(crossed(pool, niche.parents(both, rng), niche.parents(both, rng), rng))
            rest = count - sum(map(len, parts))
            parts.append(changed(pool, niche.parents(rest, rng), rng))
        else:
            parts.append(random_sets(pool, count, niche.size, rng))
        return np.concatenate(parts)
