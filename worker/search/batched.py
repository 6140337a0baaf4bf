"""Exact, for any model: every design of a shard is encoded and scored, a batch at a time.

Memory does not grow with the number of designs: sets are read off their ranks, and only the best
are kept.
"""

from worker.inference.predictor import Predictor
from worker.search.parts import OrderPart
from worker.search.plan import OrderPlan, SearchPlan, Shard
from worker.search.sets import ranks_of, sets_at
from worker.search.tally import Tally, Watch

BATCH_DESIGNS = 8192


def score_order(
    plan: SearchPlan, order: OrderPlan, shard: Shard, predictor: Predictor, watch: Watch
) -> OrderPart:
    """Go through the designs of one order in a shard.

    Raises:
        SearchStoppedError: `watch` said so.
    """
    tally = Tally(plan, order, predictor)
    ranks = ranks_of(len(plan.pool), order.size, shard.begin, shard.end)
    for start in range(ranks.start, ranks.stop, BATCH_DESIGNS):
        batch = range(start, min(start + BATCH_DESIGNS, ranks.stop))
        set_BR = sets_at(len(plan.pool), order.size, batch)
        if plan.pool.has_exclusions:
            set_BR = set_BR[plan.pool.allowed(set_BR)]
        tally.excluded += len(batch) - len(set_BR)
        if len(set_BR):
            tally.add(set_BR)
        watch.passed(len(batch))
    return tally.part()
