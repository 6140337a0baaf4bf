"""What is ordered from the bench: which strains to build next, from what, and at what cost."""

from collections import Counter
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from service.contract.search_fields import Cost, Finite, Name

MAX_ROWS = 1536


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Acquisition(StrEnum):
    """What a design to explore is worth, by the members' utilities of it.

    `expected_improvement` over the best so far, of a normal utility; `upper_confidence_bound`: mean
    + optimism * sd; `thompson`: each pick is the best in the eyes of one member, drawn anew.
    """

    EXPECTED_IMPROVEMENT = "expected_improvement"
    UPPER_CONFIDENCE_BOUND = "upper_confidence_bound"
    THOMPSON = "thompson"


class Role(StrEnum):
    """Why a strain is on the sheet.

    `exploit`: it is likely to be good; `explore`: it may be, and what is measured of it teaches the
    model; `rebuild`: a strain of an earlier cycle, so that cycles can be compared; `control`.
    """

    EXPLOIT = "exploit"
    EXPLORE = "explore"
    REBUILD = "rebuild"
    CONTROL = "control"


class EditCost(_Spec):
    """What an edit costs to make: `name` is an edit (without a level: at every level) or a kind."""

    name: Name
    cost: Cost


class Measured(_Spec):
    """A strain that was built, and its utility as measured: the objectives, weighted and signed."""

    genotype: str
    utility: Finite


class OrderSheetSpec(_Spec):
    """A sheet of `row_count` strains; what controls and rebuilds leave is shared by the others.

    `stock` are strains at hand beside the reference, each a genotype to start from. An edit without
    a cost of its own has that of its kind, else `default_cost`. `cost_weight` takes a design's cost
    off its worth, per unit of cost, on the scale of 0 to 1 of the candidates' worth. Of `measured`,
    `rebuild_count` are built again, spread evenly from the best to the median; without any, of the
    designs of the model's training part that have all labels of the objectives.
    """

    row_count: Annotated[int, Field(ge=1, le=MAX_ROWS)] = 48
    explore_share: Annotated[float, Field(ge=0, le=1)] = 0.33
    acquisition: Acquisition = Acquisition.EXPECTED_IMPROVEMENT
    optimism: Annotated[float, Field(ge=0, le=10)] = 1.0
    diversity: Annotated[float, Field(ge=0, lt=1)] = 0.3
    controls: Annotated[tuple[str, ...], Field(max_length=MAX_ROWS)] = ("",)
    measured: Annotated[tuple[Measured, ...], Field(max_length=100_000)] = ()
    rebuild_count: Annotated[int, Field(ge=0, le=MAX_ROWS)] = 3
    stock: Annotated[tuple[str, ...], Field(max_length=100_000)] = ()
    costs: Annotated[tuple[EditCost, ...], Field(max_length=100_000)] = ()
    default_cost: Cost = 1.0
    cost_weight: Cost = 0.0
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0

    @model_validator(mode="after")
    def _has_room(self) -> Self:
        taken = len(self.controls) + min(self.rebuild_count, len(self.measured))
        if taken >= self.row_count:
            raise ValueError(
                f"controls and rebuilds take {taken} of {self.row_count} rows: nothing is left to "
                "explore or exploit"
            )
        counts = Counter(cost.name for cost in self.costs)
        twice = sorted(name for name, count in counts.items() if count > 1)
        if twice:
            raise ValueError(f"costs: more than one for {', '.join(twice)}")
        return self


class SheetLabel(BaseModel):
    """What is expected of a strain: y_intact over the members, in the label's unit."""

    model_config = ConfigDict(frozen=True)

    name: str
    unit: str
    mean: float
    sd: float


class SheetRow(BaseModel):
    """A strain to build: `edits_to_make` turn `parent` (empty: the reference) into it.

    `worth` is what it was chosen by: the lower bound of its utility (exploit), its acquisition
    (explore), or what was measured (rebuild).
    """

    model_config = ConfigDict(frozen=True)

    row: int
    role: Role
    genotype: str
    parent: str
    edits_to_make: tuple[str, ...]
    cost: float
    worth: float | None = None
    labels: tuple[SheetLabel, ...] = ()
