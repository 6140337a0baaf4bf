"""From what the shards have kept to the designs that are proposed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worker.inference.interactions import LARGEST
from worker.inference.predictor import Predictor
from worker.search.batched import BATCH_DESIGNS
from worker.search.best import undominated
from worker.search.diversity import choose_diverse
from worker.search.kernel_parts import MAX_RIVALS
from worker.search.objective import Judged
from worker.search.parts import OrderPart
from worker.search.plan import SearchPlan

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Candidates:
    """Designs that may be proposed, in the order of their sets: scored once more, in float64.

    `set_CR` are padded with -1.
    """

    order_C: Codes
    set_CR: Codes
    value_C: Floats
    term_CO: Floats

    def rows(self, index: Codes | Flags) -> "Candidates":
        """Some of them."""
        return Candidates(
            self.order_C[index], self.set_CR[index], self.value_C[index], self.term_CO[index]
        )

    def __len__(self) -> int:
        return len(self.order_C)


@dataclass(frozen=True)
class Chosen:
    """What is proposed, best first, and whether it is on the front."""

    designs: Candidates
    is_pareto_K: Flags


def candidates(plan: SearchPlan, parts: Sequence[OrderPart], predictor: Predictor) -> Candidates:
    """What all shards have kept of all orders, without what is not good enough after all."""
    found = []
    for order, part in zip(plan.orders, parts, strict=True):
        set_CR = np.unique(np.concatenate([part.best.set_KR, part.front.set_QR]), axis=0)
        judged = rescored(plan, set_CR, predictor)
        rows = np.flatnonzero(judged.feasible_B)
        found.append(
            Candidates(
                np.full(len(rows), order.order),
                _padded(set_CR[rows], plan.orders[-1].size),
                judged.value_B[rows],
                judged.term_BO[rows],
            )
        )
    return Candidates(
        np.concatenate([one.order_C for one in found]),
        np.concatenate([one.set_CR for one in found]),
        np.concatenate([one.value_C for one in found]),
        np.concatenate([one.term_CO for one in found]),
    )


def rescored(
    plan: SearchPlan, set_CR: Codes, predictor: Predictor, members: slice = slice(None)
) -> Judged:
    """Some sets of one size judged in float64; a label that is no number makes one infeasible."""
    labels = range(len(predictor.manifest.labels))
    parts = []
    for start in range(0, max(1, len(set_CR)), BATCH_DESIGNS):
        read = predictor.composed(plan.pool.batch(set_CR[start : start + BATCH_DESIGNS]), labels)
        finite_B = np.all([(np.abs(v_MB) < LARGEST).all(axis=0) for v_MB in read.values()], axis=0)
        judged = plan.ranking.judge({y: v_MB[members] for y, v_MB in read.items()})
        parts.append(judged._replace(feasible_B=judged.feasible_B & finite_B))
    return Judged(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _padded(set_CR: Codes, size: int) -> Codes:
    return np.pad(set_CR, ((0, 0), (0, size - set_CR.shape[1])), constant_values=-1)


def choose(plan: SearchPlan, found: Candidates) -> Chosen:
    """What is proposed of all orders together, or of each by itself."""
    groups = (
        [np.flatnonzero(found.order_C == order.order) for order in plan.orders]
        if plan.spec.per_order
        else [np.arange(len(found))]
    )
    chosen = [_choose_group(plan, found.rows(group)) for group in groups]
    place_K = np.concatenate([group[one] for group, (one, _) in zip(groups, chosen, strict=True)])
    pareto_K = np.concatenate([is_pareto for _, is_pareto in chosen])
    keys = (*found.set_CR[place_K].T[::-1], found.order_C[place_K], -found.value_C[place_K])
    order_K = np.lexsort((*keys, ~pareto_K))
    return Chosen(found.rows(place_K[order_K]), pareto_K[order_K])


def _choose_group(plan: SearchPlan, found: Candidates) -> tuple[Codes, Flags]:
    """Places of what is chosen among some candidates, and whether they are on the front."""
    spec = plan.spec
    ranked = np.lexsort((*found.set_CR.T[::-1], found.order_C, -found.value_C))
    ordered = found.rows(ranked)
    is_front = np.zeros(len(found), dtype=bool)
    if spec.pareto:
        is_front[undominated(ordered.term_CO, _order_first(ordered))] = True
    front = np.flatnonzero(is_front)
    begun = front[
        choose_diverse(
            ordered.value_C[front], ordered.set_CR[front], spec.proposal_count, spec.diversity
        )
    ].tolist()
    places = choose_diverse(
        ordered.value_C, ordered.set_CR, spec.proposal_count, spec.diversity, begun
    )
    return ranked[places], is_front[places]


def inexact(plan: SearchPlan, parts: Sequence[OrderPart], chosen: Chosen) -> tuple[str, ...]:
    """Orders of a screen of which something better may have been left out by rounding.

    What a full list has left out is worth at most its last value and the error bound. What
    diversity chooses is of what was kept.
    """
    notes = []
    for part in parts:
        if part.lost_rivals:
            notes.append(
                f"Order {part.order}: more than {MAX_RIVALS:,} designs are within rounding of the "
                "front, and which of them stand on it was decided in float32."
            )
        is_full = len(part.best.value_K) >= plan.keep and not plan.spec.diversity
        is_ranked_K = ~chosen.is_pareto_K
        if plan.spec.per_order:
            is_ranked_K &= chosen.designs.order_C == part.order
        value_K = chosen.designs.value_C[is_ranked_K]
        if not is_full or not part.error_bound or not len(value_K):
            continue
        above = float(value_K.min()) - float(part.best.value_K[-1])
        if above <= part.error_bound:
            notes.append(
                f"Order {part.order}: the last proposal is {above:.2g} above the best design that "
                f"was left out, and a screen in float32 is exact to {part.error_bound:.2g}."
            )
    return tuple(notes)


def _order_first(found: Candidates) -> Codes:
    """Sets with their order in front: of equals the smaller design comes first."""
    return np.concatenate([found.order_C[:, None], found.set_CR], axis=1)
