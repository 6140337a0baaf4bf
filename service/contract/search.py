"""The search spec: which designs to look at, what makes one good, how many to propose."""

from collections import Counter
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from service.contract.designs import EditKind
from service.contract.gene_filters import GeneFilter
from service.contract.order_sheets import OrderSheetSpec
from service.contract.panels import PanelSpec
from service.contract.priorities import JobPriority
from service.contract.search_effort import BranchAndBoundSpec, EvolutionSpec
from service.contract.search_fields import Finite, Name

MAX_PROPOSALS = 10_000
MAX_ORDER = 8
_NAMES = 100_000


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Direction(StrEnum):
    """Whether more of a label is better, or less."""

    MAXIMIZE = "maximize"
    MINIMIZE = "minimize"


class RankBy(StrEnum):
    """What designs are ranked by, per label, in its unit, over the members of the ensemble.

    `lower_bound`: mean - caution * sd (mean + caution * sd of a label to minimize): among millions
    of designs the best mean is mostly the luckiest. `mean`: the mean alone.
    """

    LOWER_BOUND = "lower_bound"
    MEAN = "mean"


class Strategy(StrEnum):
    """How the designs are gone through.

    `screen`: every one, by arithmetic in the latent space: models with a latent space, orders 1 to
    3, ranked by y_compose. `batched`: every one is scored, by any model, up to 10^8 designs.
    `beam`: order by order, from the best of the order below; it may miss some, and says how many of
    the best it has found where that can be known. `auto`: the first of them that can be had.
    `branch_and_bound`: exact for models with a latent space at any order, by bounds on what was not
    looked at; it ends at a budget, and then says how far from exact it may be. `evolutionary`: any
    model, any order, designs changed and crossed within a budget; it may miss some, as a beam does.
    """

    AUTO = "auto"
    SCREEN = "screen"
    BATCHED = "batched"
    BEAM = "beam"
    BRANCH_AND_BOUND = "branch_and_bound"
    EVOLUTIONARY = "evolutionary"


class Objective(_Spec):
    """One label to raise or to lower; `weight` is per unit of the label."""

    label: Name
    direction: Direction = Direction.MAXIMIZE
    weight: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0


class Feasibility(_Spec):
    """P(at_least <= y <= at_most) >= probability for a label that has to be good enough.

    y is normal with the mean and the sd of the ensemble; of an ensemble of one the mean decides.
    Each end is asked for with `probability` by itself.
    """

    label: Name
    at_least: Finite | None = None
    at_most: Finite | None = None
    probability: Annotated[float, Field(ge=0.5, lt=1)] = 0.9

    @model_validator(mode="after")
    def _some_end(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise ValueError(f"feasibility of {self.label}: give at_least, at_most, or both")
        if None not in (self.at_least, self.at_most) and self.at_least > self.at_most:  # type: ignore[operator]
            raise ValueError(
                f"feasibility of {self.label}: at_least {self.at_least:g} is above "
                f"at_most {self.at_most:g}"
            )
        return self


class AllowedEdits(_Spec):
    """Which edits of a locus may be used; `locus` None speaks of all that no other rule names.

    None allows every kind, or every variant; an edit without a variant has the variant "".
    """

    locus: Name | None = None
    kinds: Annotated[tuple[EditKind, ...], Field(min_length=1)] | None = None
    variants: Annotated[tuple[str, ...], Field(min_length=1)] | None = None


class Pool(_Spec):
    """The edits that designs are made of.

    `edits` are texts such as `PP_0368:knockdown@0.2`; None takes every edit of the model that
    training saw, without a level (a full effect). Several levels of one edit exclude each other, as
    all edits of one locus and group do. `loci` keeps the edits of these alone, `genes` those of
    genes that fulfil conditions on features of a gene table. `must_avoid` names edits (without a
    level: at every level) or loci; no two edits, or loci, of a pair of `forbidden_pairs` stand in
    one design. `must_include` are edits of the pool that every design holds; they count in its
    order. `min_support` is the least number of training rows that held an edit.
    """

    edits: Annotated[tuple[Name, ...], Field(min_length=1, max_length=_NAMES)] | None = None
    loci: Annotated[tuple[Name, ...], Field(min_length=1, max_length=_NAMES)] | None = None
    genes: GeneFilter | None = None
    allowed: Annotated[tuple[AllowedEdits, ...], Field(max_length=_NAMES)] = ()
    must_include: Annotated[tuple[Name, ...], Field(max_length=MAX_ORDER)] = ()
    must_avoid: Annotated[tuple[Name, ...], Field(max_length=_NAMES)] = ()
    forbidden_pairs: Annotated[tuple[tuple[Name, Name], ...], Field(max_length=_NAMES)] = ()
    min_support: Annotated[int, Field(ge=0, le=10**12)] = 0

    @model_validator(mode="after")
    def _rules_once(self) -> Self:
        counts = Counter(rule.locus for rule in self.allowed)
        twice = sorted(str(locus) for locus, count in counts.items() if count > 1)
        if twice:
            raise ValueError(f"allowed: more than one rule for {', '.join(twice)}")
        return self


class SearchSpec(_Spec):
    """What to search for. One spec and one model give the same proposals, on any number of workers.

    `background` is the genotype of the parent strain: every design is its edits and those of the
    search, is predicted as such, and has the order of the latter alone. "" is the reference.
    Designs of `min_order` to `max_order` edits are ranked by the sum of the objectives, each the
    `rank_by` of its label times its weight. With `pareto`, and two objectives, the designs that no
    other is better than in both come first. `per_order` proposes as many of every order.
    `diversity` (0 none, 1 all) trades value for edits that better proposals do not have (maximal
    marginal relevance, Jaccard). `beam_width` is how many designs of an order a beam goes on from.
    With `panel`, loci or parents to build from are chosen for what is proposed; with `order_sheet`,
    proposals are picked for the bench, beside controls and rebuilds. The job fails once it has run
    for `time_limit_seconds`.
    """

    model_id: Name
    name: Annotated[str, Field(min_length=1, max_length=200)] = "search"
    objectives: Annotated[tuple[Objective, ...], Field(min_length=1, max_length=16)]
    feasibility: Annotated[tuple[Feasibility, ...], Field(max_length=16)] = ()
    rank_by: RankBy = RankBy.LOWER_BOUND
    caution: Annotated[float, Field(ge=0, le=10)] = 1.0
    background: Annotated[str, Field(max_length=10_000)] = ""
    pool: Pool = Pool()
    min_order: Annotated[int, Field(ge=1, le=MAX_ORDER)] = 1
    max_order: Annotated[int, Field(ge=1, le=MAX_ORDER)] = 2
    proposal_count: Annotated[int, Field(ge=1, le=MAX_PROPOSALS)] = 100
    per_order: bool = False
    pareto: bool = False
    diversity: Annotated[float, Field(ge=0, le=1)] = 0.0
    strategy: Strategy = Strategy.AUTO
    beam_width: Annotated[int, Field(ge=1, le=100_000)] = 1000
    branch_and_bound: BranchAndBoundSpec = BranchAndBoundSpec()
    evolution: EvolutionSpec = EvolutionSpec()
    panel: PanelSpec | None = None
    order_sheet: OrderSheetSpec | None = None
    priority: JobPriority = JobPriority.NORMAL
    time_limit_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _limits_agree(self) -> Self:
        for label in dict.fromkeys(demand.label for demand in self.feasibility):
            own = [demand for demand in self.feasibility if demand.label == label]
            least = max((d.at_least for d in own if d.at_least is not None), default=None)
            most = min((d.at_most for d in own if d.at_most is not None), default=None)
            if least is not None and most is not None and least > most:
                raise ValueError(
                    f"feasibility of {label}: at_least {least:g} is above at_most {most:g}, and no "
                    "design fulfils both"
                )
        return self

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if self.min_order > self.max_order:
            raise ValueError(f"min_order {self.min_order} is above max_order {self.max_order}")
        labels = [objective.label for objective in self.objectives]
        if len(set(labels)) < len(labels):
            raise ValueError("objectives: a label is named more than once")
        if self.pareto and len(labels) != 2:
            raise ValueError(f"pareto needs two objectives, and there are {len(labels)}")
        if len(self.pool.must_include) > self.max_order:
            raise ValueError(
                f"must_include holds {len(self.pool.must_include)} edits, more than max_order "
                f"{self.max_order}: raise max_order, or include fewer"
            )
        if self.strategy is Strategy.BRANCH_AND_BOUND and self.pareto:
            raise ValueError(
                "strategy branch_and_bound has no bounds of a front: take the strategy screen, "
                "batched or beam, or weights instead of pareto"
            )
        if self.strategy is Strategy.SCREEN and self.max_order - len(self.pool.must_include) > 3:
            raise ValueError(
                "strategy screen goes through up to 3 edits beside those of must_include: lower "
                "max_order, or take the strategy batched, beam, branch_and_bound or evolutionary"
            )
        return self
