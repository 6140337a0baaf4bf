"""What is asked of a model and what comes back: columnar, one array a field, in request order."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

MAX_DESIGNS_PER_REQUEST = 10_000
MAX_DESIGNS_WITH_EXTRAS = 1_000
DEFAULT_LEVEL = 0.9


class ScoreField(StrEnum):
    """A column of an answer, per label unless it is said otherwise."""

    MEAN = "mean"
    SD = "sd"
    MIN = "min"
    MAX = "max"
    EXPECTED_NEUTRAL = "expected_neutral"
    INTERACTION = "interaction"
    Y_COMPOSE = "y_compose"
    Y_INTACT = "y_intact"
    SUPPORT = "support"  # per design
    NEUTRAL_SOURCE = "neutral_source"
    INTERVAL = "interval"
    SIGN_AGREEMENT = "sign_agreement"
    INTERACTION_SD = "interaction_sd"


class ScoreExtra(StrEnum):
    """What an answer holds beside its columns, on request, for a thousand designs at most.

    * ``nearest``: the measured design next to each, with its values;
    * ``z``: the composed state z_W + z_P of each in the first member; a mean over members would be
      no state, as each has coordinates of its own;
    * ``gradient``: how the mean changes with the effect of each edit.
    """

    NEAREST = "nearest"
    Z = "z"
    GRADIENT = "gradient"


class NeutralSource(StrEnum):
    """Where a neutral expectation comes from; one of them for the whole design, never a mix.

    `measured`: from the reference and each edit alone, as the training part holds them; `fitted`:
    from the additive model, as one of those was not measured; `rule`: 0 by definition of the
    label (interaction scores).
    """

    MEASURED = "measured"
    FITTED = "fitted"
    RULE = "rule"


def _right_number(genotypes: list[str]) -> list[str]:
    if not genotypes:
        raise ValueError("there is no design to score; the reference is the empty text")
    if len(genotypes) > MAX_DESIGNS_PER_REQUEST:
        raise ValueError(
            f"{len(genotypes):,} designs, and the limit is {MAX_DESIGNS_PER_REQUEST:,} a request: "
            "score them as a job, POST /v1/scoring-jobs"
        )
    return genotypes


# The schema says what pydantic would have said in words of its own.
_BOUNDS = {"minItems": 1, "maxItems": MAX_DESIGNS_PER_REQUEST}
Genotypes = Annotated[
    list[str], AfterValidator(_right_number), Field(json_schema_extra=dict(_BOUNDS))
]


class Condition(BaseModel):
    """A covariate of the role condition, and its one value in what a model was trained on."""

    name: str
    value: str


class ScoreRequest(BaseModel):
    """Designs to score, as genotypes; `fields` selects columns (default: all).

    `interval_level` is the share of measurements that an interval is to hold. `include` asks for
    more than columns (default: nothing). `conditions` are those that the designs are asked for
    under, all of them or none: they have to be those of the model, of which every answer tells.
    """

    model_config = ConfigDict(extra="forbid")

    genotypes: Genotypes
    fields: list[ScoreField] | None = None
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 10.0
    interval_level: Annotated[float, Field(ge=0.5, le=0.99)] = DEFAULT_LEVEL
    include: list[ScoreExtra] | None = None
    conditions: Annotated[list[Condition], Field(min_length=1, max_length=100)] | None = None

    @model_validator(mode="after")
    def _not_too_many(self) -> Self:
        if self.include and len(self.genotypes) > MAX_DESIGNS_WITH_EXTRAS:
            raise ValueError(
                f"include is for at most {MAX_DESIGNS_WITH_EXTRAS:,} designs a request, and these "
                f"are {len(self.genotypes):,}"
            )
        return self


class MeasuredValue(BaseModel):
    """What was measured of a design, in the label's unit; None where it has no such label."""

    name: str
    unit: str
    value: float | None = None


class NearDesign(BaseModel):
    """A measured design, its distance, and how many rows of the table it has."""

    genotype: str
    distance: float
    row_count: int
    labels: list[MeasuredValue]


class MemberState(BaseModel):
    """A state in one member's latent space, which no other member shares."""

    values: list[float]


class EditGradient(BaseModel):
    """How a prediction changes with the effect of each edit of a design, in canonical order.

    The effect is 1 for an edit without a level; the slope is in the label's unit.
    """

    values: list[float]


class ScoreInterval(BaseModel):
    """Where a measurement of each design lies with probability `level`; the label's unit.

    It was calibrated on `calibrated_on`: on designs that are less like those than they are like
    each other, it holds less. Among the best of a long ranking it is too optimistic.
    """

    level: float
    calibrated_on: str
    low: list[float]
    high: list[float]


class LabelScores(BaseModel):
    """Predictions of one label, in its original unit; one value a design, in request order.

    `mean`, `sd`, `min`, `max` are over the members of the ensemble (sd with ddof = 1, 0 for one
    member). `interaction` = mean - expected_neutral, whose model is `neutral_model`;
    `neutral_source` says what it was computed from; `sign_agreement` is the share of members that
    are on the same side of expected_neutral as the mean, `interaction_sd` the spread over the
    members of their interactions. `interval` is None for a model without
    calibration, or with too little of it for the level (the manifest says which).
    """

    name: str
    unit: str
    neutral_model: str
    mean: list[float] | None = None
    sd: list[float] | None = None
    min: list[float] | None = None
    max: list[float] | None = None
    expected_neutral: list[float] | None = None
    interaction: list[float] | None = None
    y_compose: list[float] | None = None
    y_intact: list[float] | None = None
    neutral_source: list[NeutralSource] | None = None
    interval: ScoreInterval | None = None
    sign_agreement: list[float] | None = None
    interaction_sd: list[float] | None = None
    gradient: list[EditGradient] | None = None


class Support(BaseModel):
    """Training rows behind each design: of the design itself, and of its rarest edit and pair.

    `edit_count_min` and `pair_count_min` are None for designs with no edit, or no pair.
    `is_extrapolated`: the level of an edit has an effect outside the range that training saw of
    this edit; None for a model that was trained before this was recorded. `genes_seen` of the
    `gene_count` genes of a design stood in training, whatever was done to them, and `pairs_seen`
    of the `pair_count` pairs of them stood in one training design; `is_higher_order`:
    it has more edits than any training design. Both are None for a model that was trained
    before it kept its designs.
    """

    design_count: list[int]
    edit_count_min: list[int | None]
    pair_count_min: list[int | None]
    is_extrapolated: list[bool] | None = None
    gene_count: list[int] | None = None
    genes_seen: list[int] | None = None
    pair_count: list[int] | None = None
    pairs_seen: list[int] | None = None
    is_higher_order: list[bool] | None = None


class ResolvedName(BaseModel):
    """A name of a gene in the request, and the locus of the model that it is."""

    name: str
    locus: str


class ScoreAnswer(BaseModel):
    """The answer: genotypes in canonical text, then one entry a label.

    `model_id` has answered, version `model_version` of `model_name`, however it was called.
    `nearest`, `z` and the `gradient` of a label are what was to be included: one entry a design.
    `nearest` is None for a model that was trained before it kept its designs; it goes by the
    composed states of a model with a latent space (as `euclid` of latent algebra), otherwise by
    the effects of the edits (root of the sum of squared differences).
    `resolved_names` are those names of the request that the model calls otherwise (None: there
    are none); `genotypes` hold the model's. `conditions` are those that the scores hold under
    (None: the data set has no such covariate).
    """

    model_id: str
    model_name: str | None = None
    model_version: int | None = None
    vocabulary_sha256: str
    genotypes: list[str]
    labels: list[LabelScores]
    support: Support | None = None
    resolved_names: list[ResolvedName] | None = None
    nearest: list[NearDesign] | None = None
    z: list[MemberState] | None = None
    conditions: list[Condition] | None = None
