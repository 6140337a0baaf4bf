"""Order by order, from the best of the order below: for more designs than can be scored.

A set is reached by adding one edit to one of the `beam_width` best sets that are one edit smaller;
sets that are not good enough go on only where there are too few that are. How much this misses is
not known, but where an order of two or three edits can be enumerated: there the exact best are
proposed, and how many of them the beam reached by itself is told.
"""

from collections.abc import Iterator
from math import comb

import numpy as np
from numpy.typing import NDArray

from worker.inference.predictor import Predictor
from worker.search.batched import BATCH_DESIGNS, score_order
from worker.search.best import Best
from worker.search.objective import Judged
from worker.search.parts import OrderPart
from worker.search.plan import OrderPlan, SearchPlan
from worker.search.pool import EditPool
from worker.search.recall import part_with_recall
from worker.search.tally import Tally, Watch

Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]


def search_beam(plan: SearchPlan, predictor: Predictor, watch: Watch) -> tuple[OrderPart, ...]:
    """Go through the orders of a plan, the smallest first.

    Raises:
        SearchStoppedError: `watch` said so.
    """
    wanted = {order.size: order for order in plan.orders}
    fixed = plan.pool.included_count
    parts: list[OrderPart] = []
    alive = np.zeros((1, 0), dtype=np.int64)
    if 0 in wanted:
        parts.append(score_order(plan, wanted[0], plan.shards[0], predictor, watch))
    for size in range(1, max(wanted) + 1):
        order = OrderPlan(fixed + size, size, comb(len(plan.pool), size))
        tally = Tally(plan, order, predictor)
        alive = _grow(tally, alive, watch)
        if size in wanted:
            parts.append(part_with_recall(tally, watch))
    return tuple(parts)


def _grow(tally: Tally, alive_WR: Codes, watch: Watch) -> Codes:
    """Score every set that is one edit larger than one alive; the sets to go on from."""
    width = tally.plan.spec.beam_width
    good, rest = Best.none(tally.order.size), Best.none(tally.order.size)
    for set_BR in _larger(tally.plan.pool, alive_WR):
        judged = tally.add(set_BR)
        good = good.joined(judged.value_B, set_BR, width)
        rest = rest.joined(_bad_scores(judged), set_BR, width)
        watch.passed(len(set_BR))
    return np.concatenate([good.set_KR, rest.set_KR])[:width]


def _bad_scores(judged: Judged) -> NDArray[np.float64]:
    is_bad_B = ~judged.feasible_B & np.isfinite(judged.score_B)
    return np.where(is_bad_B, judged.score_B, -np.inf)


def _larger(pool: EditPool, alive_WR: Codes) -> Iterator[Codes]:
    """Sets with one edit more, each once, places ascending, in batches.

    A set is made from the first of the sets alive that it holds. Keys of sets are sums of random
    64-bit numbers of their edits: of two different sets they are the same with a chance of 2^-64.
    """
    rng = np.random.default_rng(0)
    edit_key_N = rng.integers(np.iinfo(np.int64).max, size=len(pool), dtype=np.int64)
    key_W = edit_key_N[alive_WR].sum(axis=1)
    place_W = np.argsort(key_W, kind="stable")
    step = max(1, BATCH_DESIGNS // len(pool))
    for start in range(0, len(alive_WR), step):
        rows = np.arange(start, min(start + step, len(alive_WR)))
        fits_BN = pool.together_NN[alive_WR[rows]].all(axis=1)
        row_C, edit_C = np.nonzero(fits_BN)
        parent_C = rows[row_C]
        is_first_C = np.ones(len(parent_C), dtype=bool)
        for column in range(alive_WR.shape[1]):
            other_C = key_W[parent_C] + edit_key_N[edit_C] - edit_key_N[alive_WR[parent_C, column]]
            is_first_C &= parent_C < _first_with(key_W, place_W, other_C)
        if is_first_C.any():
            chosen = [alive_WR[parent_C], edit_C[:, None]]
            yield np.sort(np.concatenate(chosen, axis=1)[is_first_C], axis=1)


def _first_with(key_W: Codes, place_W: Codes, wanted_C: Codes) -> Codes:
    """Where a key stands among some; after the last if it is not there."""
    at_C = np.minimum(np.searchsorted(key_W[place_W], wanted_C), len(key_W) - 1)
    found_C = place_W[at_C]
    return np.where(key_W[found_C] == wanted_C, found_C, len(key_W))
