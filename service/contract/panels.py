"""Panels: few loci, or few strains, from which as many promising designs as can be are built."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from service.contract.search_fields import Cost, Name

MAX_PANEL = 200
_COSTS = 100_000


class PanelKind(StrEnum):
    """What a panel is made of.

    `loci`: a design can be built once all its loci are in the panel (their guides, parts or
    cassettes were bought). `parents`: strains to build first; a design is built from the parent
    that leaves fewest edits to make.
    """

    LOCI = "loci"
    PARENTS = "parents"


class PanelStrategy(StrEnum):
    """How a panel is chosen.

    `greedy`: one after the other, then swaps while any of them helps; no proven optimum.
    `integer_programming`: the best panel there is, or the best that was found in
    `time_limit_seconds` and how far from it another can be; greedy's is shown beside it.
    """

    GREEDY = "greedy"
    INTEGER_PROGRAMMING = "integer_programming"


class PanelCost(BaseModel):
    """What one locus costs, in whatever unit `budget` has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    locus: Name
    cost: Cost


class PanelSpec(BaseModel):
    """How large a panel is; it is chosen for the proposals of a search.

    A locus that is not named in `costs` costs `default_cost`, and a parent the sum of its loci;
    what is in `owned` (loci, or genotypes of strains) costs nothing. The panel has at most `size`
    members beside those owned, and costs at most `budget`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: PanelKind = PanelKind.LOCI
    size: Annotated[int, Field(ge=1, le=MAX_PANEL)]
    budget: Cost | None = None
    default_cost: Cost = 1.0
    costs: Annotated[tuple[PanelCost, ...], Field(max_length=_COSTS)] = ()
    owned: Annotated[tuple[str, ...], Field(max_length=_COSTS)] = ()
    strategy: PanelStrategy = PanelStrategy.GREEDY
    time_limit_seconds: Annotated[float, Field(gt=0, le=3600)] = 60.0


class PanelMember(BaseModel):
    """A locus, or the genotype of a parent. `design_count` of the proposals use it."""

    model_config = ConfigDict(frozen=True)

    name: str
    cost: float
    is_owned: bool = False
    design_count: int


class PanelProof(BaseModel):
    """What integer programming has proven: of `worth_share` for loci, of `cost_saved` for parents.

    `greedy` is what greedy and swaps reach, `bound` what no panel is above (None: the program was
    too large for the time), and `gap` how far the panel is below it; 0 where `is_proven`.
    """

    model_config = ConfigDict(frozen=True)

    is_proven: bool
    greedy: float
    bound: float | None = None
    gap: float | None = None


class Panel(BaseModel):
    """A panel, in the order in which it was chosen, and what it is good for.

    Members of one that integer programming chose are in the order of `design_count`.

    `design_count` proposals can be built from it (`parents`: with a parent other than the
    reference), and `worth_share` is their share of the worth of all of them; the worth of a
    proposal is how far its value is above that of the last one. `cost_saved` is, of parents, what
    all proposals cost from the reference less what they and the panel cost.
    """

    model_config = ConfigDict(frozen=True)

    kind: PanelKind
    members: tuple[PanelMember, ...]
    cost: float
    design_count: int
    worth_share: float
    cost_saved: float | None = None
    proof: PanelProof | None = None
