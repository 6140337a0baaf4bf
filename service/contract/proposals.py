"""What a search has found: how many designs it went through, and the best of them."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from service.contract.panels import Panel
from service.contract.search import Strategy


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True)


class ProposalOrder(StrEnum):
    """What proposals are listed by: `rank` (y_compose) or `check_rank` (y_intact)."""

    RANK = "rank"
    CHECK_RANK = "check_rank"


class OrderCount(_Told):
    """Designs of one order, `must_include` among their edits.

    `possible_count` is the binomial number of sets of the pool. `evaluated_count` are those that
    were computed; `excluded_count` hold edits that exclude each other, or a forbidden pair;
    `pruned_count` were left out by a beam, an evolution, or the bounds of a branch and bound,
    whatever they hold, and by a screen where a proven bound on their rank, read for each, is below
    what is kept. They add up. `infeasible_count` of those evaluated were not likely enough to be
    good enough.
    """

    order: int
    possible_count: int
    evaluated_count: int
    excluded_count: int
    pruned_count: int = 0
    infeasible_count: int = 0


class BeamRecall(_Told):
    """How many of the exact best of an order a beam, or an evolution, has found by itself.

    Only where the best can be known.
    """

    order: int
    best_count: int
    found_count: int


class SearchProof(_Told):
    """What a branch and bound has proven, after `node_count` nodes.

    `is_proven`: the proposals are the best of all designs. Otherwise no design that was not looked
    at is worth more than `bound_left`, and the best of them is at most `gap` above the last
    proposal (of its order, with `per_order`); None where nothing bounds it, or nothing is proposed.
    """

    is_proven: bool
    node_count: int
    bound_left: float | None = None
    gap: float | None = None


class Shrinkage(_Told):
    """The winner's curse of a label: by how much the best are predicted too well, on average.

    One half of the ensemble chooses the best designs; `slope` is that of the other half's means on
    its own, through the mean `center` of the other half. A proposal's `shrunk_mean` is center +
    slope (mean - `chosen_center`). An ensemble of fewer than four has none.
    """

    label: str
    center: float
    chosen_center: float
    slope: float
    design_count: int


class SearchReport(_Told):
    """How the search was done.

    `kernel` names those of a screen: `triton` (a GPU's), `c-...`, or the slower `numba`.
    `designs_per_second` is over all workers that took part, of the time that the designs took:
    those evaluated, and those that a screen pruned one by one.
    """

    strategy: Strategy
    kernel: str | None = None
    edit_count: int
    orders: tuple[OrderCount, ...]
    seconds: float
    designs_per_second: float
    worker_count: int = 1
    shard_count: int = 1
    proposal_count: int
    beam_recall: tuple[BeamRecall, ...] = ()
    proof: SearchProof | None = None
    shrinkage: tuple[Shrinkage, ...] = ()
    panel: Panel | None = None
    notes: tuple[str, ...] = ()


class ProposalLabel(_Told):
    """One label of a proposal, in its unit, over the members of the ensemble.

    `interaction` = intact_mean - expected_neutral. `sign_disagrees`: y_compose and y_intact lie on
    different sides of the neutral expectation. `shrunk_mean` is y_compose's mean less the winner's
    curse, None where that is not known.
    """

    name: str
    unit: str
    compose_mean: float
    compose_sd: float
    intact_mean: float
    intact_sd: float
    expected_neutral: float
    interaction: float
    sign_disagrees: bool
    shrunk_mean: float | None = None


class Proposal(_Told):
    """A design put forward. `rank` is by `value`, read at y_compose; `check_rank` by `check_value`.

    `genotype` holds the edits of the background, too; `order` counts those beside it.
    `check_value` is the same objective of the whole ensemble at y_intact, `check_rank` its place
    among the proposals, and `check_is_feasible` whether the design is good enough at y_intact, too.
    `edit_support` and `pair_support` are the least numbers of training rows that held one of its
    edits, or pairs (None: it has none), `design_support` those of the design itself.
    `is_new_combination`: some two of its edits were never in one training design.
    """

    rank: int
    check_rank: int
    genotype: str
    order: int
    value: float
    check_value: float
    check_is_feasible: bool = True
    is_pareto: bool = False
    design_support: int
    edit_support: int | None = None
    pair_support: int | None = None
    is_new_combination: bool
    labels: tuple[ProposalLabel, ...]
