"""Exact by arithmetic in the latent space: the designs of a shard, and no list of them."""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import torch

from service.contract.errors import InvalidArgumentError
from worker.inference.predictor import Predictor
from worker.search.best import Best, Front
from worker.search.choice import rescored
from worker.search.errors import SearchStoppedError
from worker.search.kernel import Screener
from worker.search.kernel_found import FrontTooLargeError
from worker.search.kernel_objective import Limit, RankTerm, ScreenObjective
from worker.search.kernel_parts import ScreenPart
from worker.search.parts import OrderPart
from worker.search.plan import OrderPlan, SearchPlan, Shard
from worker.search.sets import set_count
from worker.search.shrinkage import CHOOSING
from worker.search.table_builder import screen_tables
from worker.search.tables import ScreenTables
from worker.search.tally import Watch

# Above so many designs of an order half the ensemble does not go through them once more.
HALVED_DESIGNS = 2_000_000_000


def objective_of(plan: SearchPlan) -> ScreenObjective:
    """The ranking of a plan, as kernels take it."""
    ranking = plan.ranking
    labels = [limit.label for limit in ranking.limits]
    return ScreenObjective(
        terms=tuple(
            RankTerm(goal.label, goal.sign * goal.weight, ranking.caution) for goal in ranking.goals
        ),
        limits=tuple(
            Limit(label, asked.at_least, asked.at_most, asked.probability)
            for label, asked in zip(labels, plan.spec.feasibility, strict=True)
        ),
        has_front=plan.spec.pareto,
    )


class Screens:
    """The screens of a plan's orders: made for the first shard, and kept for the next.

    Tables are those of the whole pool, whatever the shard: making them anew would cost as much as
    many a shard.
    """

    def __init__(self, plan: SearchPlan, predictor: Predictor) -> None:
        self._plan = plan
        self._predictor = predictor
        self._made: dict[int, tuple[Screener, Screener | None]] = {}

    def run(self, order: OrderPlan, shard: Shard, watch: Watch) -> OrderPart:
        """Go through the designs of one order in a shard.

        Raises:
            SearchStoppedError: `watch` said so.
            InvalidArgumentError: more designs are on the front than can be kept.
        """
        whole, half = self._screeners(order)
        found = _run(whole, shard, watch)
        half_best = Best.none(order.size)
        if half is not None:
            half_best = _best(_run(half, shard, watch._replace(progress=lambda _: None)))
        possible = set_count(len(self._plan.pool), order.size, shard.begin, shard.end)
        excluded = possible - found.evaluated_count - found.pruned_count
        watch.progress(excluded)  # gone through, if only by their rule
        return OrderPart(
            order=order.order,
            evaluated=found.evaluated_count,
            excluded=excluded,
            pruned=found.pruned_count,
            infeasible=found.infeasible_count,
            best=_best(found),
            half_best=half_best,
            front=self._front(found, order),
            lost_rivals=found.lost_rivals,
            error_bound=found.error_bound,
            kernel=found.kernel,
        )

    def _front(self, found: ScreenPart, order: OrderPlan) -> Front:
        """The front in float64: of the front in float32, and what that may have beaten wrongly."""
        front = Front.none(order.size)
        edits = np.concatenate([found.front_edits, found.rival_edits]).astype(np.int64)
        if not len(edits):
            return front
        set_BR = np.unique(edits, axis=0)
        judged = rescored(self._plan, set_BR, self._predictor)
        kept_B = judged.feasible_B
        return front.joined(judged.term_BO[kept_B], set_BR[kept_B])

    def _screeners(self, order: OrderPlan) -> tuple[Screener, Screener | None]:
        if order.size not in self._made:
            plan = self._plan
            tables = screen_tables(self._predictor, plan.pool.edits, order.size, plan.pool.fixed)
            is_halved = plan.half_keep and order.possible_count <= HALVED_DESIGNS
            self._made[order.size] = (
                self._new(tables, objective_of(plan), plan.keep),
                self._new(
                    _of_members(tables, CHOOSING),
                    replace(objective_of(plan), has_front=False),
                    plan.half_keep,
                )
                if is_halved
                else None,
            )
        return self._made[order.size]

    def _new(self, tables: ScreenTables, objective: ScreenObjective, keep: int) -> Screener:
        pool = self._plan.pool
        allowed_EE = pool.together_NN if pool.has_exclusions else None
        return Screener(tables, objective, keep=keep, allowed_EE=allowed_EE)


def _run(screener: Screener, shard: Shard, watch: Watch) -> ScreenPart:
    stopped: list[bool] = []

    def should_stop() -> bool:
        if not stopped and watch.should_stop():
            stopped.append(True)
        return bool(stopped)

    try:
        found = screener.run(
            (shard.begin, shard.end),
            threads=torch.get_num_threads(),
            should_stop=should_stop,
            on_progress=watch.progress,
        )
    except FrontTooLargeError as error:
        raise InvalidArgumentError(f"pareto: {error}") from None
    if stopped:
        raise SearchStoppedError
    return found


def _best(found: ScreenPart) -> Best:
    return Best(found.value.astype(np.float64), found.edits.astype(np.int64))


def _of_members(tables: ScreenTables, members: slice) -> ScreenTables:
    """The tables of some members."""
    kept = range(tables.member_count)[members]
    pair = {(i, y): tables.pair[m, y] for i, m in enumerate(kept) for y in _pair_labels(tables, m)}
    sliced: ScreenTables = replace(_sliced(tables, members), pair=pair)
    return sliced


def _pair_labels(tables: ScreenTables, member: int) -> Sequence[int]:
    return [y for m, y in tables.pair if m == member]


def _sliced(part: Any, members: slice) -> Any:  # noqa: ANN401  # any of the dataclasses of tables
    """Every array, whose first axis is of members, sliced."""
    changed: dict[str, Any] = {}
    for field in fields(part):
        value = getattr(part, field.name)
        if isinstance(value, np.ndarray):
            changed[field.name] = value[members]
        elif is_dataclass(value):
            changed[field.name] = _sliced(value, members)
    return replace(part, **changed)
