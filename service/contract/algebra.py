"""What the latent space is asked: an operation on designs, and what comes of it."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from service.contract.inference import MemberState, NearDesign, NeutralSource, ResolvedName

MAX_COMPOSED_DESIGNS = 20
MAX_COMPOSED_EDITS = 100
MAX_STEPS = 21
MAX_NEAREST = 50
MAX_PERMUTATIONS = 9_999
DEFAULT_STEPS = 5


class LatentOperation(StrEnum):
    """Arithmetic on shifts; z_P(d) is the sum of the shifts of design d.

    * ``compose``: all designs in one strain, z_W + sum of z_P(d);
    * ``subtract``: the first without the second, z_W + z_P(a) - z_P(b);
    * ``analogy``: what takes b to a, done to c: z_W + z_P(a) - z_P(b) + z_P(c);
    * ``interpolate``: from the first to the second in equal steps,
      z_W + (1 - t) z_P(a) + t z_P(b).
    """

    COMPOSE = "compose"
    SUBTRACT = "subtract"
    ANALOGY = "analogy"
    INTERPOLATE = "interpolate"


class LatentMetric(StrEnum):
    """Distance of two composed states, mean over the members of the ensemble.

    * ``euclid``: length of their difference, over the root mean square of the lengths of z_P of the
      measured designs, so that every member counts alike; 0 to infinity;
    * ``cosine``: 1 - cosine of their shifts from the reference; 0 to 2. It says nothing of
      lengths, and the reference has none: it is left out.
    """

    EUCLID = "euclid"
    COSINE = "cosine"


_DESIGN_COUNT = {
    LatentOperation.COMPOSE: (1, MAX_COMPOSED_DESIGNS),
    LatentOperation.SUBTRACT: (2, 2),
    LatentOperation.ANALOGY: (3, 3),
    LatentOperation.INTERPOLATE: (2, 2),
}


class ComposeRequest(BaseModel):
    """An operation on designs, as genotypes in the order of its formula.

    `steps` (of an interpolation alone, default 5) counts both ends. `nearest_count` measured
    designs are looked up for each state, by `metric`. `permutations` of the test of
    y_intact - y_compose are drawn from `seed`; 0 leaves it out. With `with_latents` the states
    themselves come back.
    """

    model_config = ConfigDict(extra="forbid")

    operation: LatentOperation
    designs: Annotated[list[str], Field(min_length=1, max_length=MAX_COMPOSED_DESIGNS)]
    steps: Annotated[int | None, Field(ge=2, le=MAX_STEPS)] = None
    metric: LatentMetric = LatentMetric.EUCLID
    nearest_count: Annotated[int, Field(ge=0, le=MAX_NEAREST)] = 5
    permutations: Annotated[int, Field(ge=0, le=MAX_PERMUTATIONS)] = 999
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    with_latents: bool = False
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 10.0

    @field_validator("designs")
    @classmethod
    def _not_too_many(cls, value: list[str]) -> list[str]:
        count = sum(text.count("+") + 1 for text in value if text)  # in a name it is %2B
        if count > MAX_COMPOSED_EDITS:
            raise ValueError(
                f"the designs hold {count} edits together, and {MAX_COMPOSED_EDITS} are the limit"
            )
        return value

    @model_validator(mode="after")
    def _fits(self) -> Self:
        low, high = _DESIGN_COUNT[self.operation]
        if not low <= len(self.designs) <= high:
            wanted = str(low) if low == high else f"{low} to {high}"
            raise ValueError(
                f"{self.operation} takes {wanted} designs, and these are {len(self.designs)}"
            )
        if self.steps is not None and self.operation is not LatentOperation.INTERPOLATE:
            raise ValueError(f"steps are of interpolate, and this is {self.operation}")
        return self


class StateReading(BaseModel):
    """The head read at a state, in the label's unit: over the members, and each member's.

    sd has n - 1 in the denominator, and is 0 for one member. None for an interaction label where
    the state is no design: a mixed difference is of a set of edits.
    """

    name: str
    unit: str
    mean: float | None = None
    sd: float | None = None
    member_values: list[float] | None = None


class PermutationNull(BaseModel):
    """How often a difference as large comes of designs that have nothing to do with this one.

    Of `permutation_count` draws: each member's y_intact - y_compose (on the learned scale) is
    that of a design of the same order, drawn for each member anew from `design_count` ones, this
    one among them. `p_value` is the share of draws, this one included, whose mean over the
    members is at least as large. `designs`: `measured` in the training part, or `drawn` from its
    edits, where that holds fewer than 20 others of the order.
    """

    p_value: float
    permutation_count: int
    design_count: int
    designs: Literal["measured", "drawn"]


class DesignReading(BaseModel):
    """Both readings of a design, in the label's unit, mean and spread over the members.

    `difference` is y_intact - y_compose, `difference_sd` its spread. `interaction` is y_intact -
    expected_neutral. `permutation_null` is None where there is nothing to compare with: without
    edits, without permutations, or with fewer than 20 other designs.
    """

    name: str
    unit: str
    y_compose: float
    y_compose_sd: float
    y_intact: float
    y_intact_sd: float
    difference: float
    difference_sd: float
    permutation_null: PermutationNull | None = None
    neutral_model: str
    neutral_source: NeutralSource
    expected_neutral: float
    interaction: float


class ComposedDesign(BaseModel):
    """The design that a state is of; `genotype` is canonical, and empty for the reference.

    `composition_residual` is abs(z_I - z_W - z_P) / abs(z_P), median over the members; None where
    z_P is 0.
    """

    genotype: str
    composition_residual: float | None = None
    labels: list[DesignReading]


class ComposedState(BaseModel):
    """One state. `position` is that of an interpolation, 0 to 1.

    `design` is None where no set of edits has this state, and `no_design_reason` says why.
    `nearest`: the measured designs next to it, the nearest first; None where there are none.
    `latents`: one entry a member; None if not asked for.
    """

    position: float | None = None
    labels: list[StateReading]
    design: ComposedDesign | None = None
    no_design_reason: str | None = None
    nearest: list[NearDesign] | None = None
    latents: list[MemberState] | None = None


class MeasuredSource(BaseModel):
    """Where measured values come from: the designs of the training part of a data set.

    A value is the mean over the observations of a design as the model learned it: on the learned
    scale, replicates averaged, offsets of batches taken off.
    """

    dataset_id: str
    table_sha256: str
    design_count: int


class ComposeAnswer(BaseModel):
    """The states of an operation: one, or the steps of an interpolation.

    `designs` are the request's in canonical text. `measured` is None for a model that was trained
    before it kept its designs: such a model has neither nearest designs nor nulls. `model_id` has
    answered, version `model_version` of `model_name`, however it was called.
    """

    model_id: str
    model_name: str | None = None
    model_version: int | None = None
    vocabulary_sha256: str
    operation: LatentOperation
    designs: list[str]
    metric: LatentMetric
    member_count: int
    states: list[ComposedState]
    measured: MeasuredSource | None = None
    resolved_names: list[ResolvedName] | None = None
