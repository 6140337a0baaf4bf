"""What is kept while the designs of one order go by."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worker.inference.predictor import Predictor
from worker.search.best import Best, Front
from worker.search.errors import SearchStoppedError
from worker.search.objective import Judged
from worker.search.parts import OrderPart
from worker.search.plan import OrderPlan, SearchPlan

Codes = NDArray[np.int64]


class Watch(NamedTuple):
    """How a shard tells how far it is, in designs since it last did, and when it is to stop."""

    progress: Callable[[int], None] = lambda _: None
    should_stop: Callable[[], bool] = lambda: False

    def passed(self, designs: int) -> None:
        """Designs have been gone through.

        Raises:
            SearchStoppedError: nobody wants the rest.
        """
        self.progress(designs)
        if self.should_stop():
            raise SearchStoppedError


@dataclass
class Tally:
    """Counts, and the best so far, of one order."""

    plan: SearchPlan
    order: OrderPlan
    predictor: Predictor
    evaluated: int = 0
    excluded: int = 0
    infeasible: int = 0
    best: Best = field(init=False)
    half_best: Best = field(init=False)
    front: Front = field(init=False)

    def __post_init__(self) -> None:
        size = self.order.size
        self.best, self.half_best = Best.none(size), Best.none(size)
        self.front = Front.none(size)

    def add(self, set_BR: Codes) -> Judged:
        """Score sets that may stand together, and keep the best."""
        plan = self.plan
        read = self.predictor.composed(plan.pool.batch(set_BR), plan.ranking.labels)
        judged = plan.ranking.judge(read)
        self.evaluated += len(set_BR)
        self.infeasible += int((~judged.feasible_B).sum())
        self.best = self.best.joined(judged.value_B, set_BR, plan.keep)
        if plan.spec.pareto:
            kept_B = judged.feasible_B
            self.front = self.front.joined(judged.term_BO[kept_B], set_BR[kept_B])
        if plan.half_keep:
            half_B = plan.ranking.judge({y: v_MB[::2] for y, v_MB in read.items()}).value_B
            self.half_best = self.half_best.joined(half_B, set_BR, plan.half_keep)
        return judged

    def part(self, pruned: int = 0) -> OrderPart:
        """What has been found."""
        return OrderPart(
            order=self.order.order,
            evaluated=self.evaluated,
            excluded=self.excluded,
            pruned=pruned,
            infeasible=self.infeasible,
            best=self.best,
            half_best=self.half_best,
            front=self.front,
        )
