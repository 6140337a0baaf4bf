"""Exact beyond what can be gone through: branch and bound, or how far from it a search had to end.

A beam goes first: its best are what the bounds have to beat. Sets that the bounds leave are scored
as in every strategy, so that what is proposed is that of going through all designs. A budget of
nodes or of seconds ends it early; then the best of beam and tree are proposed, and the bound of
what was not looked at says by how much the best of it can be better.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from math import comb

import numpy as np

from worker.inference.predictor import Predictor
from worker.search.batched import BATCH_DESIGNS
from worker.search.beam import search_beam
from worker.search.best import Best
from worker.search.branch_arrays import branch_arrays
from worker.search.branch_lines import GELU_LINES
from worker.search.branch_state import DEPTH, NODES, new_tree, new_work
from worker.search.branch_tree import DONE, PAUSED, advance, bound_left, bound_node
from worker.search.parts import OrderPart
from worker.search.plan import MOST_STEPS, OrderPlan, SearchPlan
from worker.search.table_builder import latent_tables
from worker.search.tally import Tally, Watch

_NODES = 256  # between two looks at the clock
_TIE = 1e-11  # relative: what is equal in twelve digits is looked at


def search_branches(plan: SearchPlan, predictor: Predictor, watch: Watch) -> tuple[OrderPart, ...]:
    """Every order of a plan, the smallest first.

    Raises:
        SearchStoppedError: `watch` said so.
    """
    begun = time.monotonic()
    beam = search_beam(plan, predictor, watch._replace(progress=lambda _: None))
    goal = _Goal(plan, beam, begun)
    parts = []
    for order, part in zip(plan.orders, beam, strict=True):
        if order.size:
            part = _Search(plan, order, predictor, goal).run(part, watch)
        else:  # nothing beside the fixed edits
            watch.passed(1)
        parts.append(part)
    return tuple(parts)


class _Goal:
    """What a design has to be worth, and what may be spent, of all orders or of each by itself."""

    def __init__(self, plan: SearchPlan, beam: Sequence[OrderPart], begun: float) -> None:
        self._is_shared = not plan.spec.per_order
        self._count = plan.keep if plan.spec.diversity else plan.spec.proposal_count
        self.best = {part.order: part.best for part in beam}
        budget = plan.spec.branch_and_bound
        self.nodes_left = budget.nodes
        self._end = np.inf if budget.seconds is None else begun + budget.seconds

    def least(self, order: int) -> float:
        """What a design has to be worth, at least, to be among the best."""
        found = self.best.values() if self._is_shared else [self.best[order]]
        value_K = np.concatenate([best.value_K for best in found])
        if len(value_K) < self._count:
            return -np.inf
        least = float(np.partition(value_K, -self._count)[-self._count])
        return least - _TIE * abs(least)

    @property
    def is_spent(self) -> bool:
        """Whether the search has to end."""
        return self.nodes_left <= 0 or time.monotonic() >= self._end


class _Search:
    """The tree of one order."""

    def __init__(
        self, plan: SearchPlan, order: OrderPlan, predictor: Predictor, goal: _Goal
    ) -> None:
        pool = plan.pool
        tables = latent_tables(predictor, pool.edits, order.size, pool.fixed)
        self._arrays = branch_arrays(tables, plan.ranking, pool.together_NN)
        self._tree = new_tree(self._arrays, order.size)
        self._work = new_work(self._arrays, order.size)
        self._set_BR = np.zeros((BATCH_DESIGNS + len(pool), order.size), dtype=np.int64)
        self._plan, self._order, self._goal = plan, order, goal
        self._tally = Tally(plan, order, predictor)
        self._told = 0

    def run(self, beam: OrderPart, watch: Watch) -> OrderPart:
        """Go through the tree, as far as the budget goes."""
        tree, goal, order = self._tree, self._goal, self._order.order
        bound_node(self._arrays, tree, 0, goal.least(order), GELU_LINES, self._work)
        tree.state[DEPTH] = 0
        nodes, end = 1, PAUSED
        goal.nodes_left -= 1  # of a root, whose bound is told whatever the budget
        while end != DONE and not goal.is_spent:
            steps = min(_NODES, goal.nodes_left)
            end, found = advance(
                *(self._arrays, tree, goal.least(order), steps),
                *(self._set_BR, GELU_LINES, self._work),
            )
            goal.nodes_left -= int(tree.state[NODES]) - nodes
            nodes = int(tree.state[NODES])
            if found:
                self._tally.add(np.sort(self._set_BR[:found], axis=1))
                goal.best[order] = _union(goal.best[order], self._tally.best, self._plan.keep)
            self._tell(watch)
        left = bound_left(tree) if end != DONE else -np.inf
        if end == DONE:
            watch.passed(min(self._order.possible_count, MOST_STEPS) - self._told)
        return self._part(beam, nodes, left)

    def _tell(self, watch: Watch) -> None:
        """How many sets are not in what is left of the lists."""
        tree, size, possible = self._tree, self._order.size, self._order.possible_count
        left = sum(
            comb(int(tree.count_D[depth] - tree.next_D[depth]), size - depth)
            for depth in range(int(tree.state[DEPTH]) + 1)
        )
        passed = (possible - left) * min(possible, MOST_STEPS) // possible
        watch.passed(max(passed - self._told, 0))
        self._told = max(passed, self._told)

    def _part(self, beam: OrderPart, nodes: int, left: float) -> OrderPart:
        part, plan = self._tally.part(), self._plan
        return replace(
            part,
            pruned=self._order.possible_count - part.evaluated,
            best=self._goal.best[part.order],
            half_best=_union(beam.half_best, part.half_best, plan.half_keep),
            nodes=nodes,
            bound_left=None if left == -np.inf else left,
        )


def _union(one: Best, other: Best, most: int) -> Best:
    """The best of two lists that have designs in common."""
    set_CR, first_C = np.unique(
        np.concatenate([one.set_KR, other.set_KR]), axis=0, return_index=True
    )
    value_C = np.concatenate([one.value_K, other.value_K])[first_C]
    return Best.none(set_CR.shape[1]).joined(value_C, set_CR, most)
