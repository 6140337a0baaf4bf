"""What a search that may miss some has reached of the best, where the best can be known."""

from dataclasses import replace

from worker.search.batched import score_order
from worker.search.best import Codes
from worker.search.parts import OrderPart
from worker.search.plan import RECALL_DESIGNS
from worker.search.tally import Tally, Watch

RECALL_SIZES = (2, 3)
RECALL_BEST = 100


def part_with_recall(tally: Tally, watch: Watch) -> OrderPart:
    """The order as it was found, or exactly, with how many of the best were, where that can be.

    Raises:
        SearchStoppedError: `watch` said so.
    """
    plan, order = tally.plan, tally.order
    if order.size not in RECALL_SIZES or order.possible_count > RECALL_DESIGNS:
        return tally.part(pruned=order.possible_count - tally.evaluated)
    exact = score_order(plan, order, plan.shards[0], tally.predictor, watch)
    best, found = (_rows(part.best.set_KR[:RECALL_BEST]) for part in (exact, tally))
    return replace(exact, beam_found=(len(best), len(best & found)))


def _rows(set_KR: Codes) -> set[tuple[int, ...]]:
    return set(map(tuple, set_KR.tolist()))
