"""What a branch and bound has proven, and how far from the best it may be where it has not."""

from collections.abc import Sequence

from service.contract.proposals import Proposal, SearchProof
from service.contract.search import Strategy
from worker.search.parts import OrderPart
from worker.search.plan import SearchPlan


def proof(
    plan: SearchPlan, parts: Sequence[OrderPart], proposals: Sequence[Proposal]
) -> SearchProof | None:
    """Of a branch and bound; None of other strategies."""
    if plan.strategy is not Strategy.BRANCH_AND_BOUND:
        return None
    left = [part for part in parts if part.bound_left is not None]
    gaps = [_gap(plan, part, proposals) for part in left]
    known = [gap for gap in gaps if gap is not None]
    bounds = [part.bound_left for part in left if part.bound_left is not None]
    most = max(bounds, default=None)
    is_bounded = most is not None and most < float("inf")
    return SearchProof(
        is_proven=not left,
        node_count=sum(part.nodes for part in parts),
        bound_left=most if is_bounded else None,
        gap=max(known) if is_bounded and known and len(known) == len(gaps) else None,
    )


def _gap(plan: SearchPlan, part: OrderPart, proposals: Sequence[Proposal]) -> float | None:
    """By how much the bound of an order lies above the last that a better design would push out."""
    rivals = [
        proposal.value
        for proposal in proposals
        if not plan.spec.per_order or proposal.order == part.order
    ]
    if part.bound_left is None or len(rivals) < plan.spec.proposal_count:
        return None
    return max(part.bound_left - min(rivals), 0.0)
