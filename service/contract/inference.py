"""What is asked of a model and what comes back: columnar, one array a field, in request order."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

MAX_DESIGNS_PER_REQUEST = 10_000
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


class NeutralSource(StrEnum):
    """Where a neutral expectation comes from; one of them for the whole design, never a mix.

    `measured`: from the reference and each edit alone, as the training part holds them; `fitted`:
    from the additive model, as one of those was not measured; `rule`: 0 by definition of the
    label (interaction scores).
    """

    MEASURED = "measured"
    FITTED = "fitted"
    RULE = "rule"


class ScoreRequest(BaseModel):
    """Designs to score, as genotypes; `fields` selects columns (default: all).

    `interval_level` is the share of measurements that an interval is to hold.
    """

    model_config = ConfigDict(extra="forbid")

    genotypes: Annotated[list[str], Field(min_length=1, max_length=MAX_DESIGNS_PER_REQUEST)]
    fields: list[ScoreField] | None = None
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 10.0
    interval_level: Annotated[float, Field(ge=0.5, le=0.99)] = DEFAULT_LEVEL


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


class Support(BaseModel):
    """Training rows behind each design: of the design itself, and of its rarest edit and pair.

    `edit_count_min` and `pair_count_min` are None for designs with no edit, or no pair.
    `is_extrapolated`: the level of an edit has an effect outside the range that training saw of
    this edit; None for a model that was trained before this was recorded. `genes_seen` of the
    `gene_count` genes of a design stood in training, whatever was done to them, and `pairs_seen`
    of the `pair_count` pairs of them stood in one training design; `pairs_seen` is None for a
    model that was trained before it kept its designs.
    """

    design_count: list[int]
    edit_count_min: list[int | None]
    pair_count_min: list[int | None]
    is_extrapolated: list[bool] | None = None
    gene_count: list[int] | None = None
    genes_seen: list[int] | None = None
    pair_count: list[int] | None = None
    pairs_seen: list[int] | None = None


class ResolvedName(BaseModel):
    """A name of a gene in the request, and the locus of the model that it is."""

    name: str
    locus: str


class ScoreAnswer(BaseModel):
    """The answer: genotypes in canonical text, then one entry a label.

    `model_id` has answered, version `model_version` of `model_name`, however it was called.
    `resolved_names` are those names of the request that the model calls otherwise (None: there
    are none); `genotypes` hold the model's.
    """

    model_id: str
    model_name: str | None = None
    model_version: int | None = None
    vocabulary_sha256: str
    genotypes: list[str]
    labels: list[LabelScores]
    support: Support | None = None
    resolved_names: list[ResolvedName] | None = None
