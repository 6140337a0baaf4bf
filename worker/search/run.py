"""A search in shards: run each anywhere, in any order, and put their parts together."""

import time
from collections.abc import Sequence

from service.contract.errors import InvalidArgumentError
from service.contract.proposals import BeamRecall, OrderCount, Proposal, SearchReport
from service.contract.search import SearchSpec, Strategy
from worker.data.gene_table import GeneTable
from worker.inference.predictor import Predictor
from worker.search.batched import score_order
from worker.search.beam import search_beam
from worker.search.branch import search_branches
from worker.search.check import check
from worker.search.choice import candidates, choose, inexact
from worker.search.evolution import search_by_evolution
from worker.search.parts import OrderPart, Part, kernels_of, merge_orders
from worker.search.plan import SearchPlan, Shard, plan_search
from worker.search.proof import proof
from worker.search.screened import HALVED_DESIGNS, Screens
from worker.search.shrinkage import shrinkage
from worker.search.tally import Watch

Result = tuple[SearchReport, list[Proposal]]


def run_shard(
    plan: SearchPlan,
    shard: Shard,
    predictor: Predictor,
    watch: Watch | None = None,
    screens: Screens | None = None,
) -> Part:
    """Go through one shard; its part is the same wherever it is run.

    `screens` of the same plan save making them for every shard.

    Raises:
        SearchStoppedError: `watch` said so.
    """
    watched = watch or Watch()
    begun = time.perf_counter()
    if plan.strategy is Strategy.BEAM:
        orders = search_beam(plan, predictor, watched)
    elif plan.strategy is Strategy.BRANCH_AND_BOUND:
        orders = search_branches(plan, predictor, watched)
    elif plan.strategy is Strategy.EVOLUTIONARY:
        orders = search_by_evolution(plan, predictor, watched)
    elif plan.strategy is Strategy.SCREEN:
        made = screens or Screens(plan, predictor)
        orders = tuple(
            made.run(order, shard, watched)
            if order.size
            else score_order(plan, order, shard, predictor, watched)
            for order in plan.orders
        )
    else:
        orders = tuple(score_order(plan, o, shard, predictor, watched) for o in plan.orders)
    return Part(plan.fingerprint, shard.index, orders, time.perf_counter() - begun)


def finish(
    plan: SearchPlan,
    parts: Sequence[Part],
    predictor: Predictor,
    *,
    worker_count: int = 1,
    seconds: float | None = None,
) -> Result:
    """The report and the proposals, from the parts of all shards in any order.

    `seconds` is how long all of it took, where that is known; else the time that the shards took,
    one after the other.

    Raises:
        InvalidArgumentError: a part is missing, is there twice, or belongs to another plan.
    """
    _check_parts(plan, parts)
    ordered = sorted(parts, key=lambda part: part.shard)
    merged = [
        merge_orders([part.orders[i] for part in ordered], order.size, plan.keep, plan.half_keep)
        for i, order in enumerate(plan.orders)
    ]
    found = candidates(plan, merged, predictor)
    shrinkages = shrinkage(plan, merged, predictor)
    chosen = choose(plan, found)
    proposals = check(plan, chosen, predictor, shrinkages)
    took = sum(part.seconds for part in parts) if seconds is None else seconds
    decided = sum(order.evaluated for order in merged)
    if plan.strategy is Strategy.SCREEN:  # one by one: a bound is read for each of them
        decided += sum(order.pruned for order in merged)
    report = SearchReport(
        strategy=plan.strategy,
        kernel=kernels_of(merged),
        edit_count=len(plan.pool),
        orders=tuple(
            _counted(order.possible_count, part)
            for order, part in zip(plan.orders, merged, strict=True)
        ),
        seconds=took,
        designs_per_second=decided / took if took > 0 else 0.0,
        worker_count=worker_count,
        shard_count=len(plan.shards),
        proposal_count=len(proposals),
        beam_recall=_recalls(merged),
        proof=proof(plan, merged, proposals),
        shrinkage=shrinkages,
        notes=(*plan.notes, *_notes(plan, merged, proposals), *inexact(plan, merged, chosen)),
    )
    return report, proposals


def search(
    spec: SearchSpec,
    predictor: Predictor,
    *,
    watch: Watch | None = None,
    shard_count: int | None = None,
    genes: GeneTable | None = None,
) -> Result:
    """Search in this process, one shard after the other.

    `genes` is the gene table that the pool asks about, if it does.

    Raises:
        InvalidArgumentError: the spec and the model do not go together.
        SearchStoppedError: `watch` said so.
    """
    plan = plan_search(spec, predictor, shard_count=shard_count, genes=genes)
    screens = Screens(plan, predictor)
    parts = [run_shard(plan, shard, predictor, watch, screens) for shard in plan.shards]
    return finish(plan, parts, predictor)


def _check_parts(plan: SearchPlan, parts: Sequence[Part]) -> None:
    strange = [part.shard for part in parts if part.plan != plan.fingerprint]
    if strange:
        raise InvalidArgumentError(f"parts of shards {strange} belong to another search")
    if sorted(part.shard for part in parts) != list(range(len(plan.shards))):
        raise InvalidArgumentError(
            f"the search has {len(plan.shards)} shards, and the parts are of "
            f"{sorted(part.shard for part in parts)}: give one of each"
        )


def _counted(possible: int, part: OrderPart) -> OrderCount:
    return OrderCount(
        order=part.order,
        possible_count=possible,
        evaluated_count=part.evaluated,
        excluded_count=part.excluded,
        pruned_count=part.pruned,
        infeasible_count=part.infeasible,
    )


def _recalls(merged: Sequence[OrderPart]) -> tuple[BeamRecall, ...]:
    return tuple(
        BeamRecall(order=part.order, best_count=part.beam_found[0], found_count=part.beam_found[1])
        for part in merged
        if part.beam_found is not None
    )


def _notes(
    plan: SearchPlan, merged: Sequence[OrderPart], proposals: list[Proposal]
) -> tuple[str, ...]:
    notes = []
    evaluated = sum(order.evaluated for order in merged)
    wanted = plan.spec.proposal_count * (len(plan.orders) if plan.spec.per_order else 1)
    if len(proposals) < wanted:
        good = evaluated - sum(order.infeasible for order in merged)
        notes.append(
            f"{len(proposals):,} designs are proposed, not {wanted:,}: of {evaluated:,} evaluated, "
            f"{good:,} are good enough."
        )
    large = [o.order for o in plan.orders if o.possible_count > HALVED_DESIGNS]
    if plan.strategy is Strategy.SCREEN and plan.half_keep and large:
        notes.append(
            f"The winner's curse was not measured on order {', '.join(map(str, large))}: it has "
            f"more than {HALVED_DESIGNS:,} designs."
        )
    return tuple(notes)
